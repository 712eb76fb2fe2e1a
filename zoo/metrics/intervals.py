"""95 % intervals of a metric over other examples; `benchmarks/interval_coverage.py` chose the methods.

An interval speaks of examples like those that were scored: how far the metric would move on another
draw of them, with the same weights. Examples that belong together (the clips of one speaker) are
drawn together, so their number is that of the groups.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from zoo.metrics.base import Metric

LEVEL = 0.95
TAIL = (1 - LEVEL) / 2
RESAMPLES = 1000
BLOCK = 4_000_000  # weights that are drawn at once
FEW = 20  # draws, of which the level of an interval is raised
FEWEST_MIXED = 10  # groups with mistakes, below which their variance is not trusted
CONTINUITY = 0.6  # of the observed count's probability; 0.5 is "mid-p", 1 Clopper and Pearson's


@dataclass(frozen=True)
class Interval:
    """The ends of an interval and how they came about; ends of None where there is none."""

    low: float | None
    high: float | None
    method: str


NONE = Interval(None, None, "none")


@dataclass(frozen=True)
class Sampling:
    """What was drawn: single examples, or groups of them.

    Attributes:
        count: examples, or groups.
        what: "320 examples" or "16 speakers".
        codes: group of each example from 0, (N,); None where each was drawn by itself.
    """

    count: int
    what: str
    codes: np.ndarray | None = None

    @classmethod
    def of(cls, count: int, groups: Sequence[Any] | None = None, *, noun: str = "") -> "Sampling":
        """Describe how `count` examples were drawn.

        Args:
            count: of examples.
            groups: whom each belongs to, (N,); None where each was drawn by itself. Of a single
                group, other groups cannot be judged: its examples are then what was drawn.
            noun: what the groups are, in the plural ("speakers").
        """
        if groups is None:
            return cls(count, f"{count:,} examples")
        names, codes = np.unique(np.asarray(groups), return_inverse=True)
        noun = noun or "groups"
        if len(names) < 2:
            return cls(count, f"{count:,} examples, all of one of the {noun}")
        if len(names) == count:
            return cls(count, f"{count:,} {noun}")
        return cls(len(names), f"{len(names):,} {noun}", codes)

    def of_some(self, own: np.ndarray) -> "Sampling":
        """Return how the examples were drawn that `own`, bool (N,), says; a group needs one of them."""
        if self.codes is None:
            return replace(self, count=int(own.sum()))
        names, codes = np.unique(self.codes[own], return_inverse=True)
        return replace(self, count=len(names), codes=codes)

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Add up what belongs together: (N,) to (count,)."""
        if self.codes is None:
            return values
        return np.bincount(self.codes, weights=values, minlength=self.count)


def binomial(right: int, count: int) -> Interval:
    """Return the exact interval of a share: `right` of `count` independent examples.

    Blaker's (2000, Canadian Journal of Statistics 28), which covers 95 % or more and lies within
    Clopper and Pearson's; theirs where all are right or none is.

    >>> round(binomial(0, 20).high, 4)
    0.1684
    """
    if right in (0, count):
        far = TAIL ** (1 / count)
        low, high = (0.0, 1 - far) if right == 0 else (far, 1.0)
        return Interval(low, high, "exact binomial")
    low, high = _blaker_low(right, count), 1 - _blaker_low(count - right, count)
    return Interval(low, high, "exact binomial")


def _blaker_low(right: int, count: int) -> float:
    """Return the smallest share that Blaker's test accepts at 5 %."""
    from scipy.stats import beta, binom

    def accepted(share: np.ndarray) -> np.ndarray:
        above = binom.sf(right - 1, count, share)  # as many right or more
        k = binom.ppf(above, count, share)  # the other tail: all that is as unlikely or more so
        k = np.where(binom.cdf(k, count, share) > above * (1 + 1e-9), k - 1, k)
        return above + binom.cdf(k, count, share) > 1 - LEVEL

    low, high = beta.ppf((TAIL, 1 - LEVEL), right, count - right + 1)  # it lies between
    for _ in range(4):
        shares = np.linspace(low, high, 201)
        first = int(np.argmax(accepted(shares))) if accepted(shares).any() else 200
        low, high = shares[max(first - 1, 0)], shares[first]
    return float(low)


