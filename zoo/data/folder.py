"""A folder of images, sounds or texts, one sub-folder per class, with or without split folders."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zoo.columns import Column, Group, Label
from zoo.columns.readers import formats
from zoo.data import documents, kinds, layout, table
from zoo.data.dataset import Dataset, Split
from zoo.data.groups import with_groups
from zoo.data.kinds import Kind, Texts, kind_of
from zoo.errors import ArgumentError, DataError
from zoo.files import as_path

LAYOUT = "PATH/CLASS/FILE, or PATH/train/CLASS/FILE with validation/ and test/ beside train/"
_DEFAULTS = {"label_column": "label", "header": "auto"}
_DEFAULTS |= {"text_column": None, "pair_column": None, "split_column": None}
_DEFAULTS |= {"input_columns": (), "absent": "refuse"}


@dataclass(frozen=True)
class _File:
    path: Path
    label: int
    header: Any = None  # see `zoo.data.kinds`


def load(
    path: str | os.PathLike,
    *,
    seed: int = 0,
    skip_corrupt: bool = False,
    test_fraction: float = 0.2,
    group_pattern: str = "",
    text_column: str | None = None,
    pair_column: str | None = None,
    label_column: str | Sequence[str] = "label",
    group_column: str = "",
    split_column: str | None = None,
    file_column: str = "",
    input_columns: Sequence[str] = (),
    absent: str = "refuse",
    target_column: str | Sequence[str] = "",
    weight_column: str = "",
    label_separator: str = "",
    header: bool | str = "auto",
    encoding: str = "",
) -> Dataset:
    """Read your own folder: images, sounds or texts by class, tables, or plain texts.

    - By class: class folders, alone or inside train/, with validation/ (val/, valid/, dev/) and test/.
    - Tables (train.csv, …): see `zoo.data.table`. Plain texts without classes: `zoo.data.documents`.

    Without a test split, validation is used; without both, one is drawn: by class, and by whole groups
    with a `group_pattern`. Sounds are resampled to the most frequent rate.

    Args:
        path, seed: the folder ("~" is expanded), and the seed of a drawn test split.
        skip_corrupt: list unreadable files in `Dataset.skipped`; decodes each file once.
        test_fraction: share drawn for the test split, (0, 1]; 1 leaves no train, to be scored only.
        group_pattern: a regular expression whose first group finds the owner in a file's name:
            "^[^_]+_([^_]+)_" takes jackson from 7_jackson_3.wav; with a "/", in the path below the
            class folder. No group is in two drawn splits.
        text_column: of tables, as is all that names a column. `encoding` is of texts, too.

    Returns:
        image uint8 (H, W, C), audio float32 (samples,) or text str; label, group; or a table's columns.

    Raises:
        DataError, ArgumentError: the message names the file or argument and what to do.
    """
    layout.check_test_fraction(test_fraction)
    root = as_path(path)
    common = {"seed": seed, "skip_corrupt": skip_corrupt, "test_fraction": test_fraction}
    columns = {"text_column": text_column, "pair_column": pair_column, "header": header}
    columns |= {"label_column": label_column, "label_separator": label_separator}
    columns |= {"group_column": group_column, "split_column": split_column}
    columns |= {"file_column": file_column, "target_column": target_column}
    columns |= {"weight_column": weight_column, "input_columns": input_columns, "absent": absent}
    if (what := _what(root, bool(file_column or input_columns))) == "tables":
        _refuse(root, what, group_pattern=group_pattern)
        return table.load(root, encoding=encoding, **columns, **common)
    if what == "plain texts without classes":
        _refuse(root, what, group_pattern=group_pattern, **columns)
        return documents.load(root, encoding=encoding, **common)
    _refuse(root, what, **columns)
    return _by_class(root, group_pattern=group_pattern, encoding=encoding, **common)


def _what(root: Path, named: bool) -> str:
    """Tell what a folder holds: tables, plain texts without classes, or class folders.

    Args:
        root: the folder.
        named: a table names the files in the folders below, so that these are not classes.
    """
    if not root.exists():
        if root.suffix.lower() in (*formats.TABLES, *formats.TEXTS):
            raise DataError(f"There is no file {root}.", fix="check the path")
        raise DataError(f"There is no folder {root}.", expected=LAYOUT, fix="check the path")
    if not root.is_dir():
        raise DataError(
            f"{root} is a file, not a folder.", expected=LAYOUT, fix="give the folder around it"
        )
    folders = layout.sub_folders(root)
    deeper = [folder for above in folders for folder in layout.sub_folders(above)]
    files = [path for folder in folders for path in layout.files_below(folder)]
    suffixes = {path.suffix.lower() for path in files} & set(kinds.SUFFIXES)
    if named and table.has_tables(root):
        return "tables"
    if table.has_tables(root) and not deeper and (not suffixes or len(folders) == 1):
        return "tables"
    beside = {path.suffix.lower() for path in layout.inside(root)}
    if not suffixes and beside & set(Texts.suffixes):
        return "plain texts without classes"
    names = {folder.name.lower() for folder in folders}
    if deeper or "train" not in names or not names <= set(layout.SPLITS):
        return "class folders"
    if suffixes <= set(Texts.suffixes):
        return "plain texts without classes"
    raise DataError(
        f"{root} has {layout.listed(list(names))} with files in them, but no class folders.",
        expected=LAYOUT,
        fix="make one sub-folder per class in each, and move the files there",
    )


def _refuse(root: Path, what: str, **arguments: str | None) -> None:
    for name, value in arguments.items():
        if value != _DEFAULTS.get(name, ""):
            raise ArgumentError(
                f"{name} does not apply to {root}, which holds {what}.",
                fix=f"leave {name} out",
            )


def _by_class(
    root: Path,
    *,
    seed: int,
    skip_corrupt: bool,
    test_fraction: float,
    group_pattern: str,
    encoding: str,
) -> Dataset:
    found, left_alone = _split_folders(root)
    classes = _classes(root, found)
    below = {
        split: [layout.files_below(folder / name) for name in classes]
        for split, folder in found.items()
    }
    paths = [path for by_class in below.values() for paths in by_class for path in paths]
    kind = kind_of(paths, encoding=encoding)
    if encoding and not isinstance(kind, Texts):
        raise ArgumentError(
            f"encoding applies to texts, but {root} holds {kind.word if kind else 'none'}.",
            fix="leave encoding out",
        )
    files, skipped = _gather(found, classes, kind, below, skip_corrupt=skip_corrupt)
    feature, splits, note = _splits(files, root, kind)
    notes = [f"Ignored: {layout.listed(left_alone)}."] if left_alone else []
    notes += _remarks(root, found, classes, kind, paths)
    features = {kind.column: feature, "label": Label()}
    if group_pattern:
        for name, split in splits.items():
            tops = [found[name] / classes[file.label] for file in files[name]]
            inside = [
                file.path.relative_to(top).as_posix()
                for file, top in zip(files[name], tops, strict=True)
            ]
            splits[name] = with_groups(split, group_pattern, below=inside)
        features["group"] = Group()
    splits, drawn = layout.with_test(
        splits, features=features, classes=classes, seed=seed, test_fraction=test_fraction
    )
    return Dataset(
        name=str(root),
        splits=splits,
        features=features,
        classes=classes,
        licence="not stated (your own folder)",
        source="folder",
        skipped=tuple(skipped),
        notes=(*notes, *([note] if note else []), *drawn),
    )


def _split_folders(root: Path) -> tuple[dict[str, Path], list[str]]:
    """Return split name to folder ("train" alone for class folders), and other folders' names."""
    folders = layout.sub_folders(root)
    if not folders:
        raise DataError(
            f"There are no class folders in {root}.",
            expected=LAYOUT,
            fix="make one sub-folder per class and move its files there",
        )
    named = [folder for folder in folders if folder.name.lower() in layout.SPLITS]
    # A folder named "train" that holds images itself, beside others, is a class (of vehicles, say).
    alone = len(named) == len(folders)
    if not any(layout.sub_folders(f) and (alone or not _beside(f, kinds.SUFFIXES)) for f in named):
        return {"train": root}, []
    found = layout.split_paths(named)
    if "train" not in found:
        raise DataError(
            f"{root} has {layout.listed([folder.name for folder in named])}, but no train/.",
            expected=LAYOUT,
            fix=f"add {root / 'train'} with the same class folders",
        )
    return found, [folder.name for folder in folders if folder not in named]


