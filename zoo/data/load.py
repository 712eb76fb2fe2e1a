"""One function for every source of data."""

import inspect
import os
from pathlib import Path
from typing import Any

from zoo.columns.readers.formats import TABLES
from zoo.data.dataset import Dataset
from zoo.errors import DataError
from zoo.files import as_path
from zoo.registry import DATASETS, check_arguments, resolve

HUB = "hf:"
_FIX = "give known ones: key=value after `zoo data NAME`, data.arguments in a recipe"


def load_dataset(
    name: str | os.PathLike,
    *,
    data_dir: str | os.PathLike | None = None,
    download: bool = False,
    skip_corrupt: bool = False,
    seed: int = 0,
    **arguments: Any,
) -> Dataset:
    """Return a data set by its name in the catalog, from a folder or table, or by its TFDS or Hub name.

    A catalog name wins over a folder of the same name; "./digits" means the folder.

    Args:
        name: "digits", "./pets", "./reviews.csv", "oxford_flowers102", "hf:USER/NAME".
        data_dir: where TFDS data sets are prepared and archives lie; None takes TFDS_DATA_DIR, then
            TFDS's default, and ZOO_DATA_DIR.
        download: download and prepare a set of TFDS or the Hub that is missing.
        skip_corrupt: leave unreadable files of a folder out instead of raising.
        seed: of the test split drawn from a folder without one.
        **arguments: the loader's own, such as `fold` of mr_polarity or `text_column` of a table.

    Raises:
        UnknownNameError: neither a data set nor a folder has this name.
        ArgumentError: the loader has no such argument (names the nearest), or a path is empty.
        DataError: found, but not usable; the message says how to fix it.

    >>> load_dataset("digits").counts()["test"][:3]
    [36, 36, 35]
    """
    name = os.fspath(name)
    if data_dir is not None:
        as_path(data_dir)  # refuses an empty one; TFDS also takes addresses, so it stays as it is
    card = DATASETS.get(name)
    place = folder_of(name)
    if card is not None:
        check_arguments(name, arguments, card.arguments, fix=_FIX)
        loader = resolve(card.loader)
        if card.source in ("tfds", "archive"):
            return loader(name, data_dir=data_dir, download=download, **arguments)
        return loader(**arguments)
    if place is None and not name.startswith(HUB) and Path(name).suffix.lower() in TABLES:
        raise DataError(
            f"There is no file {name}.",
            expected="a table that exists, or a data set's name",
            fix="check the path; zoo data lists the data sets",
        )
    if place is not None:
        loader = resolve("zoo.data.table:load" if place.is_file() else "zoo.data.folder:load")
        _check_known(name, loader, arguments)
        return loader(place, seed=seed, skip_corrupt=skip_corrupt, **arguments)
    if name.startswith(HUB):
        loader = resolve("zoo.data.hub:load")
        _check_known(name, loader, arguments)
        how = {"seed": seed, "skip_corrupt": skip_corrupt}
        return loader(name, download=download, **how, **arguments)
    loader = resolve("zoo.data.tfds:load")
    _check_known(name, loader, arguments)
    return loader(name, data_dir=data_dir, download=download, **arguments)


def _check_known(name: str, loader: Any, arguments: dict[str, Any]) -> None:
    given_here = ("path", "name", "seed", "skip_corrupt", "data_dir", "download")
    known = [key for key in inspect.signature(loader).parameters if key not in given_here]
    check_arguments(name, arguments, known, fix=_FIX)


def folder_of(name: str) -> Path | None:
    """Return the absolute folder or file that a name means; None for a name of another kind.

    Raises:
        ArgumentError: the name is empty.

    >>> folder_of("digits") is None
    True
    """
    if name in DATASETS:
        return None
    path = as_path(name)
    meant = name.startswith((".", "/", "~")) or path.is_dir() or path.is_file()
    return path.absolute() if meant else None
