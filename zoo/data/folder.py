"""A folder of images, one sub-folder a class, with or without split folders above."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from zoo.data.dataset import Dataset, Feature, Split
from zoo.data.images import SUFFIXES, image_shape, read_image
from zoo.data.splits import stratified_indices
from zoo.errors import ArgumentError, DataError

ARRAY_LIMIT_BYTES = 1_000_000_000  # decoded images of one shape are kept in memory up to this
LAYOUT = "PATH/CLASS/*.png, or PATH/train/CLASS/*.png with validation/ and test/ beside train/"

_SPLITS = {
    "train": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "test": "test",
}
_LISTED = 8  # names shown in a message


@dataclass(frozen=True)
class _File:
    path: Path
    label: int
    shape: tuple[int, ...] = ()  # (H, W, C), once the header was read


def load(
    path: str | os.PathLike,
    *,
    seed: int = 0,
    skip_corrupt: bool = False,
    test_fraction: float = 0.2,
) -> Dataset:
    """Read images by class from a folder, in sorted order.

    Either class folders directly (a stratified test split is then drawn), or train/, with
    validation/ (val/, valid/) and test/ where there are any, and class folders inside. Where there
    is no test/, validation/ serves as the test split, and without both one is drawn from train.

    Every header is read at once. Images of one shape that take up to `ARRAY_LIMIT_BYTES` are
    decoded at once as well; others when an example is asked for.

    Args:
        path: the folder; "~" is expanded.
        seed: of the test split, where it is drawn.
        skip_corrupt: leave out unreadable images and list them in `Dataset.skipped`; decodes every
            image once to find them all.
        test_fraction: share drawn for the test split, 0 < fraction < 1.

    Returns:
        image uint8 (H, W, C), label by sorted class name. C is 3 where any image has colour.

    Raises:
        DataError: naming the folder or file, for a missing path, a wrong layout, an empty class, a
            class that a split lacks, or an unreadable image.
        ArgumentError: `test_fraction` out of range.
    """
    if not 0 < test_fraction < 1:
        raise ArgumentError(
            f"test_fraction is {test_fraction}.", expected="a share between 0 and 1"
        )
    root = Path(path).expanduser()
    found, left_alone = _split_folders(root)
    classes = _classes(root, found)
    files, skipped, odd = _gather(found, classes, skip_corrupt=skip_corrupt)
    notes = [f"Left alone: {_listed(left_alone)}."] if left_alone else []
    if odd:
        notes.append(f"{len(odd)} file(s) that are no images left out: {_listed(odd)}.")
    if "test" not in files:
        notes.append(_add_test(files, classes, seed=seed, test_fraction=test_fraction))
    shape = _common_shape(file.shape for members in files.values() for file in members)
    size = sum(map(len, files.values())) * int(np.prod([axis or 0 for axis in shape]))
    decoded = None not in shape and size <= ARRAY_LIMIT_BYTES
    return Dataset(
        name=str(root),
        splits={
            name: _split(members, root, channels=shape[-1], decoded=decoded)
            for name, members in files.items()
        },
        features={"image": Feature("image", shape), "label": Feature("label")},
        classes=classes,
        licence="not stated (a folder of yours)",
        source="folder",
        skipped=tuple(skipped),
        notes=tuple(notes),
    )


def _split_folders(root: Path) -> tuple[dict[str, Path], list[str]]:
    """Return split name to folder ("train" alone for class folders), and other folders' names."""
    if not root.exists():
        raise DataError(f"There is no folder {root}.", expected=LAYOUT, fix="check the path")
    if not root.is_dir():
        raise DataError(
            f"{root} is a file, not a folder.", expected=LAYOUT, fix="give the folder around it"
        )
    folders = _sub_folders(root)
    if not folders:
        raise DataError(
            f"There are no class folders in {root}.",
            expected=LAYOUT,
            fix="make one sub-folder a class and move its images there",
        )
    splits = [folder for folder in folders if folder.name.lower() in _SPLITS]
    # A folder named "train" that holds images itself is a class (of vehicles, say).
    if not any(_sub_folders(folder) for folder in splits):
        return {"train": root}, []
    found: dict[str, Path] = {}
    for folder in splits:
        name = _SPLITS[folder.name.lower()]
        if name in found:
            raise DataError(
                f"{found[name]} and {folder} are both the {name} split.",
                fix="join the two, or rename one",
            )
        found[name] = folder
    if "train" not in found:
        raise DataError(
            f"{root} has {_listed([folder.name for folder in splits])}, but no train/.",
            expected=LAYOUT,
            fix=f"add {root / 'train'} with the same class folders",
        )
    return found, [folder.name for folder in folders if folder not in splits]


