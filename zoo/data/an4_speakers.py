"""CMU's alphanumeric recordings (AN4, Acero 1991), 16 kHz, by speaker: for telling voices apart."""

import csv
import io
import os

import numpy as np

from zoo.catalog.datasets import DATASETS
from zoo.columns import Audio, Group
from zoo.columns.readers.audio import read_audio
from zoo.data.archive import find_files, read_file, read_members
from zoo.data.dataset import Dataset, Split
from zoo.errors import DataError

FOLDER = "an4"
SAMPLE_RATE_HZ = 16_000
_SOUNDS, _LIST = "flac16k.tar", "transcripts.tsv"
_NOTE = "The authors' split: the 10 speakers of the test split are not in train."


def load(
    name: str = "an4_speakers",
    *,
    data_dir: str | os.PathLike | None = None,
    download: bool = False,
) -> Dataset:
    """Return the recordings with their speakers, in the authors' split.

    Args:
        name: as the catalog knows it.
        data_dir: the folder that holds an4/; None takes ZOO_DATA_DIR.
        download: changes nothing: files that are missing must be fetched by hand.

    Returns:
        audio float32 (samples,) in [-1, 1], 0.5 to 7 s, and group str, the speaker; splits "train"
        (948 recordings of 74 speakers) and "test" (130 of 10 others). A validation split that is drawn
        from train has speakers of its own.

    Raises:
        DataError: the files are missing, or are not the published ones.

    >>> len(set(load().splits["test"].columns["group"]))  # doctest: +SKIP
    10
    """
    card = next(card for card in DATASETS if card.name == name)
    paths = find_files(card, data_dir=data_dir, folder=FOLDER)
    text = read_file(paths[_LIST]).decode("utf-8")
    rows = list(csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE))
    sounds = {
        file: read_audio(content, name=file, sample_rate_hz=SAMPLE_RATE_HZ)[0]
        for file, content in read_members(paths[_SOUNDS])
        if file.endswith(".flac")
    }
    missing = [row["file"] for row in rows if row["file"] not in sounds]
    if missing:
        raise DataError(
            f"{paths[_SOUNDS]} lacks {len(missing)} recordings: {missing[0]}.",
            expected=f"each file that {_LIST} names",
            fix=f"fetch both again from {card.homepage}",
        )
    return Dataset(
        name=name,
        splits={split: _split(split, rows, sounds) for split in ("train", "test")},
        features={"audio": Audio(SAMPLE_RATE_HZ), "group": Group(plural="speakers")},
        classes=(),
        licence=card.licence,
        source="archive",
        homepage=card.homepage,
        notes=(_NOTE,),
    )


def _split(name: str, rows: list[dict[str, str]], sounds: dict[str, np.ndarray]) -> Split:
    own = [row for row in rows if row["split"] == name]
    columns = {
        "audio": [sounds[row["file"]] for row in own],
        "group": [row["speaker"] for row in own],
    }
    return Split(columns, names=[row["file"] for row in own])