def _classes(root: Path, found: Mapping[str, Path]) -> tuple[str, ...]:
    names = {split: [f.name for f in layout.sub_folders(path)] for split, path in found.items()}
    classes = sorted(set().union(*names.values()))
    for split, folder in found.items():
        missing = sorted(set(classes) - set(names[split]))
        if missing:
            raise DataError(
                f"{folder} lacks the class(es) {layout.listed(missing)}, which another split has.",
                expected="the same class folders in every split",
                fix="add examples of them, or remove these classes from the other splits",
            )
    if len(classes) < 2:
        inner = next(iter(found.values())) / classes[0]
        deeper = len(layout.sub_folders(inner)) > 1
        raise DataError(
            f"{root} has only one class: {classes[0]}.",
            expected="at least two class folders",
            fix=(f"give {inner} if the folders in it are the classes; " if deeper else "")
            + f"add another; the layout is {LAYOUT}",
        )
    for folder in (path / name for path in found.values() for name in classes):
        inner = {layout.SPLITS.get(path.name.lower()) for path in layout.sub_folders(folder)}
        if len(inner - {None}) > 1:
            raise DataError(
                f"{folder} is a class folder that holds folders named after splits.",
                expected=LAYOUT,
                fix=f"put the splits above the classes, such as {root}/train/{folder.name}",
            )
    return tuple(classes)


def _beside(folder: Path, suffixes: Sequence[str]) -> list[Path]:
    """Return the files of these suffixes that are directly in a folder."""
    inside = layout.inside(folder)
    return [p for p in inside if p.suffix.lower() in suffixes and not p.is_dir()]


