"""Intervals of several groups at once, and of the difference between two independent samples."""

import math
from collections.abc import Mapping
from typing import Any

from zoo.metrics.estimators import Estimator, Share, Statistics, by_example
from zoo.metrics.intervals import NONE, TAIL, Interval, Sampling


def simultaneous(
    estimator: Estimator, statistics: Statistics, sampling: Sampling, *, of: int
) -> Interval:
    """Return an interval of one of several groups such that all of them hold at once in 95 % of cases.

    Whichever group is picked, also because it is the worst, its interval then still holds: each is
    taken at 1 - 5 % / `of` (Bonferroni). A share of independent examples has Clopper and Pearson's
    interval at that level. The ends of others move outwards by the ratio of Student's quantiles, which
    is exact for a normal estimate.

    Args:
        estimator: of the metric.
        statistics: of the group's examples.
        sampling: how they were drawn.
        of: number of groups.
    """
    plain = estimator.interval(statistics, sampling)
    if of < 2 or plain.low is None or plain.high is None:
        return plain
    value = float(estimator(statistics))
    method = f"{plain.method}, at once with {of - 1} other{'s' if of > 2 else ''} (Bonferroni)"
    single = isinstance(estimator, Share) and estimator.denominator is None
    if single and sampling.codes is None:
        right = by_example(statistics[estimator.numerator])
        low, high = clopper_pearson(round(float(right.sum())), len(right), tail=TAIL / of)
        return Interval(low, high, method)
    factor = _quantile(TAIL / of, sampling.count) / _quantile(TAIL, sampling.count)
    low, high = (value + factor * (end - value) for end in (plain.low, plain.high))
    return Interval(low, high, method)


def clopper_pearson(right: int, count: int, *, tail: float) -> tuple[float, float]:
    """Return the exact interval of a share with at most `tail` beyond each end (Biometrika 26, 1934).

    >>> [round(end, 4) for end in clopper_pearson(8, 10, tail=0.025)]
    [0.4439, 0.9748]
    """
    from scipy.stats import beta

    low = float(beta.ppf(tail, right, count - right + 1)) if right else 0.0
    high = float(beta.isf(tail, right + 1, count - right)) if right < count else 1.0
    return low, high


def difference(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Return first - second of two independent samples, with an interval from those of both.

    The method of variance estimates recovery (Zou and Donner 2008, Statistics in Medicine 27), which
    for shares is Newcombe's (1998, ibid. 17, method 10): it squares and adds the distances of the ends.

    Args:
        first, second: entries with "value", "low" and "high" at one level.

    >>> second = {"value": 0.9, "low": 0.8, "high": 1.0}
    >>> found = difference({"value": 0.7, "low": 0.6, "high": 0.8}, second)
    >>> [round(found[key], 3) for key in ("value", "low", "high")]
    [-0.2, -0.341, -0.059]
    """
    value = first["value"] - second["value"]
    ends = [entry.get(end) for entry in (first, second) for end in ("low", "high")]
    if not math.isfinite(value) or any(end is None for end in ends):
        return {"value": value if math.isfinite(value) else None} | vars(NONE)
    below = math.hypot(first["value"] - ends[0], ends[3] - second["value"])
    above = math.hypot(ends[1] - first["value"], second["value"] - ends[2])
    return {
        "value": value,
        "low": value - below,
        "high": value + above,
        "method": "from the intervals of both (Newcombe)",
    }


def _quantile(tail: float, count: int) -> float:
    from scipy.stats import t as student

    return float(student.isf(tail, max(count - 1, 1)))
