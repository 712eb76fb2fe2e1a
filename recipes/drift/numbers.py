"""Numbers: compared by Kolmogorov and Smirnov; their ranks for the classifier."""

from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np

from recipes.drift.kind import Kind, Measure, joined
from recipes.drift.two_sample import Test, numbers_test


@final
class Numbers(Kind):
    """Finite numbers."""

    word: ClassVar[str] = "numbers"
    measures: ClassVar[tuple[Measure, ...]] = (Measure("mean", digits=4),)

    def measured(self, values: Sequence[float]) -> np.ndarray:
        """Return the numbers themselves."""
        return np.asarray(values, "float64").reshape(-1, 1)

    def features(self, values: Sequence[float], measured: np.ndarray) -> np.ndarray:
        """Return normal scores of the ranks, for the place of numbers, and squares, for their spread."""
        from scipy.stats import norm, rankdata

        scores = norm.ppf((rankdata(values) - 0.5) / len(values))
        return joined(np.column_stack([scores, scores**2]))

    def test(
        self, values: Sequence[float], features: np.ndarray, is_second: np.ndarray, *, seed: int
    ) -> Test:
        numbers = np.asarray(values, "float64")
        return numbers_test(numbers[~is_second], numbers[is_second])

    def words(self, values: Sequence[float], is_second: np.ndarray) -> list[str]:
        numbers = np.asarray(values, "float64")
        parts = (numbers[~is_second], numbers[is_second])
        return [
            f"{name} {function(parts[0]):,.4g} → {function(parts[1]):,.4g}"
            for name, function in (("mean", np.mean), ("median", np.median), ("deviation", np.std))
        ]
