"""Movie-review polarity: 10,662 sentences, half of them positive (Pang, Lee 2005)."""

import os

import numpy as np

from zoo.catalog.datasets import DATASETS
from zoo.columns import Label, Text
from zoo.data.archive import find_files, read_file
from zoo.data.dataset import Dataset, Split
from zoo.errors import ArgumentError

_CARD = next(card for card in DATASETS if card.name == "mr_polarity")
_CLASSES = {"negative": "rt-polarity.neg", "positive": "rt-polarity.pos"}
_FOLDS = 10
_SEED = 0  # never changed: a result is only comparable on the same folds


def load(
    name: str,
    *,
    data_dir: str | os.PathLike | None = None,
    download: bool = False,
    fold: int = 0,
) -> Dataset:
    """Return the sentences, one of ten fixed folds as the test split and the other nine as train.

    There is no official split: results are usually means over ten folds (cs/0506075; 1408.5882,
    section 3). Here, each class is permuted once with a fixed seed; the sentence at place i of the
    permutation belongs to fold i modulo 10. Sentences are tokenized and in lower case as they come;
    the blank at their end is dropped.

    Args:
        name: "mr_polarity".
        data_dir: the folder that holds mr_polarity/; None takes ZOO_DATA_DIR.
        download: changes nothing: files that are missing must be fetched by hand.
        fold: which tenth is the test split, 0..9.

    Returns:
        text str, label 0 (negative) or 1 (positive); splits "train" and "test", no "validation".

    Raises:
        ArgumentError: no such fold.
        DataError: the files are missing or are not the published ones.

    >>> load("mr_polarity", fold=3).counts()["test"]  # doctest: +SKIP
    [533, 533]
    """
    if not isinstance(fold, int) or isinstance(fold, bool) or not 0 <= fold < _FOLDS:
        raise ArgumentError(
            f"{name} has no fold {fold!r}.",
            expected=f"a whole number from 0 to {_FOLDS - 1}",
            fix="set data.arguments.fold to one of them",
        )
    everything, folds = _read(data_dir)
    in_test = folds == fold
    return Dataset(
        name=name,
        splits={
            "train": everything.take(np.flatnonzero(~in_test)),
            "test": everything.take(np.flatnonzero(in_test)),
        },
        features={"text": Text(), "label": Label()},
        classes=tuple(_CLASSES),
        licence=_CARD.licence,
        source="archive",
        homepage=_CARD.homepage,
        notes=(
            f"The test split is fold {fold} of kerazoo's own ten: stratified by class, seed {_SEED}.",
            "Which review a sentence is from is not recorded: one may be in train and test.",
        ),
    )


def _read(data_dir: str | os.PathLike | None) -> tuple[Split, np.ndarray]:
    """Return all examples, class by class in the order of the files, and the fold of each, (N,)."""
    paths = find_files(_CARD, data_dir=data_dir)
    texts: list[str] = []
    labels: list[np.ndarray] = []
    folds: list[np.ndarray] = []
    for label, file in enumerate(_CLASSES.values()):
        lines = read_file(paths[file]).decode("cp1252").split("\n")
        sentences = [line.strip() for line in lines if line.strip()]
        permutation = np.random.default_rng([_SEED, label]).permutation(len(sentences))
        fold_of = np.empty(len(sentences), "int64")
        fold_of[permutation] = np.arange(len(sentences)) % _FOLDS
        texts += sentences
        labels.append(np.full(len(sentences), label, "int64"))
        folds.append(fold_of)
    return Split({"text": texts, "label": np.concatenate(labels)}), np.concatenate(folds)
