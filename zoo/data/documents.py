"""Plain texts without classes, for language models."""

import os
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from zoo.columns import Text
from zoo.columns.readers import formats
from zoo.columns.readers.texts import read_text
from zoo.data import layout
from zoo.data.dataset import Dataset, Split
from zoo.data.splits import stratified_indices
from zoo.errors import DataError
from zoo.files import as_path

LAYOUT = "one .txt file; a folder of them; or train.txt, validation.txt and test.txt"
_SHORTEST = 100  # characters of a text that is divided


def load(
    path: str | os.PathLike,
    *,
    seed: int = 0,
    skip_corrupt: bool = False,
    test_fraction: float = 0.2,
    encoding: str = "",
) -> Dataset:
    """Read documents, one per file.

    - One file is divided by position, at ends of lines: the last `test_fraction` of it is held out,
      half of that for validation, the rest for test.
    - Files named train.txt, validation.txt (val, valid, dev) and test.txt are these splits, and so
      are the files in folders of these names.
    - Other files are divided at random, whole files in the same shares.

    Args:
        path: of a file or folder; "~" is expanded.
        seed: of the division of many files.
        skip_corrupt: leave out files that cannot be read and list them in `Dataset.skipped`.
        test_fraction: share of characters (one file) or of files that is held out.
        encoding: such as "cp1252"; "" reads UTF-8, and UTF-16 by its byte order mark.

    Returns:
        text str: a document. No classes.

    Raises:
        DataError: no such file, no text, or too little of it to be divided.
    """
    layout.check_test_fraction(test_fraction, whole=False)
    place = as_path(path)
    if not place.is_dir():
        text = read_text(place, encoding=encoding)
        splits, notes = _cut(place, text, test_fraction=test_fraction)
        return _dataset(place, splits, skipped=(), notes=notes)
    skipped: list[str] | None = [] if skip_corrupt else None
    files, notes = _files(place)
    named = {
        split: _read(paths, place, encoding=encoding, skipped=skipped)
        for split, paths in files.items()
    }
    if len(named) > 1:
        splits, more = layout.with_test(
            named, features={}, classes=(), seed=seed, test_fraction=test_fraction
        )
        if len(splits["train"]) == 1 and "validation" not in splits:
            splits, cut = _with_validation(splits, test_fraction=test_fraction)
            more = [*more, cut]
    else:
        splits, more = _drawn(place, named["train"], seed=seed, test_fraction=test_fraction)
    return _dataset(place, splits, skipped=tuple(skipped or ()), notes=[*notes, *more])


def _dataset(
    place: Path, splits: Mapping[str, Split], *, skipped: Sequence[str], notes: Sequence[str]
) -> Dataset:
    return Dataset(
        name=str(place),
        splits=splits,
        features={"text": Text()},
        classes=(),
        licence="not stated (your own texts)",
        source="folder",
        skipped=tuple(skipped),
        notes=tuple(notes),
    )


def _files(place: Path) -> tuple[dict[str, list[Path]], list[str]]:
    """Return the files of each split ("train" alone where nothing names one), and notes."""
    found = layout.inside(place)
    files = [path for path in found if _is_text(path)]
    named = layout.split_paths(files) if files else layout.split_paths(layout.sub_folders(place))
    if not files:
        used = {split: [p for p in layout.inside(f) if _is_text(p)] for split, f in named.items()}
        empty = [named[split] for split, paths in used.items() if not paths]
        if empty:
            raise DataError(
                f"There are no .txt files in {empty[0]}.",
                expected=LAYOUT,
                fix="add some, or remove the folder",
            )
        parents = set(named.values())
    elif len(named) > 1 and "train" in named:
        used = {split: [path] for split, path in named.items()}
        parents = set(named.values())
    else:
        used, parents = {"train": files}, set(files)
    others = [path.name for path in found if path not in parents]
    return used, [f"Ignored: {layout.listed(others)}."] if others else []


def _is_text(path: Path) -> bool:
    return path.suffix.lower() in formats.TEXTS and not path.is_dir()