def grouped_share(
    value: float,
    parts: np.ndarray,
    sampling: Sampling,
    *,
    examples: float,
    mixed: int,
    upwards: float = 0.0,
) -> Interval:
    """Return the interval of a share whose examples were drawn in groups.

    That of a binomial with as many examples as would be equally certain (Korn and Graubard 1998,
    Survey Methodology 24). Where few groups have mistakes, the variance says little, and the number
    comes near that of the groups; where none has, or all are wrong, it is that.

    Args:
        value: the share.
        parts: what each group adds to it, (G,), with sum 0.
        sampling: the groups.
        examples: in all groups together.
        mixed: groups with a mistake, or with a right answer where those are fewer.
        upwards: by how much the value may lie too low.
    """
    if value in (0.0, 1.0):
        exact = binomial(round(value) * sampling.count, sampling.count)
        return Interval(exact.low, exact.high, f"{exact.method} over {sampling.what}")
    groups = sampling.count
    variance = (parts**2).sum() * groups / (groups - 1) + upwards**2
    trusted = groups + max(examples - groups, 0) * min(1, mixed / FEWEST_MIXED)
    count = min(trusted, value * (1 - value) / variance) if variance else trusted
    high = min(value + upwards, 1.0)
    tail = cautious_tail(parts)
    low, high = effective_binomial(value, high, count * student_share(groups), tail=tail)
    return Interval(low, high, f"effective binomial over {sampling.what}")


def student_share(count: int) -> float:
    """Return which share of the examples is left where their variance was estimated from few."""
    from scipy.stats import norm
    from scipy.stats import t as student

    return float((norm.isf(TAIL) / student.isf(TAIL, count - 1)) ** 2)


def cautious_tail(parts: np.ndarray, *, few: int = FEW) -> float:
    """Return the probability beyond each end; few or very skewed numbers hide their own tail."""
    deviation = parts.std()
    skewness = float((parts**3).mean() / deviation**3) if deviation else 0.0
    return TAIL * len(parts) / (len(parts) + few + 3 * skewness**2)


def effective_binomial(
    low: float, high: float, count: float, *, tail: float = TAIL
) -> tuple[float, float]:
    """Return the interval of a share by as many examples as would be equally certain.

    Args:
        low: share that the lower end is taken from.
        high: share that the upper end is taken from; larger where an estimate is biased downwards.
        count: of examples; need not be whole.
        tail: probability beyond each end.
    """
    return _tail_end(low * count, count, tail), 1 - _tail_end((1 - high) * count, count, tail)


def _tail_end(right: float, count: float, tail: float) -> float:
    from scipy.optimize import brentq
    from scipy.special import betainc

    if right <= 0:
        return 0.0
    if count - right <= 1e-9:
        return tail ** (1 / count)

    def excess(share: float) -> float:
        at_least = betainc(right, count - right + 1, share)
        more = betainc(right + 1, count - right, share)
        return CONTINUITY * at_least + (1 - CONTINUITY) * more - tail

    return float(brentq(excess, 0.0, 1.0, xtol=1e-12))


def skewed_t(value: float, parts: np.ndarray) -> tuple[float, float] | None:
    """Return Student's interval, corrected for skewness (Hall 1992, JRSS B 54, the cubic transform).

    It does without resampling what the studentised bootstrap does.

    Args:
        value: that was estimated.
        parts: what each draw adds to it, (G,), with mean 0: `x - x.mean()` for a mean.

    Returns:
        The ends; None where all draws say the same.
    """
    from scipy.stats import t as student

    count = len(parts)
    deviation = parts.std(ddof=1) if count > 1 else 0.0
    if not deviation > 1e-12 * max(1.0, abs(value)):
        return None
    skewness = float((parts**3).mean() / parts.std() ** 3)
    quantile = float(student.isf(cautious_tail(parts), count - 1)) / math.sqrt(count)

    def inverse(y: float) -> float:
        if abs(skewness) < 1e-6:
            return y
        inner = 1 + skewness * (y - skewness / (6 * count))
        return 3 / skewness * (math.copysign(abs(inner) ** (1 / 3), inner) - 1)

    return (
        float(value - inverse(quantile) * deviation),
        float(value - inverse(-quantile) * deviation),
    )


