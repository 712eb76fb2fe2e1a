"""Metrics of verification: do two recordings come from one person? Higher scores say yes.

A trial is a pair with a score and a truth. A threshold accepts the pairs above it: false alarms are
accepted pairs of two people, misses are refused pairs of one. Weights count trials several times, as a
bootstrap does that draws speakers: that of a pair of two people is the product of how often both were
drawn, that of a pair of one person how often it was.
"""

import numpy as np

from zoo.errors import DataError


def error_rates(
    scores: np.ndarray, same: np.ndarray, weights: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return false alarms and misses as the threshold falls, from "refuse all" to "accept all".

    Args:
        scores: of the trials, (N,).
        same: whether a trial is of one person, (N,).
        weights: of the trials, >= 0, (N,).

    Returns:
        Shares of the trials of two people and of one, float64 (K,) each, K - 1 being the number of
        different scores.

    Raises:
        DataError: there are no trials of one of both kinds, or a score is not finite.

    >>> [rates.tolist() for rates in error_rates(np.array([2.0, 1.0]), np.array([True, False]))]
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    scores, same = np.asarray(scores, "float64"), np.asarray(same, "bool")
    counts = np.ones(len(scores)) if weights is None else np.asarray(weights, "float64")
    of_one, of_two = counts * same, counts * ~same
    if not (of_one.sum() > 0 and of_two.sum() > 0 and np.isfinite(scores).all()):
        raise DataError(
            f"{int(same.sum())} trials of one person and {int((~same).sum())} of two, "
            f"{int((~np.isfinite(scores)).sum())} scores that are not finite: no rates.",
            expected="finite scores of trials of both kinds",
            fix="give at least two recordings of a speaker, and two speakers",
        )
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)  # of equal scores
    alarms = np.append(0.0, np.cumsum(of_two[order])[last] / of_two.sum())
    misses = np.append(1.0, 1 - np.cumsum(of_one[order])[last] / of_one.sum())
    return alarms, misses


def eer(scores: np.ndarray, same: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Return the equal error rate: where false alarms and misses are the same share, in [0, 1].

    Between two thresholds the rates are interpolated linearly. Arguments and errors as of
    `error_rates`.

    >>> eer(np.array([3.0, 1.0, 2.0, 0.0]), np.array([True, True, False, False]))
    0.5
    """
    alarms, misses = error_rates(scores, same, weights)
    gap = alarms - misses  # grows from -1 to 1
    after = int(np.argmax(gap >= 0))
    share = -gap[after - 1] / (gap[after] - gap[after - 1])
    return float(alarms[after - 1] + share * (alarms[after] - alarms[after - 1]))


def min_dcf(
    scores: np.ndarray,
    same: np.ndarray,
    weights: np.ndarray | None = None,
    *,
    target_share: float = 0.01,
    miss_cost: float = 1.0,
    alarm_cost: float = 1.0,
) -> float:
    """Return the smallest detection cost of any threshold, over that of a system without ears.

    miss_cost · target_share · misses + alarm_cost · (1 - target_share) · false alarms (NIST's cost),
    divided by the cost of refusing all or accepting all, whichever is less; [0, 1].

    Args:
        scores, same, weights: as of `error_rates`.
        target_share: of trials of one person where the system is used, (0, 1).
        miss_cost: of a miss.
        alarm_cost: of a false alarm.

    >>> min_dcf(np.array([3.0, 1.0, 2.0, 0.0]), np.array([True, True, False, False]))
    0.5
    """
    alarms, misses = error_rates(scores, same, weights)
    miss, alarm = miss_cost * target_share, alarm_cost * (1 - target_share)
    return float(np.min(miss * misses + alarm * alarms) / min(miss, alarm))
