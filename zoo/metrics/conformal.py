"""Prediction intervals from the errors on examples that were not trained on."""

import math

import numpy as np


def conformal_half_width(residuals: np.ndarray, *, level: float) -> float | None:
    """Return the half width of split-conformal intervals.

    It is the ⌈(n + 1) · level⌉-th smallest absolute error of n held-out examples. A new example's
    interval, its prediction ± this number, contains the truth with a probability of at least `level`,
    whatever the model and the distribution, as long as the examples are exchangeable with the new one
    (Vovk, Gammerman, Shafer 2005; Lei et al. 2018, 1604.04173, §2.2).

    Args:
        residuals: prediction minus truth, (n,).
        level: of coverage, (0, 1).

    Returns:
        None where n is below `least_examples(level)`, or an error is not finite.

    >>> conformal_half_width(np.arange(1, 20), level=0.9)
    18.0
    """
    errors = np.sort(np.abs(np.asarray(residuals, "float64")))
    rank = _rank(len(errors), level)
    if rank > len(errors) or not np.isfinite(errors[rank - 1]):
        return None
    return float(errors[rank - 1])


def least_examples(level: float) -> int:
    """Return how many held-out examples intervals of that level need.

    >>> least_examples(0.9)
    9
    """
    count = 1
    while _rank(count, level) > count:
        count += 1
    return count


def _rank(count: int, level: float) -> int:
    # 19 + 1 times 0.9 is 18, also where the product of floats is a little more.
    return math.ceil(round((count + 1) * level, 9))
