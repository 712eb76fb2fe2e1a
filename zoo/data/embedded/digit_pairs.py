"""Two handwritten digits side by side: a made set for several labels, and for a number."""

import numpy as np

from zoo.catalog.datasets import DATASETS
from zoo.columns import Image, Labels, Number
from zoo.data.dataset import Dataset, Split
from zoo.data.embedded.digits import load as load_digits

_CARD = next(card for card in DATASETS if card.name == "digit_pairs")
_ROUNDS = {"train": 4, "test": 1}  # in how many pairs each digit is; pairs of test are independent
_SEED = 0  # never changed: a result is only comparable on the same pairs
_CLASSES = tuple(str(digit) for digit in range(10))


def load() -> Dataset:
    """Return pairs of the digits of `zoo.data.embedded.digits`, drawn within train and within test.

    Returns:
        image uint8 (8, 16, 1); labels, the names of the digits that it shows, one or two; sum of the
        two digits, float64. Splits "train" (2,876) and "test" (179), no "validation".

    >>> example = load().splits["test"][0]
    >>> example["image"].shape, len(example["labels"]) in (1, 2)
    ((8, 16, 1), True)
    """
    digits = load_digits()
    splits = {name: _pairs(digits.splits[name], _ROUNDS[name]) for name in ("train", "test")}
    return Dataset(
        name="digit_pairs",
        splits=splits,
        features={"image": Image((8, 16, 1)), "labels": Labels(_CLASSES), "sum": Number()},
        classes=(),
        licence=_CARD.licence,
        source="embedded",
        homepage=_CARD.homepage,
        notes=(
            "The pairs are made: two digits side by side, both of train or both of test, seed 0.",
            *digits.notes,
        ),
    )


def _pairs(digits: Split, rounds: int) -> Split:
    images, values = digits.columns["image"], digits.labels
    generator = np.random.default_rng(_SEED)
    half = len(digits) // 2
    orders = [generator.permutation(len(digits)) for _ in range(rounds)]
    left = np.concatenate([order[:half] for order in orders])
    right = np.concatenate([order[half : 2 * half] for order in orders])
    shown = zip(values[left].tolist(), values[right].tolist(), strict=True)
    return Split(
        {
            "image": np.concatenate([images[left], images[right]], axis=2),  # (N, 8, 16, 1)
            "labels": [tuple(_CLASSES[digit] for digit in sorted({*pair})) for pair in shown],
            "sum": (values[left] + values[right]).astype("float64"),
        }
    )
