"""From per-example statistics to a metric and its interval."""

import abc
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from zoo.metrics.base import Metric
from zoo.metrics.intervals import (
    NONE,
    Interval,
    Sampling,
    binomial,
    bootstrap,
    grouped_share,
    skewed_t,
)

Statistics = Mapping[str, np.ndarray]


class Estimator(abc.ABC):
    """A metric as a function of statistics, of which each example has its own.

    Attributes:
        resampled: whether resampling its examples says how far it would move on others.
    """

    resampled: bool = True

    @abc.abstractmethod
    def __call__(self, statistics: Statistics, weights: np.ndarray | None = None) -> np.ndarray:
        """Return the metric.

        Args:
            statistics: by name, (N, …) each.
            weights: how often each example counts, (R, N); None counts each once.

        Returns:
            A number without weights; (R,) with them.
        """

    def applies(self, statistics: Statistics) -> bool:
        """Tell whether the metric means something here; of data where it does not, it is left out."""
        return True

    def interval(self, statistics: Statistics, sampling: Sampling, *, seed: int = 0) -> Interval:
        """Return the 95 % interval; by the bootstrap unless a subclass has a better method."""
        value = float(self(statistics))
        return bootstrap(lambda weights: self(statistics, weights), value, sampling, seed=seed)


class Function(Estimator):
    """Any function of statistics; its interval is bootstrapped.

    Args:
        function: `(statistics, weights of (N,)) -> float`.
    """

    def __init__(self, function: Callable[[Statistics, np.ndarray], float]):
        self.function = function

    def __call__(self, statistics: Statistics, weights: np.ndarray | None = None) -> np.ndarray:
        if weights is None:
            ones = np.ones(len(next(iter(statistics.values()))))
            return np.float64(self.function(statistics, ones))
        return np.array([self.function(statistics, row) for row in weights], dtype="float64")


class Ratio(Estimator):
    """A sum over a sum: nats per token, errors per word; a mean where nothing is divided by.

    Args:
        numerator: statistic, (N, …); what an example has of it is added up.
        denominator: statistic, (N, …), 0 or more; None counts examples.
        scale: that the ratio is divided by (`math.log(2)` makes nats bits).
    """

    def __init__(self, numerator: str, denominator: str | None = None, *, scale: float = 1.0):
        self.numerator, self.denominator, self.scale = numerator, denominator, scale

    def __call__(self, statistics: Statistics, weights: np.ndarray | None = None) -> np.ndarray:
        over = statistics[self.numerator]
        under = None if self.denominator is None else statistics[self.denominator]
        if weights is None:
            if under is None:
                return np.mean(over, dtype="float64")
            # The divisor in its own precision, as it was when the first records were made.
            return np.sum(over, dtype="float64") / self.scale / float(np.sum(under))
        total = weights.sum(axis=1) if under is None else weights @ by_example(under)
        with np.errstate(invalid="ignore", divide="ignore"):
            return weights @ by_example(over) / self.scale / total

    def interval(self, statistics: Statistics, sampling: Sampling, *, seed: int = 0) -> Interval:
        value, over = float(self(statistics)), by_example(statistics[self.numerator])
        under = np.ones(len(over))
        if self.denominator is not None:
            under = by_example(statistics[self.denominator])
        if not np.isfinite(value) or sampling.count < 2:
            return NONE
        parts = sampling.sums(over / self.scale - value * under)
        ends = skewed_t(value, parts * (sampling.count / under.sum()))
        if ends is None:
            return NONE
        low = max(ends[0], 0.0) if over.min() >= 0 else ends[0]
        return Interval(low, ends[1], f"Hall's t over {sampling.what}")


class Share(Ratio):
    """A share of counts: right answers of all, errors of all words.

    Single right or wrong examples have the exact interval of their binomial, several counts of an
    example and examples in groups that of `grouped_share`. Where errors outnumber the words of an
    example, the rate is not a share, and has the interval of a ratio.
    """

    def interval(self, statistics: Statistics, sampling: Sampling, *, seed: int = 0) -> Interval:
        value, over = float(self(statistics)), by_example(statistics[self.numerator])
        if not np.isfinite(value):
            return NONE
        if self.denominator is None and sampling.codes is None:
            exact = binomial(round(float(over.sum())), len(over))
            return Interval(exact.low, exact.high, f"{exact.method} over {sampling.what}")
        under = np.ones(len(over))
        if self.denominator is not None:
            under = by_example(statistics[self.denominator])
        if (over > under).any() or sampling.count < 2:
            return super().interval(statistics, sampling, seed=seed)
        over, under = sampling.sums(over), sampling.sums(under)
        mixed = min(np.count_nonzero(over), np.count_nonzero(over < under))
        parts = (over - value * under) / under.sum()
        return grouped_share(value, parts, sampling, examples=under.sum(), mixed=mixed)


class Rising(Estimator):
    """A rising function of another metric, such as perplexity of the loss.

    Args:
        function: of an array; it rises everywhere.
        of: the other metric.
    """

    def __init__(self, function: Callable[[np.ndarray], np.ndarray], of: Estimator):
        self.function, self.of = function, of

    def __call__(self, statistics: Statistics, weights: np.ndarray | None = None) -> np.ndarray:
        return self.function(self.of(statistics, weights))

    def interval(self, statistics: Statistics, sampling: Sampling, *, seed: int = 0) -> Interval:
        found = self.of.interval(statistics, sampling, seed=seed)
        if found.low is None or found.high is None:
            return found
        low, high = (float(self.function(np.float64(end))) for end in (found.low, found.high))
        return Interval(low, high, found.method)


def applying(
    metrics: Iterable[Metric], estimators: Mapping[str, Estimator], statistics: Statistics
) -> list[Metric]:
    """Return the metrics that mean something for these statistics."""
    return [metric for metric in metrics if estimators[metric.name].applies(statistics)]


def scores(
    metrics: Iterable[Metric], estimators: Mapping[str, Estimator], statistics: Statistics
) -> dict[str, float]:
    """Return the value of each metric that means something for these statistics, by name."""
    metrics = applying(metrics, estimators, statistics)
    return {metric.name: float(estimators[metric.name](statistics)) for metric in metrics}


def by_example(values: np.ndarray) -> np.ndarray:
    """Add up what each example has: (N, …) to float64 (N,)."""
    return np.asarray(values).reshape(len(values), -1).sum(axis=1, dtype="float64")
