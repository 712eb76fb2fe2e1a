"""Handwritten digits that scikit-learn carries: 1,797 gray images of 8 x 8 pixels."""

import numpy as np

from zoo.catalog.datasets import DATASETS
from zoo.columns import Image, Label
from zoo.data.dataset import Dataset, Split
from zoo.data.splits import stratified_indices

_CARD = next(card for card in DATASETS if card.name == "digits")
_TEST_FRACTION = 0.2
_TEST_SEED = 0  # never changed: a result is only comparable on the same test split


def load() -> Dataset:
    """Return the digits with a fixed, stratified test split of 20 %.

    Each pixel counts the ink in a 4 x 4 block of the scan, 0..16, and is scaled to 0..255. Source:
    the test part of UCI's "Optical Recognition of Handwritten Digits" (Alpaydin, Kaynak 1998).
    Who wrote which digit is not recorded in this copy, so the same hands may be in both splits.

    Returns:
        image uint8 (8, 8, 1), label 0..9; splits "train" and "test", no "validation".

    >>> len(load().splits["train"])
    1438
    """
    from sklearn.datasets import load_digits  # a second of imports that listing must not pay

    bunch = load_digits()
    images = np.round(bunch.images * (255 / 16)).astype("uint8")[..., None]  # (N, 8, 8, 1)
    labels = bunch.target.astype("int64")  # (N,)
    train, test = stratified_indices(
        labels, fractions=(1 - _TEST_FRACTION, _TEST_FRACTION), seed=_TEST_SEED
    )
    everything = Split({"image": images, "label": labels})
    return Dataset(
        name="digits",
        splits={"train": everything.take(train), "test": everything.take(test)},
        features={"image": Image((8, 8, 1)), "label": Label()},
        classes=tuple(str(digit) for digit in range(10)),
        licence=_CARD.licence,
        source="embedded",
        homepage=_CARD.homepage,
        notes=(
            "The test split is kerazoo's own: stratified by class, seed 0, 20 %.",
            "The writers are not recorded, so the same hands may be in train and test.",
        ),
    )
