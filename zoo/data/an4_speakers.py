"""CMU's alphanumeric recordings (AN4, Acero 1991), 16 kHz, by speaker: for telling voices apart."""

import os

from zoo.catalog.datasets import DATASETS
from zoo.columns import Audio, Group
from zoo.data.an4 import SAMPLE_RATE_HZ, decoded, read
from zoo.data.dataset import Dataset, Split

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
    rows, files = read(card, data_dir)
    return Dataset(
        name=name,
        splits={split: _split(split, rows, files) for split in ("train", "test")},
        features={"audio": Audio(SAMPLE_RATE_HZ), "group": Group(plural="speakers")},
        classes=(),
        licence=card.licence,
        source="archive",
        homepage=card.homepage,
        notes=(_NOTE,),
    )


def _split(name: str, rows: list[list[str]], files: dict[str, bytes]) -> Split:
    own = [row for row in rows if row[1] == name]
    columns = {"audio": [decoded(files[row[0]]) for row in own], "group": [row[2] for row in own]}
    return Split(columns, names=[row[0] for row in own])
