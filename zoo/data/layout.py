"""The layout of users' data sets: names of splits, folders, and a drawn test split."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from zoo.columns import Column
from zoo.data.dataset import Split
from zoo.data.label_sets import held_labels, label_set_indices
from zoo.data.splits import grouped_indices, stratified_indices
from zoo.errors import ArgumentError, DataError

SPLITS = {  # what folders and files are called, in lower case
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}
_SYSTEM = {  # what systems and programs leave in folders, in lower case
    "__macosx",
    "__pycache__",
    "$recycle.bin",
    "@eadir",
    "desktop.ini",
    "ehthumbs.db",
    "icon\r",
    "lost+found",
    "system volume information",
    "thumbs.db",
}
DRAWN = "The test split was drawn"  # how the note of such a data set begins
WHOLE = "There is no test split; all examples serve as one."
_LISTED = 8  # names shown in a message


def split_paths(paths: Sequence[Path]) -> dict[str, Path]:
    """Return the folders or files that are named after a split: train, validation, test.

    Raises:
        DataError: two of them are the same split.

    >>> split_paths([Path("Train.csv"), Path("dev.csv"), Path("notes.csv")])["validation"].name
    'dev.csv'
    """
    found: dict[str, Path] = {}
    for path in paths:
        name = SPLITS.get((path.name if path.is_dir() else path.stem).lower())
        if name in found:
            raise DataError(
                f"{found[name]} and {path} are both the {name} split.",
                fix="join the two, or rename one",
            )
        if name:
            found[name] = path
    return {name: found[name] for name in ("train", "validation", "test") if name in found}


def check_test_fraction(test_fraction: float, *, whole: bool = True) -> None:
    """Raise ArgumentError unless this is a share above 0, and 1 at most, or below 1 without `whole`."""
    is_number = isinstance(test_fraction, int | float) and not isinstance(test_fraction, bool)
    if not is_number or not 0 < test_fraction <= 1 or (test_fraction == 1 and not whole):
        raise ArgumentError(
            f"test_fraction={test_fraction!r} is out of range.",
            expected="a share between 0 and 1",
            fix="test_fraction=0.2 is usual" + ("; 1 leaves nothing to train on" if whole else ""),
        )


def with_test(
    splits: dict[str, Split],
    *,
    features: Mapping[str, Column],
    classes: Sequence[str],
    seed: int,
    test_fraction: float,
) -> tuple[dict[str, Split], list[str]]:
    """Return splits that include a test split, and notes on how it was made.

    Validation serves where there is any. Otherwise a part of train is drawn: stratified by class
    or by each of several labels, and by whole groups where the examples have a column "group". A
    fraction of 1 takes all of it, so that there is no train.

    Raises:
        DataError: too few examples or groups of a class.
    """
    if "test" in splits:
        return splits, []
    if "validation" in splits:
        renamed = {"train": splits["train"], "test": splits["validation"]}
        return renamed, ["There is no test split; validation is used as the test split."]
    if test_fraction == 1:
        return {"test": splits["train"]}, [WHOLE]
    train, shares = splits["train"], (1 - test_fraction, test_fraction)
    labels = train.labels if classes else np.zeros(len(train), dtype="int64")
    names = classes or ("documents",)
    if "group" in train.columns:
        groups = train.columns["group"]
        parts = grouped_indices(labels, groups, fractions=shares, seed=seed, classes=names)
        held = len(set(np.asarray(groups)[parts[1]]))
        how = f"{held} of {len(set(groups))} groups, {len(parts[1])} examples"
    elif not classes and (held := held_labels(train, features)) is not None:
        parts = label_set_indices(held, fractions=shares, seed=seed)
        how = f"stratified by label, {test_fraction:.0%}"
    else:
        parts = stratified_indices(labels, fractions=shares, seed=seed, classes=names)
        how = f"{'stratified, ' if classes else ''}{test_fraction:.0%}"
    note = f"{DRAWN}: {how}, seed {seed}."
    return {"train": train.take(parts[0]), "test": train.take(parts[1])}, [note]


def inside(folder: Path) -> list[Path]:
    """Return what is in a folder, sorted, without hidden files and those of systems.

    Raises:
        DataError: the folder cannot be listed.
    """
    try:
        return sorted(path for path in folder.iterdir() if not _is_hidden(path.name))
    except OSError as error:
        raise _not_listed(error, folder) from error


def files_below(folder: Path) -> list[Path]:
    """Return the files in a folder and in the folders inside it, sorted by path.

    Hidden files and folders, and those of systems, are left out. Links to folders are followed; a
    folder that two of them lead to is listed once.

    Raises:
        DataError: a folder cannot be listed.
    """

    def fail(error: OSError) -> None:
        raise _not_listed(error, error.filename) from error

    found, seen = [], set()
    for above, folders, files in os.walk(folder, onerror=fail, followlinks=True):
        real = os.path.realpath(above)
        folders[:] = [] if real in seen else sorted(n for n in folders if not _is_hidden(n))
        if real not in seen:
            found += [Path(above, name) for name in files if not _is_hidden(name)]
        seen.add(real)
    return sorted(found)


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name.lower() in _SYSTEM


def _not_listed(error: OSError, folder: Path | str) -> DataError:
    return DataError(f"{folder} cannot be listed ({error.strerror}).", fix="check its permissions")


def sub_folders(folder: Path) -> list[Path]:
    """Return the folders in a folder, sorted."""
    return [path for path in inside(folder) if path.is_dir()]


def listed(names: Sequence[str]) -> str:
    """Return sorted names for a message, the first few where there are many.

    >>> listed([f"class_{i}" for i in range(10)])
    'class_0, class_1, class_2, class_3, class_4, class_5, class_6, class_7 and 2 more'
    """
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(sorted(names)[:_LISTED]) + more
