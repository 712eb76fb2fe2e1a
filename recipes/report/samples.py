"""Samples of what is in a dataset: a picture of images and sounds, lines of texts."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recipes.report.examples import DRAWN, PRINTED, stored_value
from zoo.columns import Column
from zoo.errors import ArgumentError

if TYPE_CHECKING:
    from zoo.data.dataset import Dataset

CLASSES, EACH = 10, 4  # in a picture
TEXTS_EACH, TEXT_LENGTH = 2, 100  # lines of a class, and their characters


def has_picture(dataset: "Dataset") -> bool:
    """Tell whether `save_samples` can draw these examples."""
    return _column(dataset, DRAWN) is not None


def save_samples(dataset: "Dataset", path: Path) -> None:
    """Write a PNG with a few training examples of each class (of the first ten).

    A sound is drawn as its waveform above its spectrogram, with its length.

    Args:
        dataset: with a column of images or sounds.
        path: of the file; replaced whole.

    Raises:
        ArgumentError: the examples are neither images nor sounds.
    """
    found = _column(dataset, DRAWN)
    if found is None:
        raise ArgumentError(
            f"{dataset.name} holds neither images nor sounds: there is nothing to draw.",
            fix="leave the picture out; `zoo data` prints samples of texts",
        )
    from recipes.report.pictures import grid
    from recipes.report.theme import style, to_png
    from zoo.files import write_bytes

    (column_name, column), train, drawn = found, dataset.train, []
    for index, name in _picked(dataset, each=EACH):
        value = train[index][column_name]
        if value is not None:
            drawn.append((stored_value(column, value), name, column.told(value)))
    title = f"{dataset.name}: training {column.word}" + (" by class" if dataset.classes else "")
    with style():
        write_bytes(path, to_png(grid(drawn, title=title, empty="none", columns=2 * EACH)))


def text_samples(dataset: "Dataset") -> list[tuple[str, str]]:
    """Return (class name, beginning of a training text), a few of each of the first ten classes.

    Without a column of texts there are none.
    """
    from zoo.data.scans import beginning

    columns, features = dataset.train.columns, dataset.features.items()
    texts = [columns[name] for name, column in features if isinstance(column, PRINTED)]
    if not texts:
        return []
    length = TEXT_LENGTH // len(texts)
    return [
        (name, " / ".join(beginning(held[index] or "", length=length) for held in texts))
        for index, name in _picked(dataset, each=TEXTS_EACH)
    ]


def _column(dataset: "Dataset", kinds: tuple[type[Column], ...]) -> tuple[str, Column] | None:
    items = dataset.features.items()
    return next(((name, column) for name, column in items if isinstance(column, kinds)), None)


def _picked(dataset: "Dataset", *, each: int) -> list[tuple[int, str]]:
    """Return positions in train with their class, evenly spread over each class."""
    train = dataset.train
    if not dataset.classes:
        return [(index, "") for index in _spread(np.arange(len(train)), 2 * each)]
    return [
        (index, name)
        for label, name in enumerate(dataset.classes[:CLASSES])
        for index in _spread(np.flatnonzero(train.labels == label), each)
    ]


def _spread(members: np.ndarray, count: int) -> list[int]:
    places = np.linspace(0, len(members) - 1, min(count, len(members))).astype(int)
    return members[places].tolist()