def _read(paths: Sequence[Path], place: Path, *, encoding: str, skipped: list[str] | None) -> Split:
    documents, names = [], []
    for path in paths:
        try:
            documents.append(read_text(path, encoding=encoding))
        except DataError:
            if skipped is None:
                raise
            skipped.append(str(path))
            continue
        names.append(path.relative_to(place).as_posix())
    if not documents:
        raise DataError(
            f"No file of {paths[0].parent} can be read.",
            expected="text in UTF-8, or in UTF-16 with its byte order mark",
            fix="name its encoding, such as encoding=cp1252",
        )
    return Split({"text": documents}, names=names)


def _cut(place: Path, text: str, *, test_fraction: float) -> tuple[dict[str, Split], list[str]]:
    """Divide one text into train, validation and test, in this order."""
    parts = _pieces(str(place), text, shares=(1 - test_fraction, 1 - test_fraction / 2))
    note = (
        f"Divided by position: the first {1 - test_fraction:.0%} to learn from, then validation, "
        "then test."
    )
    names = ("train", "validation", "test")
    return {
        name: Split({"text": [part]}, names=[place.name])
        for name, part in zip(names, parts, strict=True)
    }, [note]


def _with_validation(
    splits: Mapping[str, Split], *, test_fraction: float
) -> tuple[dict[str, Split], str]:
    """Cut validation from the end of the one text of train."""
    train = splits["train"]
    pieces = _pieces(train.name_of(0), train.columns["text"][0], shares=(1 - test_fraction / 2,))
    parts = {
        name: Split({"text": [piece]}, names=[train.name_of(0)])
        for name, piece in zip(("train", "validation"), pieces, strict=True)
    }
    note = f"Validation was cut from the end of train: {test_fraction / 2:.0%}."
    return {**parts, "test": splits["test"]}, note


def _pieces(name: str, text: str, *, shares: Sequence[float]) -> list[str]:
    """Divide a text after the given shares of it, at ends of lines."""
    edges = [0]
    for share in shares:
        edges.append(_line_end(text, round(len(text) * share), after=edges[-1]))
    edges.append(len(text))
    pieces = [text[start:end] for start, end in pairwise(edges)]
    if len(text) < _SHORTEST or not all(piece.strip() for piece in pieces):
        raise DataError(
            f"{name} is too short to be divided: {len(text)} characters.",
            expected=f"at least {_SHORTEST} characters, and some in every part",
            fix=f"give more text, or the splits themselves: {LAYOUT}",
        )
    return pieces


def _line_end(text: str, near: int, *, after: int) -> int:
    """Return the place behind the line end, or else the blank, that is nearest to `near`."""
    reach = max(20, len(text) // 50)
    for end in ("\n", " "):
        places = (text.rfind(end, after, near) + 1, text.find(end, near) + 1)
        fitting = [p for p in places if after < p < len(text) and abs(p - near) <= reach]
        if fitting:
            return min(fitting, key=lambda place: abs(place - near))
    return max(near, after + 1)


def _drawn(
    place: Path, documents: Split, *, seed: int, test_fraction: float
) -> tuple[dict[str, Split], list[str]]:
    """Divide whole files at random into train, validation and test."""
    if len(documents) == 1:
        return _cut(place, documents.columns["text"][0], test_fraction=test_fraction)
    if len(documents) == 2:
        raise DataError(
            f"{place} holds 2 texts, which cannot be divided into three splits.",
            expected=LAYOUT,
            fix="name them train.txt and test.txt, or join them into one file",
        )
    shares = (1 - test_fraction, test_fraction / 2, test_fraction / 2)
    parts = stratified_indices(np.zeros(len(documents), int), fractions=shares, seed=seed)
    sizes = "/".join(str(len(part)) for part in parts)
    note = f"Files were divided at random (train/validation/test: {sizes}), seed {seed}."
    names = ("train", "validation", "test")
    return {name: documents.take(part) for name, part in zip(names, parts, strict=True)}, [note]
