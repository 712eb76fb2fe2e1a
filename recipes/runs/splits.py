"""The examples that a run was trained, validated and tested on, recorded to find them again.

A run keeps the names of its examples and a hash of each. A data set that is loaded later may be split
differently, because a file was added or removed. The run's own test split is then assembled from the
examples, in whichever split they are now. Where the source gives no names, one hash is kept
for a whole split. Beside them stands whether files or rows that cannot be used were left out.
"""

import contextlib
import gzip
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from recipes.objects import make_dataset, undivided_dataset
from recipes.runs.base import TrainedModel
from zoo import registry
from zoo.catalog.classes import class_ids
from zoo.data.dataset import Dataset, Split, file_bytes, joined
from zoo.data.layout import DRAWN, WHOLE, listed
from zoo.errors import ArgumentError, DataError, RunError, check_format, command, nearest
from zoo.files import write_bytes

METRICS, SPLITS, FORMAT = "metrics.json", "splits.json.gz", 1
_HASH_DIGITS = 16
_SIZE_LIMIT_BYTES = 1_000_000_000


@dataclass(frozen=True)
class Examples:
    """What a run is evaluated on.

    Attributes:
        split: the examples.
        as_trained: they are the run's own test split.
        notes: what a reader of the result must know.
        train: beside them; None where their groups are not those of training.
        noun: plural name of the groups.
    """

    split: Split
    as_trained: bool
    notes: tuple[str, ...] = ()
    train: Split | None = None
    noun: str = ""


def write_splits(folder: Path, dataset: Dataset) -> None:
    """Keep the names and hashes of a run's examples, unless they are kept already."""
    if (folder / SPLITS).exists():
        return
    splits = {}
    for name, split in dataset.splits.items():
        splits[name] = {"examples": len(split)} | (
            {"sha256": _hash_of_all(split)}
            if split.names is None
            else {
                "names": list(map(str, split.names)),
                "hashes": "".join(example_hashes(dataset, split)),
            }
        )
    kept = {"format": FORMAT, "skip_corrupt": bool(dataset.skipped), "splits": splits}
    write_bytes(folder / SPLITS, gzip.compress(json.dumps(kept).encode(), mtime=0))


def skips_corrupt(folder: Path | None) -> bool:
    """Tell whether a run, begun or finished, leaves out what cannot be used; its folder may be free."""
    if folder is None:
        return False
    for path, opened in ((folder / METRICS, open), (folder / SPLITS, gzip.open)):
        with (
            contextlib.suppress(OSError, EOFError, ValueError, AttributeError),
            opened(path) as stream,
        ):
            if json.loads(stream.read(_SIZE_LIMIT_BYTES)).get("skip_corrupt"):
                return True
    return False


def skip_flag(run: Path | Sequence[str]) -> tuple[str, ...]:
    """Return what a command needs to read data as a run did.

    Args:
        run: its folder, or what its data set had to skip.
    """
    skips = skips_corrupt(run) if isinstance(run, Path) else run
    return ("--skip-corrupt",) if skips else ()


def example_hashes(dataset: Dataset, split: Split) -> list[str]:
    """Return a hash of each example: of its file where it is one, and of its columns otherwise."""
    root = Path(dataset.name)
    is_file = dataset.source == "folder" and split.names and (root / split.names[0]).is_file()
    found = []
    for i in range(len(split)):
        digest = hashlib.sha256()
        for name in sorted(split.columns):
            value = split.columns[name][i]
            if is_file and name not in ("label", "group"):  # other files decide how one is decoded
                value = root / split.names[i]
            digest.update(name.encode() + b"\0" + column_bytes(value))
        found.append(digest.hexdigest()[:_HASH_DIGITS])
    return found


def examples_to_score(run: TrainedModel, *, data: str | None, data_dir: str | None) -> Examples:
    """Return the run's own test split, or that of other data.

    Args:
        run: to be evaluated.
        data: a folder, a table, or a data set's name; None for that of the run.
        data_dir: folder of TFDS data.

    Raises:
        RunError: examples of the run's test split are missing or were changed, or the other data has
            other classes or columns.
    """
    if data is None and run.name in registry.pretrained_cards():
        raise DataError(
            f"The data that {run.name} was trained on is not at hand.",
            expected="pictures of your own, in a folder for each class",
            fix=command("zoo", "evaluate", run.name, "--data", "FOLDER"),
        )
    recipe = run.recipe.with_values({"data.name": str(data)}) if data is not None else run.recipe
    recipe = recipe.with_values({"data.max_examples": None})
    where = {"data_dir": data_dir, "skip_corrupt": bool(run.metrics.get("skip_corrupt"))}
    try:
        dataset = make_dataset(recipe, **where)
    except DataError as error:
        if data is None:
            raise
        dataset = _undivided(recipe, error, **where)  # it may have too few examples to be divided
    dataset = _aligned(run, dataset)
    _check_classes(run, dataset)
    limit = run.recipe.data.max_examples
    as_run = dataset.limited(limit) if limit else dataset
    if as_run.fingerprint == run.fingerprint:
        group, splits = dataset.features.get("group"), as_run.splits
        noun = group.plural if group else ""
        return Examples(splits["test"], True, train=splits["train"], noun=noun)
    kept = _read(run)
    own = _own_test_split(kept, dataset, as_run)
    if own is not None:
        moved = [f"{data} holds the run's own test examples."] if data else []
        return Examples(own, True, (*moved, *_added(kept, dataset, limit)))
    if data is None:
        return _changed(run, kept, dataset, as_run)
    if recipe.data.folds:  # they divide the run's own data
        dataset = _aligned(run, undivided_dataset(recipe, **where))
    return _other(run, kept, dataset)


