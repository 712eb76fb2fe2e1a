"""Data sets of the Hugging Face Hub, through their library: `hf:USER/NAME/CONFIG@REVISION`."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from zoo.data import layout
from zoo.data.cells import columns_of
from zoo.data.dataset import Dataset
from zoo.data.headers import Table
from zoo.data.table import dataset_of
from zoo.errors import ArgumentError, DataError, MachineError
from zoo.ownership import install_command

PREFIX = "hf:"

_HASH = re.compile(r"[0-9a-f]{7,40}")
_NAMES = {"text": "text_column", "file": "file_column", "label": "label_column"}
_USUAL = {"text": ("text",), "file": ("image", "audio"), "label": ("label",)}


def load(
    name: str,
    *,
    seed: int = 0,
    download: bool = False,
    skip_corrupt: bool = False,
    test_fraction: float = 0.2,
    text_column: str | None = None,
    pair_column: str = "",
    label_column: str | Sequence[str] | None = None,
    group_column: str = "",
    file_column: str | None = None,
    target_column: str | Sequence[str] = "",
    weight_column: str = "",
    label_separator: str = "",
) -> Dataset:
    """Read a data set of the Hub that is in its cache, or download it. No code of others is run.

    Columns are found by type: Image or Audio, otherwise text; ClassLabel, or a column called label.
    A split without labels is left out. A folder that `save_to_disk` wrote is `hf:./FOLDER`.

    Args:
        name: "hf:NAME", "hf:USER/NAME" or "hf:USER/NAME/CONFIG", each also with "@REVISION".
        download: fetch it if it is not in the cache.
        seed, skip_corrupt, test_fraction: as `zoo.data.table.load`.
        text_column, label_column, file_column: None finds them; "" for none.
        pair_column, group_column, target_column, weight_column, label_separator: as
            `zoo.data.table.load`.

    Raises:
        MachineError, ArgumentError: the library is not installed; the name is not of that form.
        DataError: it is not in the cache, cannot be fetched, or holds something else.
    """
    layout.check_test_fraction(test_fraction)
    splits, version = _opened(name, download=download)
    files, notes = _files(name, splits)
    asked = {"text": text_column, "label": label_column, "file": file_column}
    found = _columns(name, splits[files["train"]].features, asked)
    if target_column and label_column is None:
        found["label"] = "label"  # which a target replaces
    text = "" if found["file"] and text_column is None else found["text"]
    inputs, others = (text, found["file"]), (group_column, "", weight_column)
    columns = columns_of(
        inputs, found["label"], label_separator, target_column, others, pair=pair_column
    )
    files, bare = _labelled(files, splits, columns.label)
    return dataset_of(
        Path(name),
        {split: Path(name, own) for split, own in files.items()},
        {split: _table(splits[own], columns.wanted.values()) for split, own in files.items()},
        columns,
        notes=[*notes, *bare, *([f"From the Hugging Face Hub: {version}."] if version else [])],
        seed=seed,
        skip_corrupt=skip_corrupt,
        test_fraction=test_fraction,
        source="hub",
        licence=splits[files["train"]].info.license or "not stated",
    )


def parsed(name: str) -> tuple[str, str | None, str | None]:
    """Return the repository, the configuration and the revision that a name says.

    Raises:
        ArgumentError: the name is not of that form.

    >>> parsed("hf:ann/reviews/short@0f3a9b1"), parsed("hf:imdb")
    (('ann/reviews', 'short', '0f3a9b1'), ('imdb', None, None))
    """
    whole, _, revision = name.removeprefix(PREFIX).partition("@")
    parts = whole.split("/")
    if not 1 <= len(parts) <= 3 or not all(parts) or (name.endswith("@")):
        raise ArgumentError(
            f"{name} is not the name of a data set on the Hub.",
            expected="hf:USER/NAME, hf:USER/NAME/CONFIG, and @REVISION after either",
            fix="correct the name; huggingface.co/datasets lists them",
        )
    return "/".join(parts[:2]), parts[2] if len(parts) == 3 else None, revision or None


def _opened(name: str, *, download: bool) -> tuple[Mapping[str, Any], str]:
    """Return the splits of a set by their own names, and which version it is where that is known."""
    try:
        import datasets
    except ImportError as error:
        raise MachineError(
            f"{name} needs the library datasets, which is not installed.",
            fix=install_command("hf"),
        ) from error
    place = name.removeprefix(PREFIX)
    if place.startswith((".", "/", "~")):
        return _saved(Path(place).expanduser()), ""
    repository, config, revision = parsed(name)
    if not download and revision and not _HASH.fullmatch(revision):
        raise DataError(
            f"{name} names the revision {revision}, which may have moved since it was downloaded.",
            expected="the hash of a commit, or no revision, where nothing is downloaded",
            fix="add --download (download=True), or give the hash",
        )
    if Path(repository).exists():
        raise DataError(
            f"There is a folder {repository} here, which the library would read in place of the Hub's.",
            fix="run the command in another folder",
        )
    offline = datasets.config.HF_HUB_OFFLINE
    bars = datasets.utils.logging.is_progress_bar_enabled()
    try:
        datasets.config.HF_HUB_OFFLINE = offline or not download
        if not download:
            datasets.disable_progress_bars()
        found = datasets.load_dataset(repository, config, revision=revision)
    except (OSError, ValueError, RuntimeError) as error:  # of the network, a name, an old script
        raise _unavailable(name, error, download=download) from error
    finally:
        datasets.config.HF_HUB_OFFLINE = offline
        if bars:
            datasets.enable_progress_bars()
    version = _version(found)
    if revision and _HASH.fullmatch(revision) and not version.startswith(revision):
        raise DataError(
            f"The cache holds {repository} at {version or 'an unknown revision'}, not at {revision}.",
            fix="add --download (download=True) to fetch that revision",
        )
    return found, f"{repository} at {version}" if version else repository


def _saved(folder: Path) -> Mapping[str, Any]:
    """Return what `save_to_disk` wrote; one split alone is train."""
    import datasets

    try:
        found = datasets.load_from_disk(str(folder))
    except (OSError, ValueError) as error:
        raise DataError(
            f"{folder} is not a data set that can be read ({_first_line(error)}).",
            expected="a folder that Dataset.save_to_disk wrote",
            fix="check the path; tables and folders by class need no hf: before them",
        ) from error
    return found if isinstance(found, Mapping) else {"train": found}


def _version(splits: Mapping[str, Any]) -> str:
    """Return the hash of the commit, as the folder of the cache is called; empty where it is not one."""
    names = {
        Path(file["filename"]).parent.name
        for split in splits.values()
        for file in split.cache_files
    }
    return names.pop() if len(names) == 1 and all(map(_HASH.fullmatch, names)) else ""


def _unavailable(name: str, error: Exception, *, download: bool) -> DataError:
    told = _first_line(error)
    if not download:
        return DataError(
            f"{name} is not in the cache of the Hub on this machine ({told}).",
            fix="add --download (download=True) to fetch it; check the name at "
            "huggingface.co/datasets",
        )
    return DataError(
        f"{name} cannot be fetched from the Hub ({told}).",
        expected="a public set without a script of its own, and a network",
        fix="check the name and the network; a set that needs an account: hf auth login",
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:160].rstrip(".")


def _files(name: str, splits: Mapping[str, Any]) -> tuple[dict[str, str], list[str]]:
    """Return our name of each split that is used to its own, and a note on the others."""
    files: dict[str, str] = {}
    for own in splits:
        ours = layout.SPLITS.get(own.lower())
        if ours and ours not in files:
            files[ours] = own
    if "train" not in files:
        raise DataError(
            f"{name} has no split called train, only {layout.listed(list(splits))}.",
            expected="a split to learn from",
            fix="save one with that name as Parquet, and give the file",
        )
    order = [split for split in ("train", "validation", "test") if split in files]
    others = [own for own in splits if own not in files.values()]
    notes = [f"Splits that are not used: {layout.listed(others)}."] if others else []
    return {split: files[split] for split in order}, notes


def _columns(name: str, features: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the column of texts, files and labels: as asked for, or found by type."""
    import datasets

    def of(*types: type) -> list[str]:
        return [key for key, feature in features.items() if isinstance(feature, types)]

    texts = [key for key in of(datasets.Value) if "string" in features[key].dtype]
    kinds = {"file": of(datasets.Image, datasets.Audio), "label": of(datasets.ClassLabel)}
    if not kinds["label"] and "label" in features:
        kinds["label"] = ["label"]
    found = {}
    for ours in ("file", "text", "label"):
        if asked[ours] is not None:
            found[ours] = asked[ours]
        else:
            found[ours] = _only(name, ours, kinds[ours], features)
        kinds["text"] = [] if found["file"] else texts
    if not found["file"] and not found["text"]:
        raise DataError(
            f"{name} has no column of images, sounds or texts: {_listed(features)}.",
            fix="choose another data set",
        )
    return found


