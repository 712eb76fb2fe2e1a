"""Paired statistics of two models on the same examples."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from zoo.metrics.base import Metric
from zoo.metrics.estimators import Estimator, Statistics
from zoo.metrics.intervals import NONE, TAIL, Interval, Sampling, bootstrap

ALPHA = 0.05
_RESAMPLES = 2000  # for each comparison that is made


def difference(
    estimator: Estimator,
    first: Statistics,
    second: Statistics,
    sampling: Sampling,
    *,
    comparisons: int = 1,
    seed: int = 0,
) -> tuple[float, Interval]:
    """Return how far a metric of the first model lies above that of the second, with its interval.

    The same examples, or groups, are drawn for both models (paired bootstrap).

    Args:
        estimator: of the metric.
        first: statistics of one model, by example.
        second: those of the other, of the same examples in the same order.
        sampling: what is drawn.
        comparisons: of how many; all their intervals hold together with 95 % (Bonferroni).
        seed: of the draws.

    Returns:
        The difference, and an interval without ends where there is none to give.
    """
    value = float(estimator(first) - estimator(second))
    if not estimator.resampled or not math.isfinite(value):
        return value, NONE
    found = bootstrap(
        lambda weights: estimator(first, weights) - estimator(second, weights),
        value,
        sampling,
        seed=seed,
        tail=TAIL / comparisons,
        resamples=_RESAMPLES * comparisons,
    )
    if found.low is None:
        return value, NONE
    return value, Interval(found.low, found.high, f"paired {found.method}")


def mcnemar(first: np.ndarray, second: np.ndarray, *, comparisons: int = 1) -> dict[str, Any]:
    """Return the exact test of McNemar (1947, Psychometrika 12): who is right where the other is not.

    Args:
        first: whether one model is right, (N,).
        second: whether the other is, (N,).
        comparisons: of how many; p is multiplied by it (Bonferroni).

    Returns:
        {"first_only", "second_only", "p"}: examples that only one of the two has right, and how
        often chance would divide them at least as unevenly.

    >>> mcnemar(np.array([1, 1, 1, 1, 1, 0]), np.array([0, 0, 0, 0, 0, 0]))
    {'first_only': 5, 'second_only': 0, 'p': 0.0625}
    """
    from scipy.stats import binomtest

    ours, theirs = np.asarray(first) > 0, np.asarray(second) > 0
    only_first, only_second = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
    count = only_first + only_second
    p = binomtest(only_first, count, 0.5).pvalue if count else 1.0
    return {
        "first_only": only_first,
        "second_only": only_second,
        "p": min(1.0, float(p) * comparisons),
    }


def better(metric: Metric, entry: Mapping[str, Any], test: Mapping[str, Any] | None) -> str | None:
    """Return which model is better, "first" or "second"; None where that is not clear.

    Args:
        metric: that decides.
        entry: its difference, with "low" and "high".
        test: of `mcnemar`; where there is one, it must agree.
    """
    low, high = entry["low"], entry["high"]
    if low is None or low <= 0 <= high or (test is not None and test["p"] >= ALPHA):
        return None
    return "first" if (low > 0) == (metric.mode == "max") else "second"
