"""Words of GCompris for children: each with a drawing and a recording by one speaker."""

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from zoo.catalog.datasets import DATASETS
from zoo.columns import Audio, Image, Label, Text
from zoo.columns.readers.audio import read_audio
from zoo.columns.readers.images import read_image
from zoo.data.archive import find_files, read_file, read_members
from zoo.data.dataset import Dataset, Split
from zoo.data.splits import stratified_indices
from zoo.errors import ArgumentError, DataError, nearest

SAMPLE_RATE_HZ = 16_000  # the files have 44,100; models of speech take 16,000
SIZE = (128, 128, 3)
CATEGORIES = ("chapter", "lesson")
SHARES = {"train": 0.7, "validation": 0.1, "test": 0.2}

_TAR, _TABLE = "gcompris_words.tar", "gcompris_words.tsv"
_HEADER = ["key", "word", "chapter", "lesson", "seconds", "rate_hz"]
_FEATURES = {
    "image": Image(SIZE),
    "audio": Audio(SAMPLE_RATE_HZ),
    "text": Text(),
    "label": Label(),
}
_SEED = 18  # never changed; with it, teach and teacher, which share a drawing, are both in train


def load(
    name: str = "gcompris_words",
    *,
    data_dir: str | os.PathLike | None = None,
    download: bool = False,
    category: str = "chapter",
) -> Dataset:
    """Read the words; every word is in one split only.

    The splits are drawn with a fixed seed, 70, 10 and 20 % of each lesson, and are the same for both
    categories.

    Args:
        name: of the card.
        data_dir: the folder that holds gcompris_words/; None takes ZOO_DATA_DIR.
        download: changes nothing: files that are missing must be fetched by hand.
        category: of the label: "chapter" (4, of 129 to 156 words each) or "lesson" (21, of 7 to 86).

    Returns:
        image uint8 (128, 128, 3), audio float32 (samples,) in [-1, 1] at 16 kHz, 0.6 to 1.3 s, text
        str (the word), label int64; splits "train", "validation" and "test".

    Raises:
        ArgumentError: no such category.
        DataError: the files are missing, or are not those of the set.

    >>> sum(load().counts()["test"])  # doctest: +SKIP
    112
    """
    if category not in CATEGORIES:
        near = nearest(str(category), CATEGORIES) or CATEGORIES
        raise ArgumentError(
            f"{name} has no category {category!r}.",
            expected=f"one of: {', '.join(CATEGORIES)}",
            fix=f"set data.arguments.category={near[0]}",
        )
    card = next(card for card in DATASETS if card.name == name)
    paths = find_files(card, data_dir=data_dir)
    rows, files = _read(paths, card.homepage)
    held = _HEADER.index(category)
    classes = tuple(sorted({row[held] for row in rows}))
    lessons = sorted({row[3] for row in rows})
    by_lesson = np.array([lessons.index(row[3]) for row in rows])
    parts = stratified_indices(by_lesson, fractions=tuple(SHARES.values()), seed=_SEED)
    everything = _split(rows, files, [classes.index(row[held]) for row in rows])
    return Dataset(
        name=name,
        splits={s: everything.take(part) for s, part in zip(SHARES, parts, strict=True)},
        features=_FEATURES,
        classes=classes,
        licence=card.licence,
        source="archive",
        homepage=card.homepage,
        notes=(
            f"The splits were drawn by word, with a fixed seed: {', '.join(SHARES)} hold 70, 10 and "
            "20 % of each lesson. All words are spoken by one speaker.",
            f"Sounds were resampled from 44,100 to {SAMPLE_RATE_HZ:,} Hz.",
        ),
    )


def _read(paths: Mapping[str, Path], homepage: str) -> tuple[list[list[str]], dict[str, bytes]]:
    """Return the rows of the table, and the content of each file by name."""
    header, *rows = [line.split("\t") for line in read_file(paths[_TABLE]).decode().splitlines()]
    if header != _HEADER:
        raise DataError(f"{paths[_TABLE]} has other columns.", expected=", ".join(_HEADER))
    files = dict(read_members(paths[_TAR]))
    wanted = [path for row in rows for path in _files(row[0]) if path not in files]
    if wanted:
        raise DataError(
            f"{paths[_TAR]} lacks {len(wanted)} files: {wanted[0]}.",
            expected=f"a drawing and a recording of each word of {_TABLE}",
            fix=f"fetch both again from {homepage}",
        )
    return rows, files


def _files(key: str) -> tuple[str, str]:
    """Return the names of the drawing and of the recording."""
    return f"images/{key}.jpg", f"voices/en/{key}.ogg"


def _split(rows: list[list[str]], files: dict[str, bytes], labels: list[int]) -> Split:
    pairs = [_files(row[0]) for row in rows]
    return Split(
        {
            "image": np.stack([read_image(files[drawn], channels=3) for drawn, _ in pairs]),
            "audio": [
                read_audio(files[spoken], sample_rate_hz=SAMPLE_RATE_HZ)[0] for _, spoken in pairs
            ],
            "text": [row[1] for row in rows],
            "label": np.array(labels, dtype="int64"),
        },
        names=[row[0] for row in rows],
    )