def weights_of(sampling: Sampling, *, seed: int, resamples: int = RESAMPLES):
    """Yield how often each example is drawn in each resample: blocks of (rows, N)."""
    generator = np.random.default_rng(seed)
    examples = sampling.count if sampling.codes is None else len(sampling.codes)
    rows = max(1, min(resamples, BLOCK // examples))
    for start in range(0, resamples, rows):
        size = min(rows, resamples - start)
        chosen = generator.integers(sampling.count, size=(size, sampling.count), dtype="int32")
        chosen += (np.arange(size, dtype="int32") * sampling.count)[:, None]
        drawn = np.bincount(chosen.ravel(), minlength=size * sampling.count)
        drawn = drawn.reshape(size, sampling.count).astype("float64")
        yield drawn if sampling.codes is None else drawn[:, sampling.codes]


def bootstrap(
    function: Callable[[np.ndarray], np.ndarray],
    value: float,
    sampling: Sampling,
    *,
    seed: int = 0,
    tail: float = TAIL,
    resamples: int = RESAMPLES,
) -> Interval:
    """Return the bias-corrected percentile interval (Efron 1981), widened for few draws.

    Args:
        function: from weights, (R, N), to the metric of each resample, (R,).
        value: of the examples as they are.
        sampling: what is drawn.
        seed: of the draws.
        tail: probability beyond each end.
        resamples: number of draws.
    """
    from scipy.stats import norm
    from scipy.stats import t as student

    if sampling.count < 2:
        return NONE
    drawn = weights_of(sampling, seed=seed, resamples=resamples)
    found = np.concatenate([function(weights) for weights in drawn])
    found = found[np.isfinite(found)]
    if not found.size or np.ptp(found) == 0:
        return NONE
    below = (np.count_nonzero(found < value) + np.count_nonzero(found == value) / 2) / found.size
    shift = norm.ppf(np.clip(below, 1 / found.size, 1 - 1 / found.size))
    wide = student.isf(tail, sampling.count - 1) * math.sqrt(sampling.count / (sampling.count - 1))
    low, high = np.quantile(found, norm.cdf([2 * shift - wide, 2 * shift + wide]))
    return Interval(
        min(float(low), value), max(float(high), value), f"bootstrap over {sampling.what}"
    )


def mean_interval(
    values: Sequence[float], metric: Metric, *, overlap: float = 0.0
) -> tuple[float, float]:
    """Return the 95 % interval of the mean of several runs: mean ± t · s · √(1/n + overlap).

    Args:
        values: two or more results.
        metric: whose results they are; its unit bounds the interval.
        overlap: added to 1/n where runs share training data: test examples over training examples
            (Nadeau, Bengio 2003, Machine Learning 52); 0 for independent runs.

    >>> low, high = mean_interval([0.90, 0.92, 0.91], Metric("accuracy"))
    >>> round(low, 4), round(high, 4)
    (0.8852, 0.9348)
    """
    from scipy import stats

    count, mean = len(values), math.fsum(values) / len(values)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (count - 1))
    half = float(stats.t.isf(TAIL, count - 1)) * deviation * math.sqrt(1 / count + overlap)
    return metric.clip(mean - half), metric.clip(mean + half)


def prediction_interval(values: list[float], metric: Metric) -> tuple[float, float]:
    """Return the 95 % interval for one further value: mean ± t · s · √(1 + 1/n).

    Args:
        values: two or more independent results.
        metric: whose results they are; its unit bounds the interval.
    """
    from scipy import stats

    count, mean = len(values), math.fsum(values) / len(values)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (count - 1))
    half = float(stats.t.ppf(0.975, count - 1)) * deviation * math.sqrt(1 + 1 / count)
    return metric.clip(mean - half), metric.clip(mean + half)
