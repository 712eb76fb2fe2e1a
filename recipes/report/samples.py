"""A picture of what is in a dataset."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recipes.report.pictures import grid
from recipes.report.theme import style, to_png
from zoo.files import write_bytes

if TYPE_CHECKING:
    from zoo.data.dataset import Dataset

CLASSES, EACH = 10, 4


def save_samples(dataset: "Dataset", path: Path) -> None:
    """Write a PNG with a few training images of each class (of the first ten).

    Args:
        dataset: with columns "image" and "label".
        path: of the file; replaced whole.
    """
    train = dataset.splits["train"]
    images = []
    for label, name in enumerate(dataset.classes[:CLASSES]):
        members = np.flatnonzero(train.labels == label)
        for place in np.linspace(0, len(members) - 1, min(EACH, len(members))).astype(int):
            index = int(members[place])
            images.append((np.asarray(train[index]["image"]), name, ""))
    title = f"{dataset.name}: training images by class"
    with style():
        write_bytes(path, to_png(grid(images, title=title, empty="no images", columns=2 * EACH)))
