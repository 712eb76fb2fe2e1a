"""CMU-MOSI (Zadeh et al. 2016): opinions of films in videos, as vectors of text, sound and face."""

import io
import os
import zipfile

import numpy as np

from zoo.catalog.datasets import DATASETS
from zoo.columns import Group, Label, Vector
from zoo.data.archive import find_files, read_file
from zoo.data.dataset import Dataset, Split
from zoo.errors import DataError

CLASSES = ("negative", "positive")  # 0 and 1 in the files
WIDTHS = {"text": 100, "audio": 73, "video": 100}

_ARRAYS, _TABLE = "mosi.npz", "utterances.tsv"
_HEADER = ["index", "id", "label", "text"]


def load(
    name: str = "mosi_features",
    *,
    data_dir: str | os.PathLike | None = None,
    download: bool = False,
) -> Dataset:
    """Read the vectors of Poria et al. (ACL 2017), three for each utterance.

    A video is cut into utterances. Its group is the video, the id of an utterance up to its last "_";
    no video is in both splits, and validation is carved from train by whole videos.

    Args:
        name: of the card.
        data_dir: the folder that holds mosi_features/; None takes ZOO_DATA_DIR.
        download: changes nothing: files that are missing must be fetched by hand.

    Returns:
        text float32 (100,), audio (73,), video (100,), label int64 (0 negative, 1 positive, as the
        files have it; the score from -3 to 3 behind it is not in them), group str; splits "train" and
        "test", as its authors divide.

    Raises:
        DataError: the files are missing, or are not those of the set.

    >>> load().counts()  # doctest: +SKIP
    {'train': [738, 709], 'test': [285, 467]}
    """
    card = next(card for card in DATASETS if card.name == name)
    paths = find_files(card, data_dir=data_dir)
    header, *rows = [line.split("\t") for line in read_file(paths[_TABLE]).decode().splitlines()]
    if header != _HEADER:
        raise DataError(f"{paths[_TABLE]} has other columns.", expected=", ".join(_HEADER))
    ids = {int(row[0]): row[1] for row in rows}
    try:
        with np.load(io.BytesIO(read_file(paths[_ARRAYS])), allow_pickle=False) as arrays:
            splits = {split: _split(split, arrays, ids) for split in ("train", "test")}
    except (KeyError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{paths[_ARRAYS]} does not hold the arrays of the set ({error}).",
            fix=f"fetch it again from {card.homepage}",
        ) from error
    return Dataset(
        name=name,
        splits=splits,
        features={
            **{column: Vector((width,)) for column, width in WIDTHS.items()},
            "label": Label(),
            "group": Group(plural="videos"),
        },
        classes=CLASSES,
        licence=card.licence,
        source="archive",
        homepage=card.homepage,
        notes=(
            "The vectors are those that Poria et al. (2017) published, made from words, voices and "
            "faces by networks of theirs.",
            "The split is theirs: no video is in both.",
        ),
    )


def _split(split: str, arrays: np.lib.npyio.NpzFile, ids: dict[int, str]) -> Split:
    names = [ids[int(i)] for i in arrays[f"{split}_utterance"]]
    vectors = {name: arrays[f"{split}_{name}"].astype("float32") for name in WIDTHS}
    odd = [name for name, width in WIDTHS.items() if vectors[name].shape != (len(names), width)]
    if odd:
        raise ValueError(f"{split}_{odd[0]} has shape {vectors[odd[0]].shape}")
    labels = arrays[f"{split}_label"].astype("int64")
    groups = [name.rpartition("_")[0] for name in names]
    return Split({**vectors, "label": labels, "group": groups}, names=names)