def splits_of(
    run: TrainedModel,
    *,
    data: str | None = None,
    data_dir: str | None = None,
    fix: str = "put it back, or train again",
) -> Mapping[str, Split]:
    """Return train, validation and test of a run, as they were in training.

    Args:
        run: one trained model.
        data: where its data is now; None takes the original place.
        data_dir: folder of TFDS data.
        fix: what to do where the data has changed.

    Raises:
        RunError: the data has changed, so that it would be divided in another way.
        DataError: it is not at hand.
    """
    if run.name in registry.pretrained_cards():
        raise RunError(
            f"The data that {run.name} was trained on is not at hand.",
            expected="a run, or a weight that ships with kerazoo",
            fix="train on your own data first: "
            + command("zoo", "finetune", run.name, "--data", "FOLDER"),
        )
    recipe = run.recipe if data is None else run.recipe.with_values({"data.name": data})
    skip_corrupt = bool(run.metrics.get("skip_corrupt"))
    dataset = make_dataset(recipe, data_dir=data_dir, skip_corrupt=skip_corrupt)
    if dataset.fingerprint != run.fingerprint:
        raise RunError(
            f"The data of {run.name} has changed since it was trained, so its splits are not known.",
            expected="the data as it was",
            fix=fix,
        )
    return dataset.splits


def _undivided(recipe: Any, error: DataError, **where: Any) -> Dataset:
    """Load other data as it is; where it must be divided, what hinders that is the error."""
    try:
        return undivided_dataset(recipe, **where)
    except ArgumentError:
        raise error from None


def _read(run: TrainedModel) -> dict[str, Any]:
    """Return what was kept by split; empty for shipped weights and runs of 0.1.0."""
    if run.path is None or not (run.path / SPLITS).exists():
        return {}
    path = run.path / SPLITS
    try:
        with gzip.open(path) as stream:
            values = json.loads(stream.read(_SIZE_LIMIT_BYTES))
        check_format(str(path), values["format"], known=FORMAT)
        for entry in values["splits"].values():
            names, hashes = entry.get("names", []), entry.get("hashes", "")
            if len(hashes) != _HASH_DIGITS * len(names) or entry["examples"] < 0:
                raise ValueError("names and hashes are not of the same examples")
        return values["splits"]
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunError(
            f"{path} cannot be read: {error}",
            expected="a file that `zoo train` wrote",
            fix="copy the whole folder again, or train again",
        ) from error


def _own_test_split(kept: Mapping[str, Any], dataset: Dataset, as_run: Dataset) -> Split | None:
    """Return the run's test split in its order, if all of it is there."""
    test = kept.get("test")
    if not test:
        return None
    if "names" not in test:
        split = as_run.splits["test"]
        return split if _hash_of_all(split) == test["sha256"] else None
    places = _places(dataset)
    found = [_place(places, *pair) for pair in _pairs(test)]
    return None if None in found else joined(dataset.splits.values()).take(found)


def _places(dataset: Dataset) -> dict[str, dict[str, int]]:
    """Return position by name by hash of all examples, counted through the splits."""
    places: dict[str, dict[str, int]] = {}
    position = 0
    for split in dataset.splits.values():
        for i, digest in enumerate(example_hashes(dataset, split)):
            places.setdefault(digest, {})[split.name_of(i)] = position
            position += 1
    return places


def _place(places: Mapping[str, Mapping[str, int]], name: str, digest: str) -> int | None:
    """Return where an example is, under its own name or, where a row or file moved, another."""
    named = places.get(digest, {})
    return named.get(name, next(iter(named.values()), None))


