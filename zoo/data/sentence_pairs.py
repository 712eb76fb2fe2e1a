"""Pairs of sentences as published: STS-B, SICK and the Microsoft Research Paraphrase Corpus."""

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from zoo.cards import DatasetCard
from zoo.catalog.datasets import DATASETS
from zoo.columns import Column, Label, Number, Text
from zoo.data.archive import find_files, read_file
from zoo.data.dataset import Dataset, Split
from zoo.errors import DataError

FOLDER = "sentence_pairs"
SPLITS = ("train", "validation", "test")  # in the order of a card's files
SICK_CLASSES = ("contradiction", "entailment", "neutral")
PARAPHRASE_CLASSES = ("different", "paraphrase")

_CARDS = {card.name: card for card in DATASETS if card.loader == "zoo.data.sentence_pairs:load"}
_FEATURES: dict[str, dict[str, Column]] = {
    "stsb": {"similarity": Number()},
    "sick": {"label": Label(), "relatedness": Number()},
    "msr_paraphrase": {"label": Label()},
}
_CLASSES = {"sick": SICK_CLASSES, "msr_paraphrase": PARAPHRASE_CLASSES}
_NOTES = {
    "stsb": (),
    "sick": ("relatedness is a number from 1 to 5, for a task of numbers.",),
    "msr_paraphrase": ("The validation split is 500 pairs of the published train split.",),
}


def load(
    name: str, *, data_dir: str | os.PathLike | None = None, download: bool = False
) -> Dataset:
    """Return one of the sets, with the splits of its source.

    STS-B (1708.00055): how alike two sentences are, 0 to 5. SICK (Marelli et al., LREC 2014):
    whether the first entails the second, and how related they are, 1 to 5. The Paraphrase Corpus
    (Dolan, Brockett 2005): whether two sentences of news say the same.

    Args:
        name: "stsb", "sick" or "msr_paraphrase".
        data_dir: the folder that holds sentence_pairs/; None takes ZOO_DATA_DIR.
        download: changes nothing: files that are missing must be fetched by hand.

    Returns:
        text str, pair str, label int64 (but for STS-B), similarity (STS-B) or relatedness (SICK)
        float64; splits "train", "validation" and "test".

    Raises:
        DataError: the files are missing, or are not the published ones.

    >>> load("sick").counts()["train"]  # doctest: +SKIP
    [665, 1299, 2536]
    """
    card = _CARDS[name]
    return Dataset(
        name=name,
        splits=_splits(card, data_dir),
        features={"text": Text(), "pair": Text(), **_FEATURES[name]},
        classes=_CLASSES.get(name, ()),
        licence=card.licence,
        source="archive",
        homepage=card.homepage,
        notes=_NOTES[name],
    )


def _splits(card: DatasetCard, data_dir: str | os.PathLike | None) -> dict[str, Split]:
    paths = find_files(card, data_dir=data_dir, folder=FOLDER)
    files = zip(SPLITS, card.files, strict=True)
    return {split: _split(card.name, paths[file], file) for split, file in files}


def _split(name: str, path: Path, file: str) -> Split:
    rows = _rows(name, read_file(path).decode("utf-8-sig"))
    first = 1 if name == "stsb" else 2  # the others begin with the names of their columns
    names = [f"{file}, line {line}" for line in range(first, first + len(rows))]
    try:
        columns = _columns(name, rows)
    except (ValueError, IndexError) as error:
        raise DataError(
            f"{path} has a row that cannot be read ({error}).",
            expected="the published file",
            fix="fetch it again from its source",
        ) from error
    return Split(columns, names=names)


def _rows(name: str, text: str) -> list[list[str]]:
    if name == "stsb":
        return list(csv.reader(io.StringIO(text)))
    lines = [line for line in text.replace("\r\n", "\n").split("\n") if line]
    return [line.split("\t") for line in lines[1:]]


def _columns(name: str, rows: Sequence[Sequence[str]]) -> dict[str, list[str] | np.ndarray]:
    """Return the columns of rows as the source orders them."""
    if name == "stsb":  # sentence, sentence, score
        numbers = np.array([float(row[2]) for row in rows])
        return _texts(rows, 0) | {"similarity": numbers}
    if name == "sick":  # id, sentence, sentence, relatedness, entailment
        labels = [SICK_CLASSES.index(row[4].strip().lower()) for row in rows]
        numbers = np.array([float(row[3]) for row in rows])
        return _texts(rows, 1) | {"label": np.array(labels, "int64"), "relatedness": numbers}
    labels = [int(row[0]) for row in rows]  # quality, id, id, sentence, sentence
    return _texts(rows, 3) | {"label": np.array(labels, "int64")}


def _texts(rows: Sequence[Sequence[str]], place: int) -> dict[str, list[str]]:
    return {
        "text": [row[place].strip() for row in rows],
        "pair": [row[place + 1].strip() for row in rows],
    }
