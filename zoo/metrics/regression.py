"""Metrics of predicted numbers; with several targets, the mean over them."""

import abc
from collections.abc import Mapping
from typing import final

import numpy as np

from zoo.metrics.estimators import Estimator, Ratio, Statistics


def regression_statistics(guesses: np.ndarray, truths: np.ndarray) -> dict[str, np.ndarray]:
    """Return the statistics of the metrics below.

    Args:
        guesses: (N, T), for T targets.
        truths: (N, T).

    Returns:
        "guess" and "truth", float64 (N, T), and "absolute", (N,): the absolute error, averaged over
        the targets.
    """
    guess, truth = np.asarray(guesses, "float64"), np.asarray(truths, "float64")
    return {"guess": guess, "truth": truth, "absolute": np.abs(guess - truth).mean(axis=1)}


class OverTargets(Estimator):
    """The mean over targets of a metric of each; abstract, because subclasses say which."""

    def __call__(self, statistics: Statistics, weights: np.ndarray | None = None) -> np.ndarray:
        guess, truth = statistics["guess"], statistics["truth"]
        rows = np.ones((1, len(guess))) if weights is None else weights
        found = [self.of(guess[:, t], truth[:, t], rows) for t in range(guess.shape[1])]
        values = np.mean(found, axis=0)  # (R,)
        return values[0] if weights is None else values

    @abc.abstractmethod
    def of(self, guess: np.ndarray, truth: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Return the metric of one target for each row of weights.

        Args:
            guess: (N,).
            truth: (N,).
            weights: (R, N).
        """


@final
class RootMeanSquare(OverTargets):
    """The root of the mean squared error."""

    def of(self, guess: np.ndarray, truth: np.ndarray, weights: np.ndarray) -> np.ndarray:
        return np.sqrt(weights @ np.square(guess - truth) / weights.sum(axis=1))


@final
class Determination(OverTargets):
    """R²: the share of the variance that is predicted, below 0 where the mean would do better.

    Where all truths are equal it is 1 for perfect predictions and 0 otherwise, as in scikit-learn.
    """

    def of(self, guess: np.ndarray, truth: np.ndarray, weights: np.ndarray) -> np.ndarray:
        centred = truth - truth.mean()  # large numbers lose no digits in what follows
        total = weights.sum(axis=1)
        spread = weights @ centred**2 - (weights @ centred) ** 2 / total
        left = weights @ np.square(guess - truth)
        flat = spread <= 1e-12 * np.maximum(weights @ centred**2, 1e-300)
        ratio = left / np.where(flat, 1, spread)
        return np.where(flat, (left == 0).astype("float64"), 1 - ratio)


@final
class RankCorrelation(OverTargets):
    """Spearman's correlation: Pearson's of the ranks, ties having their mean rank.

    It is 0 where all predictions or all truths are equal, which say nothing about an order.
    """

    def of(self, guess: np.ndarray, truth: np.ndarray, weights: np.ndarray) -> np.ndarray:
        one, other = _ranks(guess, weights), _ranks(truth, weights)
        total = weights.sum(axis=1, keepdims=True)
        one -= (weights * one).sum(axis=1, keepdims=True) / total
        other -= (weights * other).sum(axis=1, keepdims=True) / total
        together = (weights * one * other).sum(axis=1)
        size = (weights * one**2).sum(axis=1) * (weights * other**2).sum(axis=1)
        flat = size <= 1e-18 * total[:, 0] ** 2
        return np.where(flat, 0.0, together / np.sqrt(np.where(flat, 1, size)))


def _ranks(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the mean rank of each value where it occurs as often as its weight says, (R, N)."""
    _, place = np.unique(values, return_inverse=True)
    counts = np.stack([np.bincount(place, row) for row in weights])  # (R, distinct values)
    before = np.cumsum(counts, axis=1) - counts
    return (before + (counts + 1) / 2)[:, place]


# of the statistics of `regression_statistics`
ESTIMATORS: Mapping[str, Estimator] = {
    "mae": Ratio("absolute"),
    "rmse": RootMeanSquare(),
    "r2": Determination(),
    "spearman": RankCorrelation(),
}
