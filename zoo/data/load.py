"""One function for every source of data."""

import os
from pathlib import Path

from zoo.catalog.datasets import DATASETS
from zoo.data import folder, tfds
from zoo.data.dataset import Dataset
from zoo.registry import resolve


def load_dataset(
    name: str | os.PathLike,
    *,
    data_dir: str | os.PathLike | None = None,
    download: bool = False,
    skip_corrupt: bool = False,
    seed: int = 0,
) -> Dataset:
    """Return a data set by its name in the catalog, as a folder of images, or by its TFDS name.

    A catalog name wins over a folder of the same name; "./digits" means the folder.

    Args:
        name: "digits", "./pets", "oxford_flowers102".
        data_dir: where TFDS data sets are prepared; None takes TFDS_DATA_DIR, then TFDS's default.
        download: fetch and prepare a TFDS set that is missing.
        skip_corrupt: leave unreadable images of a folder out instead of raising.
        seed: of the test split that is drawn from a folder without one.

    Raises:
        UnknownNameError: neither a data set nor a folder has this name.
        DataError: found, but not usable; the message says how to mend it.

    >>> load_dataset("digits").counts()["test"][:3]
    [36, 36, 35]
    """
    name = os.fspath(name)
    card = next((card for card in DATASETS if card.name == name), None)
    if card is not None and card.source == "embedded":
        return resolve(card.loader)()
    if card is not None:
        return resolve(card.loader)(name, data_dir=data_dir, download=download)
    place = folder_of(name)
    if place is not None:
        return folder.load(place, seed=seed, skip_corrupt=skip_corrupt)
    return tfds.load(name, data_dir=data_dir, download=download)


def folder_of(name: str) -> Path | None:
    """Return the absolute folder that a data set's name means; None for a name of another kind.

    >>> folder_of("digits") is None
    True
    """
    path = Path(name).expanduser()
    if any(card.name == name for card in DATASETS) or not name:
        return None
    meant = name.startswith((".", "/", "~")) or path.is_dir() or (os.sep in name and path.exists())
    return path.absolute() if meant else None
