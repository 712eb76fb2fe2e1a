"""CamVid: street scenes from a driving car, a class for each pixel (Brostow et al. 2008).

The 367, 101 and 233 frames and eleven classes of SegNet (1511.00561), 240 × 180 pixels.
"""

import os

import numpy as np

from zoo.catalog.datasets import DATASETS
from zoo.columns import Image, Mask
from zoo.columns.mask import NOWHERE
from zoo.columns.readers.images import read_image, read_mask
from zoo.data.archive import find_files, read_members
from zoo.data.dataset import Dataset, Split

SIZE = (180, 240)
CLASSES = (
    "sky",
    "building",
    "pole",
    "road",
    "pavement",
    "tree",
    "sign",
    "fence",
    "car",
    "pedestrian",
    "cyclist",
)
VOID = 11
SPLITS = {"train": "train", "validation": "val", "test": "test"}
_ARCHIVE = "camvid240.tar"


def load(
    name: str = "camvid", *, data_dir: str | os.PathLike | None = None, download: bool = False
) -> Dataset:
    """Return the frames with their masks, in SegNet's split.

    Frames of one drive resemble one another, so an interval over frames is too narrow.

    Args:
        name: as the catalog knows it.
        data_dir: the folder that holds camvid/; None takes ZOO_DATA_DIR.
        download: changes nothing: a file that is missing must be fetched by hand.

    Returns:
        image uint8 (180, 240, 3); mask integers (180, 240), -1 where nothing is labelled. Splits
        "train" (367), "validation" (101) and "test" (233).

    Raises:
        DataError: the archive is missing, or is not the one that is expected.

    >>> load().splits["test"][0]["mask"].max() < len(CLASSES)  # doctest: +SKIP
    True
    """
    card = next(card for card in DATASETS if card.name == name)
    files = dict(read_members(find_files(card, data_dir=data_dir)[_ARCHIVE]))
    return Dataset(
        name=name,
        splits={own: _split(theirs, files) for own, theirs in SPLITS.items()},
        features={"image": Image((*SIZE, 3)), "mask": Mask(SIZE, classes=CLASSES)},
        classes=(),
        licence=card.licence,
        source="archive",
        homepage=card.homepage,
        notes=("SegNet's split; frames of one drive resemble one another.",),
    )


def _split(folder: str, files: dict[str, bytes]) -> Split:
    names = sorted(n for n in files if n.startswith(f"{folder}/"))
    images = np.stack([read_image(files[each]) for each in names])
    stems = [each.removeprefix(f"{folder}/").rpartition(".")[0] for each in names]
    masks = np.stack([read_mask(files[f"{folder}annot/{stem}.png"]) for stem in stems])
    void = np.where(masks == VOID, NOWHERE, masks).astype("int8")
    return Split({"image": images, "mask": void}, names=stems)