def _classes(root: Path, found: dict[str, Path]) -> tuple[str, ...]:
    names = {split: [f.name for f in _sub_folders(folder)] for split, folder in found.items()}
    classes = sorted(set().union(*names.values()))
    for split, folder in found.items():
        missing = sorted(set(classes) - set(names[split]))
        if missing:
            raise DataError(
                f"{folder} lacks the class(es) {_listed(missing)}, which another split has.",
                expected="the same class folders in every split",
                fix="add images of them, or remove these classes from the other splits",
            )
    if len(classes) < 2:
        raise DataError(
            f"{root} has one class only: {classes[0]}.",
            expected="at least two class folders",
            fix=f"add another; the layout is {LAYOUT}",
        )
    return tuple(classes)


def _gather(
    found: dict[str, Path], classes: Sequence[str], *, skip_corrupt: bool
) -> tuple[dict[str, list[_File]], list[str], list[str]]:
    """Return the readable images by split, what was skipped, and files that are no images."""
    files: dict[str, list[_File]] = {}
    skipped: list[str] = []
    others: list[str] = []
    for split, folder in found.items():
        listed, odd = _files(folder, classes)
        others += odd
        files[split] = _with_shapes(listed, skipped if skip_corrupt else None)
        _require_classes(files[split], classes, folder)
    return files, skipped, others


def _files(folder: Path, classes: Sequence[str]) -> tuple[list[_File], list[str]]:
    """Return the image files of one split, and the names of other files beside them."""
    files, odd = [], []
    for label, name in enumerate(classes):
        inside = _inside(folder / name)
        images = [p for p in inside if p.suffix.lower() in SUFFIXES and not p.is_dir()]
        files += [_File(image, label) for image in images]
        odd += [f"{name}/{p.name}" for p in sorted(set(inside) - set(images))]
        if not images:
            raise DataError(
                f"There are no images in {folder / name}"
                + (f", only {_listed([p.name for p in inside])}." if inside else "; it is empty."),
                expected=f"files that end in {', '.join(SUFFIXES)}, directly in the class folder",
                fix="add or convert images, or remove the folder",
            )
    return files, odd


def _with_shapes(files: list[_File], skipped: list[str] | None) -> list[_File]:
    """Read every header; with a list for `skipped`, decode all and leave out what fails."""
    whole = []
    for file in files:
        try:
            shape = image_shape(file.path)
            if skipped is not None:
                read_image(file.path)
        except DataError as error:
            if skipped is None:
                raise _with_hint(error) from error
            skipped.append(str(file.path))
            continue
        whole.append(_File(file.path, file.label, shape))
    return whole


def _require_classes(files: list[_File], classes: Sequence[str], folder: Path) -> None:
    counts = Counter(file.label for file in files)
    for label, name in enumerate(classes):
        if not counts[label]:
            raise DataError(
                f"No image in {folder / name} can be read.", fix="replace them, or remove the class"
            )


def _add_test(
    files: dict[str, list[_File]], classes: Sequence[str], *, seed: int, test_fraction: float
) -> str:
    """Put a test split into `files`; return what was done."""
    if "validation" in files:
        files["test"] = files.pop("validation")
        return "There is no test/; validation/ is used as the test split."
    members = files["train"]
    train, test = stratified_indices(
        np.array([file.label for file in members]),
        fractions=(1 - test_fraction, test_fraction),
        seed=seed,
        classes=classes,
    )
    files["train"], files["test"] = [members[i] for i in train], [members[i] for i in test]
    return f"The test split was drawn: stratified, {test_fraction:.0%}, seed {seed}."


def _common_shape(shapes: Iterable[tuple[int, ...]]) -> tuple[int | None, ...]:
    heights, widths, channels = (set(axis) for axis in zip(*shapes, strict=True))
    height = heights.pop() if len(heights) == 1 else None
    width = widths.pop() if len(widths) == 1 else None
    return height, width, max(channels)


def _split(files: list[_File], root: Path, *, channels: int, decoded: bool) -> Split:
    labels = np.array([file.label for file in files], dtype="int64")
    names = [file.path.relative_to(root).as_posix() for file in files]
    if not decoded:
        decode = {"image": partial(read_image, channels=channels)}
        paths = [file.path for file in files]
        return Split({"image": paths, "label": labels}, decode=decode, names=names)
    try:
        images = np.stack([read_image(file.path, channels=channels) for file in files])
    except DataError as error:
        raise _with_hint(error) from error
    return Split({"image": images, "label": labels}, names=names)


def _with_hint(error: DataError) -> DataError:
    fix = f"{error.fix}; --skip-corrupt (skip_corrupt=True) leaves such files out"
    return DataError(error.problem, expected=error.expected, fix=fix)


def _inside(folder: Path) -> list[Path]:
    try:
        return sorted(p for p in folder.iterdir() if not p.name.startswith((".", "__MACOSX")))
    except OSError as error:
        raise DataError(
            f"{folder} cannot be listed ({error.strerror}).", fix="check its permissions"
        ) from error


def _sub_folders(folder: Path) -> list[Path]:
    return [path for path in _inside(folder) if path.is_dir()]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(sorted(names)[:_LISTED]) + more
