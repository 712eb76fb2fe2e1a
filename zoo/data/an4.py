"""AN4 (Acero 1991): read spellings, numbers and commands of an alphanumeric database, 16 kHz."""

import os

import numpy as np

from zoo.cards import DatasetCard
from zoo.catalog.datasets import DATASETS
from zoo.columns import Audio, Group, Text
from zoo.columns.readers.audio import read_audio
from zoo.data.archive import find_files, read_file, read_members
from zoo.data.dataset import Dataset, Split
from zoo.errors import DataError

FOLDER = "an4"
SAMPLE_RATE_HZ = 16_000
VALIDATION_EVERY = 10  # of the speakers of train, in the order of their names: the last of ten

_TAR, _TABLE = "flac16k.tar", "transcripts.tsv"
_HEADER = ["file", "split", "speaker", "seconds", "text"]


def load(
    name: str = "an4", *, data_dir: str | os.PathLike | None = None, download: bool = False
) -> Dataset:
    """Read the set as FLAC files in one archive, with its table of transcripts.

    Args:
        name: of the card.
        data_dir: the folder that holds an4/; None takes ZOO_DATA_DIR.
        download: changes nothing: files that are missing must be fetched by hand.

    Returns:
        audio float32 (samples,) in [-1, 1], 0.7 to 6.4 s, text str, group str (the speaker). The test
        split is the published one, 130 utterances of 10 speakers; validation is every tenth of the
        74 speakers of train, so that no speaker is in two splits.

    Raises:
        DataError: the files are missing, or are not those of the set.

    >>> load().counts()  # doctest: +SKIP
    {'train': [857], 'validation': [91], 'test': [130]}
    """
    card = next(card for card in DATASETS if card.name == name)
    rows, files = read(card, data_dir)
    speakers = sorted({row[2] for row in rows if row[1] == "train"})
    held_out = set(speakers[VALIDATION_EVERY - 1 :: VALIDATION_EVERY])
    places: dict[str, list[list[str]]] = {"train": [], "validation": [], "test": []}
    for row in rows:
        places["validation" if row[2] in held_out else row[1]].append(row)
    return Dataset(
        name=name,
        splits={split: _split(found, files) for split, found in places.items()},
        features={
            "audio": Audio(SAMPLE_RATE_HZ),
            "text": Text(),
            "group": Group(plural="speakers"),
        },
        classes=(),
        licence=card.licence,
        source="archive",
        homepage=card.homepage,
        notes=(
            f"The test split is the published one. Validation is {len(held_out)} of the "
            f"{len(speakers)} speakers of train: {', '.join(sorted(held_out))}.",
        ),
    )


def read(
    card: DatasetCard, data_dir: str | os.PathLike | None
) -> tuple[list[list[str]], dict[str, bytes]]:
    """Return the rows (file, split, speaker, seconds, text), and the content of each file by name.

    Raises:
        DataError: the files are missing, or are not those of the set.
    """
    paths = find_files(card, data_dir=data_dir, folder=FOLDER)
    header, *rows = [line.split("\t") for line in read_file(paths[_TABLE]).decode().splitlines()]
    if header != _HEADER:
        raise DataError(f"{paths[_TABLE]} has other columns.", expected=", ".join(_HEADER))
    files = dict(read_members(paths[_TAR]))
    missing = [row[0] for row in rows if row[0] not in files]
    if missing:
        raise DataError(
            f"{paths[_TAR]} lacks {len(missing)} recordings: {missing[0]}.",
            expected=f"each file that {_TABLE} names",
            fix=f"fetch both again from {card.homepage}",
        )
    return rows, files


def decoded(file: bytes) -> np.ndarray:
    """Return the samples of a file, float32 (samples,)."""
    return read_audio(file, sample_rate_hz=SAMPLE_RATE_HZ)[0]


def _split(rows: list[list[str]], files: dict[str, bytes]) -> Split:
    return Split(
        {
            "audio": [files[row[0]] for row in rows],
            "text": [row[4] for row in rows],
            "group": [row[2] for row in rows],
        },
        decode={"audio": decoded},
        names=[row[0] for row in rows],
    )