def _only(name: str, ours: str, columns: Sequence[str], features: Mapping[str, Any]) -> str:
    usual = [key for key in columns if key.lower() in _USUAL[ours]]
    if len(columns) > 1 and len(usual) != 1:
        raise DataError(
            f"{name} has several columns that may be the {ours}: {', '.join(columns)}.",
            expected=f"the name of one of its columns: {_listed(features)}",
            fix=f"set {_NAMES[ours]}={columns[0]} (in a recipe: data.arguments.{_NAMES[ours]})",
        )
    return (usual or [*columns, ""])[0]


def _listed(features: Mapping[str, Any]) -> str:
    told = [
        f"{key} ({getattr(feature, 'dtype', None) or type(feature).__name__})"
        for key, feature in features.items()
    ]
    return ", ".join(told[:8]) + (" …" if len(told) > 8 else "")


def _table(split: Any, wanted: Collection[str]) -> Table:
    """Return a split as a table: files as bytes or paths, labels by their names."""
    import datasets

    features, columns = split.features, tuple(split.column_names)
    used = [name for name in columns if name in wanted]
    split = split.select_columns(used)
    for name in used:
        if isinstance(features[name], datasets.Image | datasets.Audio):
            split = split.cast_column(name, type(features[name])(decode=False))
    named = {
        name: features[name].names
        for name in used
        if isinstance(features[name], datasets.ClassLabel)
    }

    def rows() -> Iterator[tuple[str, Mapping[str, Any]]]:
        for number, row in enumerate(split, 1):
            labels = {
                name: None if row[name] is None or row[name] < 0 else names[row[name]]
                for name, names in named.items()
            }
            yield f"row {number}", row | labels

    return Table(columns, rows())


def _labelled(
    files: Mapping[str, str], splits: Mapping[str, Any], column: str
) -> tuple[dict[str, str], list[str]]:
    """Leave out splits without labels, or of -1 alone, as in contests; return notes on them."""
    import datasets

    def is_bare(split: Any) -> bool:
        if column not in split.column_names:
            return True
        single = isinstance(split.features[column], datasets.ClassLabel | datasets.Value)
        return single and all(label in (None, -1) for label in split.unique(column))

    bare = [
        ours for ours, own in files.items() if column and ours != "train" and is_bare(splits[own])
    ]
    notes = [f"The split {files[ours]} has no labels and is not used." for ours in bare]
    return {ours: own for ours, own in files.items() if ours not in bare}, notes
