"""Predicted masks as files: the class of each pixel, and the picture with the classes over it."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pillow

from recipes.report.masks import colours, over_image
from recipes.runs.inputs import Input, Item
from recipes.runs.listing import Listing
from recipes.runs.predict import Reading, answers, described
from recipes.runs.run import Run
from zoo.columns import Mask
from zoo.columns.readers.images import write_png
from zoo.errors import ArgumentError, RunError
from zoo.files import make_folder, replacing

OVER = "-over.png"
LONGEST = 80  # characters of a file's name


def check_masks(run: Any, folder: Path) -> None:
    """Check, before anything is computed, that masks can be written.

    Raises:
        ArgumentError: the model gives none.
        RunError: the folder is not empty, or is a file.
    """
    if not any(isinstance(column, Mask) for column in run.assets.y.values()):
        raise ArgumentError(
            f"{run.name} gives no masks.",
            expected="a run of image_segmentation",
            fix="leave --masks out",
        )
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise RunError(
            f"{folder} is {'a file' if folder.is_file() else 'not empty'}; nothing was written.",
            expected="a new or empty folder",
            fix="give another --masks",
        )


def predict_masks(
    run: Run, inputs: Sequence[Input], folder: str | Path, *, reading: Reading
) -> Iterator[dict[str, Any]]:
    """Yield what `zoo predict` says of each input, after its masks are written.

    NAME.png has the size of the input and the number of a class in each pixel, with a palette; classes
    and numbers are those of the run. NAME-over.png is the input with the classes over it.

    Args:
        run: of a segmentation.
        inputs: as `zoo.predict` takes them.
        folder: new or empty.
        reading: how they are read.

    Raises:
        ArgumentError, RunError: as `check_masks`.
    """
    folder = Path(folder)
    check_masks(run, folder)
    make_folder(folder)
    taken: set[str] = set()
    for position, (item, mask) in enumerate(answers(run, inputs, reading=reading)):
        (told,) = described([(item, mask)], run.task, run.assets, Listing())
        if item.error is None:
            told["mask"], told["picture"] = _written(run, item, mask, folder, position, taken)
        yield told


def _written(
    run: Run, item: Item, mask: np.ndarray, folder: Path, position: int, taken: set[str]
) -> tuple[str, str]:
    """Write the mask of an input at its own size, and the picture; return both paths."""
    ((name, column),) = run.assets.x.items()
    image = np.asarray(column.read(item.values[column.source or name]))
    image = image[..., None] if image.ndim == 2 else image
    classes = next(target.classes for target in run.assets.y.values() if target.kind == Mask.kind)
    labels = Pillow.fromarray(mask.astype("uint8"), mode="P")
    labels = labels.resize(image.shape[1::-1], Pillow.Resampling.NEAREST)
    labels.putpalette(colours(classes).tobytes())
    stem = _stem(item.name or str(position), taken)
    paths = folder / f"{stem}.png", folder / f"{stem}{OVER}"
    with replacing(paths[0]) as beside:
        labels.save(beside, format="PNG")
    write_png(paths[1], over_image(image, np.asarray(labels), classes))
    return str(paths[0]), str(paths[1])


def _stem(name: str, taken: set[str]) -> str:
    """Return a name for a file that no other has, also where case does not count."""
    bare = re.sub(r"[^\w.-]+", "_", Path(name).stem).strip("._-")[-LONGEST:] or "picture"
    number, found = 1, bare
    while {found.lower(), f"{found.lower()}-over"} & taken:
        number += 1
        found = f"{bare}-{number}"
    taken |= {found.lower(), f"{found.lower()}-over"}
    return found
