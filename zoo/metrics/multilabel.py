"""Metrics of several labels at once, and the threshold of each class."""

from collections.abc import Mapping
from typing import final

import numpy as np

from zoo.metrics.estimators import Estimator, Statistics

LEAST_EXAMPLES = 10  # with a label, and without it, for a threshold of its own
USUAL = 0.5  # threshold of a class that has fewer


def multilabel_statistics(
    probabilities: np.ndarray, thresholds: np.ndarray, truths: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the statistics of the metrics below.

    Args:
        probabilities: (N, K).
        thresholds: (N, K).
        truths: 0 or 1, (N, K).

    Returns:
        "probability", "chosen" and "truth", float64 (N, K) each; chosen is 0 or 1.
    """
    probability = np.asarray(probabilities, "float64")
    return {
        "probability": probability,
        "chosen": (probability >= np.asarray(thresholds, "float64")).astype("float64"),
        "truth": np.asarray(truths, "float64"),
    }


@final
class LabelF1(Estimator):
    """2 TP / (2 TP + FP + FN), in [0, 1].

    Args:
        micro: counts over all classes together; otherwise the mean over the classes that occur in
            truths or answers. Without any of them it is 0.
    """

    def __init__(self, *, micro: bool):
        self.micro = micro

    def __call__(self, statistics: Statistics, weights: np.ndarray | None = None) -> np.ndarray:
        chosen, truth = statistics["chosen"], statistics["truth"]
        rows = np.ones((1, len(truth))) if weights is None else weights
        both, either = rows @ (2 * chosen * truth), rows @ (chosen + truth)  # (R, K)
        if self.micro:
            both, either = both.sum(axis=1, keepdims=True), either.sum(axis=1, keepdims=True)
        occurs = either > 0
        found = np.where(occurs, both / np.where(occurs, either, 1), 0).sum(axis=1)
        values = found / np.maximum(occurs.sum(axis=1), 1)
        return values[0] if weights is None else values


@final
class MeanAveragePrecision(Estimator):
    """Average precision, the mean over the classes that have examples; 0 without any.

    The average precision is the sum of precisions at each distinct probability, weighted by the rise
    of recall there, as in scikit-learn.
    """

    def __call__(self, statistics: Statistics, weights: np.ndarray | None = None) -> np.ndarray:
        scores, truth = statistics["probability"], statistics["truth"]
        rows = np.ones((1, len(truth))) if weights is None else weights
        found = np.stack(
            [average_precision(scores[:, k], truth[:, k], rows) for k in range(truth.shape[1])]
        )
        occurs = np.isfinite(found)  # (K, R)
        total = np.where(occurs, found, 0).sum(axis=0)
        values = total / np.maximum(occurs.sum(axis=0), 1)
        return values[0] if weights is None else values


def average_precision(scores: np.ndarray, truth: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the average precision of one class for each row of weights; NaN without examples.

    Args:
        scores: (N,).
        truth: 0 or 1, (N,).
        weights: (R, N).
    """
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))  # of equal scores
    weights = weights[:, order]
    hits = np.cumsum(weights * truth[order], axis=1)[:, ends]
    answers = np.cumsum(weights, axis=1)[:, ends]
    rise = np.diff(hits, axis=1, prepend=0)
    precision = hits / np.where(answers > 0, answers, 1)
    with np.errstate(invalid="ignore"):
        return (rise * precision).sum(axis=1) / np.where(hits[:, -1] > 0, hits[:, -1], np.nan)


def best_threshold(scores: np.ndarray, truth: np.ndarray) -> float:
    """Return the threshold of one class with the highest F1, or 0.5 where examples are too few.

    It lies midway between two scores; of equally good ones it is the highest.

    Args:
        scores: probabilities of validation examples, (N,).
        truth: 0 or 1, (N,).

    >>> scores = np.linspace(0, 0.38, 20)
    >>> round(best_threshold(scores, (scores > 0.19).astype(float)), 3)
    0.19
    """
    positives = int(truth.sum())
    if min(positives, len(truth) - positives) < LEAST_EXAMPLES or not np.isfinite(scores).all():
        return USUAL
    order = np.argsort(-scores, kind="stable")
    sorted_scores = scores[order]
    ends = np.flatnonzero(np.append(np.diff(sorted_scores) != 0, True))
    hits = np.cumsum(truth[order])[ends]
    f1 = 2 * hits / (ends + 1 + positives)
    best = int(f1.argmax())
    last = sorted_scores[ends[best]]
    below = sorted_scores[ends[best] + 1] if best + 1 < len(ends) else 0.0
    return float((last + below) / 2)


# of the statistics of `multilabel_statistics`
ESTIMATORS: Mapping[str, Estimator] = {
    "macro_f1": LabelF1(micro=False),
    "micro_f1": LabelF1(micro=True),
    "map": MeanAveragePrecision(),
}
