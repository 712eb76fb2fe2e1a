"""Categories: shares compared by chi-squared; one feature for each for the classifier."""

from collections.abc import Sequence
from typing import Any, ClassVar, final

import numpy as np

from recipes.drift.kind import Kind, joined
from recipes.drift.two_sample import Test, categories_test

MOST_FEATURES = 100  # categories, the most frequent
NAMED = 3  # in a message


@final
class Categories(Kind):
    """Strings of which there are few, such as classes."""

    word: ClassVar[str] = "categories"

    def measured(self, values: Sequence[str]) -> np.ndarray:
        """Return nothing: categories have no numbers."""
        return np.zeros((len(values), 0))

    def features(self, values: Sequence[str], measured: np.ndarray) -> np.ndarray:
        """Return 1 for the category of each value, (N, K)."""
        names, codes = _coded(values)
        frequent = np.argsort(-np.bincount(codes), kind="stable")[:MOST_FEATURES]
        return joined((codes[:, None] == frequent).astype("float64")) if len(names) else measured

    def test(
        self, values: Sequence[str], features: np.ndarray, is_second: np.ndarray, *, seed: int
    ) -> Test:
        return categories_test(_counts(values, is_second)[1])

    def words(self, values: Sequence[str], is_second: np.ndarray) -> list[str]:
        names, counts = _counts(values, is_second)
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        order = np.argsort(-np.abs(shares[1] - shares[0]), kind="stable")[:NAMED]
        told = [f"{names[i]} {100 * shares[0, i]:.1f} → {100 * shares[1, i]:.1f} %" for i in order]
        return [", ".join(told)]


def _coded(values: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
    return np.unique(np.asarray([str(value) for value in values]), return_inverse=True)


def _counts(values: Sequence[Any], is_second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the names, (K,), and how often each occurs in both samples, (2, K)."""
    names, codes = _coded(values)
    counts = [np.bincount(codes[is_second == side], minlength=len(names)) for side in (False, True)]
    return names, np.stack(counts)