def _pairs(entry: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return name and hash of each example of a split that was kept."""
    hashes, size = entry["hashes"], _HASH_DIGITS
    return [(name, hashes[i * size : (i + 1) * size]) for i, name in enumerate(entry["names"])]


def _added(kept: Mapping[str, Any], dataset: Dataset, limit: int | None) -> list[str]:
    """Say how many examples are new to the run; unknown where it used only some of its data."""
    now = sum(len(split) for split in dataset.splits.values())
    added = now - sum(entry["examples"] for entry in kept.values())
    if limit or added <= 0:
        return []
    return [f"{added:,} example(s) that were added after training are left out."]


def _changed(
    run: TrainedModel, kept: Mapping[str, Any], dataset: Dataset, as_run: Dataset
) -> Examples:
    """Refuse a test split with missing examples, where that can be known."""
    if "names" not in kept.get("test", {}):
        note = f"{run.recipe.data.name} has changed since {run.name} was trained on it."
        return Examples(as_run.splits["test"], False, (note,), train=as_run.splits["train"])
    places, pairs = _places(dataset), _pairs(kept["test"])
    gone = [name for name, digest in pairs if _place(places, name, digest) is None]
    raise RunError(
        f"{len(gone)} of the {len(pairs)} test examples of {run.name} are missing or were changed: "
        f"{listed(gone)}.",
        expected=f"{run.recipe.data.name} with the examples that the run was tested on",
        fix="put them back; or score what is there now, as other data: "
        + command("zoo", "evaluate", run.name, "--data", run.recipe.data.name),
    )


def _other(run: TrainedModel, kept: Mapping[str, Any], dataset: Dataset) -> Examples:
    """Return the test split of other data, or all of it where it has none of its own."""
    drawn = any(note.startswith((DRAWN, WHOLE)) for note in dataset.notes)
    split = joined(dataset.splits.values()) if drawn else dataset.splits["test"]
    what = "all of its examples, as it has no test split" if drawn else "its test split"
    notes = [f"{dataset.name} is not the data that {run.name} was trained on; scored on {what}."]
    train = kept.get("train", {})
    if "names" in train:
        seen = {digest for _, digest in _pairs(train)}
        known = sum(digest in seen for digest in example_hashes(dataset, split))
        if known:
            notes.append(f"{known:,} of these {len(split):,} examples were trained on.")
    else:
        notes.append("Whether some of these examples were trained on is not known.")
    changes = {}
    for name, column in run.assets.x.items():
        source = column.source or name
        if source in dataset.features and (change := column.from_other(dataset.features[source])):
            changes[source] = change
    return Examples(split.changed(changes), False, tuple(notes))


def _aligned(run: TrainedModel, dataset: Dataset) -> Dataset:
    """Return data with the classes of the run in its order, where its own names stand for them.

    Folders of ImageNet are named after WordNet ids or positions, and may hold some of the classes.
    Other data has all of them, maybe in another order.
    """
    published, known = registry.pretrained_cards().get(run.name), run.assets.classes
    if not dataset.classes or dataset.classes == known:
        return dataset
    places = {name: position for position, name in enumerate(known)}
    if published is not None:
        numbers = {str(position): position for position in range(len(known))}
        ids = {name: position for position, name in enumerate(class_ids(published.classes))}
        places = numbers | ids | places
    elif set(dataset.classes) != set(known):
        return dataset
    if not set(dataset.classes) <= set(places):
        return dataset
    order = np.array([places[name] for name in dataset.classes])
    splits = {
        name: Split(
            split.columns | {"label": order[split.labels]}, decode=split.decode, names=split.names
        )
        for name, split in dataset.splits.items()
    }
    return replace(dataset, splits=splits, classes=known, _memo={})


def _check_classes(run: TrainedModel, dataset: Dataset) -> None:
    if not run.assets.label:
        return  # it does not predict them
    known = run.assets.classes
    strange = [name for name in dataset.classes if name not in known] if known else []
    if strange and len(strange) < len(dataset.classes):  # most of them are known
        near = ", ".join(nearest(strange[0], known)) or listed(known)
        raise RunError(
            f"{dataset.name} does not have the classes that {run.name} was trained on; it adds "
            f"{listed(strange)}.",
            expected=f"nearest to {strange[0]}: {near}",
            fix="correct these labels or leave their examples out, or train again with them",
        )
    if dataset.classes != known:
        raise RunError(
            f"{dataset.name} does not have the classes that {run.name} was trained on: "
            f"{listed(dataset.classes) or 'none'}.",
            expected=listed(known) or "data without classes",
            fix="give data with these classes, or train again",
        )


def column_bytes(value: Any) -> bytes:
    """Return the bytes of a value as a column holds it; of a path, those of its file."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, Path):
        return file_bytes(value)
    if isinstance(value, np.ndarray | np.generic):
        return f"{value.dtype}{value.shape}".encode() + value.tobytes()
    return str(value).encode()


def _hash_of_all(split: Split) -> str:
    """Return the SHA-256 of a split's columns, 64 hex digits."""
    digest = hashlib.sha256()
    for name in sorted(split.columns):
        column = split.columns[name]
        digest.update(f"{name}:{len(column)}".encode())
        for value in [column] if isinstance(column, np.ndarray) else column:
            raw = column_bytes(value)
            digest.update(len(raw).to_bytes(8, "little") + raw)
    return digest.hexdigest()