def _remarks(
    root: Path,
    found: Mapping[str, Path],
    classes: Sequence[str],
    kind: Kind,
    paths: Sequence[Path],
) -> list[str]:
    """Name the files that were left out, and those taken from below the class folders."""
    tops = {folder / name for folder in found.values() for name in classes}
    odd = [path for path in paths if path.suffix.lower() not in kind.suffixes]
    stray = [path for f in {root, *found.values()} for path in _beside(f, kind.suffixes)]
    parents = [path.parent for path in paths if path.suffix.lower() in kind.suffixes]
    deep = [parent for parent in parents if parent not in tops]

    def named(chosen: Iterable[Path]) -> str:
        return layout.listed([path.relative_to(root).as_posix() for path in chosen])

    notes = []
    if odd:
        notes.append(f"{len(odd)} file(s) that are not {kind.word} were left out: {named(odd)}.")
    if stray:
        notes.append(
            f"{len(stray)} file(s) outside the class folders were left out: {named(stray)}."
        )
    if deep:
        where = named(set(deep))
        notes.append(f"{len(deep)} {kind.word} are in folders below their class: {where}.")
    inner = {top: {path.name for path in layout.sub_folders(top)} for top in tops}
    first = inner[min(tops)]
    if len(first) > 1 and all(
        i == first and not _beside(t, kind.suffixes) for t, i in inner.items()
    ):
        notes.append(
            f"Every class holds the same folders ({layout.listed(list(first))}). If these are the "
            "classes, name the folders above them train, validation and test."
        )
    return notes


def _gather(
    found: Mapping[str, Path],
    classes: Sequence[str],
    kind: Kind | None,
    below: Mapping[str, Sequence[Sequence[Path]]],
    *,
    skip_corrupt: bool,
) -> tuple[dict[str, list[_File]], list[str]]:
    """Return the readable files by split, and what was skipped.

    Args:
        below: split to the files of each class.
    """
    files: dict[str, list[_File]] = {}
    skipped: list[str] = []
    for split, folder in found.items():
        listed = _files(folder, classes, kind, below[split])
        files[split] = _with_headers(listed, kind, skipped if skip_corrupt else None)
        _require_classes(files[split], classes, folder)
    return files, skipped


def _files(
    folder: Path, classes: Sequence[str], kind: Kind | None, below: Sequence[Sequence[Path]]
) -> list[_File]:
    """Return the files of one split that are of the right kind."""
    suffixes = kind.suffixes if kind else kinds.SUFFIXES
    word = kind.word if kind else "images, sounds or texts"
    files = []
    for label, (name, paths) in enumerate(zip(classes, below, strict=True)):
        ours = [path for path in paths if path.suffix.lower() in suffixes]
        files += [_File(path, label) for path in ours]
        if not ours:
            names = [path.name for path in layout.inside(folder / name)]
            raise DataError(
                f"There are no {word} in {folder / name}"
                + (f", only {layout.listed(names)}." if names else "; it is empty."),
                expected=f"files that end in {', '.join(suffixes)}, there or in folders below",
                fix="add or convert files, or remove the folder",
            )
    return files


def _with_headers(files: Sequence[_File], kind: Kind, skipped: list[str] | None) -> list[_File]:
    """Read every header; with a list for `skipped`, decode all and leave out what fails."""
    whole = []
    for file in files:
        try:
            header = kind.header(file.path, whole=skipped is not None)
        except DataError as error:
            if skipped is None:
                raise _with_hint(error) from error
            skipped.append(str(file.path))
            continue
        whole.append(_File(file.path, file.label, header))
    return whole


def _require_classes(files: Sequence[_File], classes: Sequence[str], folder: Path) -> None:
    counts = Counter(file.label for file in files)
    for label, name in enumerate(classes):
        if not counts[label]:
            raise DataError(
                f"No file in {folder / name} can be read.", fix="replace them, or remove the class"
            )


def _splits(
    files: Mapping[str, Sequence[_File]], root: Path, kind: Kind
) -> tuple[Column, dict[str, Split], str]:
    """Return the type of the column, the splits, and a note on the files."""
    headers = [file.header for members in files.values() for file in members]
    feature = kind.feature(headers)
    size = kind.size_bytes(headers, feature)
    in_memory = size is not None and size <= kinds.ARRAY_LIMIT_BYTES
    splits = {}
    for name, members in files.items():
        paths = [file.path for file in members]
        try:
            column, decode = kind.values(
                paths, [file.header for file in members], feature, in_memory=in_memory
            )
        except DataError as error:
            raise _with_hint(error) from error
        splits[name] = Split(
            {kind.column: column, "label": np.array([f.label for f in members], dtype="int64")},
            decode={kind.column: decode} if decode else None,
            names=[path.relative_to(root).as_posix() for path in paths],
        )
    return feature, splits, kind.note(headers, feature)


def _with_hint(error: DataError) -> DataError:
    fix = f"{error.fix}; --skip-corrupt (skip_corrupt=True) leaves such files out"
    return DataError(error.problem, expected=error.expected, fix=fix)
