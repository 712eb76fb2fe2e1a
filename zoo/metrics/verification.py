"""Metrics of verification: do two recordings come from one person? Higher scores say yes.

A trial is a pair with a score and a truth. A threshold accepts the pairs above it: false alarms are
accepted pairs of two people, misses are refused pairs of one. Weights count trials several times, as a
bootstrap does that draws speakers: that of a pair of two people is the product of how often both were
drawn, that of a pair of one person how often it was.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self, final

import numpy as np

from zoo.errors import DataError
from zoo.metrics.estimators import Estimator, Statistics
from zoo.metrics.intervals import NONE, Interval, Sampling

VERIFIED = "verification"  # key of `Assets.extra`: the threshold that validation chose
_AT_ONCE = 10_000  # trials
MOST_TRIALS = 200_000  # of a split; where there are more pairs, so many are drawn


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
    return _curve(scores, same, weights)[:2]


def _curve(
    scores: np.ndarray, same: np.ndarray, weights: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return false alarms, misses and thresholds from infinity down, (K,) each."""
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
    return alarms, misses, np.append(np.inf, scores[order][last])


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


def check_trials(persons: Sequence[str]) -> None:
    """Refuse a split without pairs of one person and of two.

    Raises:
        DataError: it holds one person, or no two examples of one.
    """
    _, counts = np.unique(np.asarray(persons), return_counts=True)
    if len(counts) < 2 or counts.max() < 2:
        raise DataError(
            f"A split holds {counts.sum():,} examples of {len(counts)} persons: no pairs of one and of "
            "two.",
            expected="two persons or more in each split, one of them with two examples",
            fix="add recordings, or raise data.validation_fraction",
        )


def equal_error_threshold(scores: np.ndarray, same: np.ndarray) -> float:
    """Return the threshold at which false alarms and misses differ least; scores above it are accepted.

    It lies halfway between two scores, or at the lowest of all. Arguments and errors as of
    `error_rates`.

    >>> equal_error_threshold(np.array([4.0, 3.0, 1.0, 0.0]), np.array([True, True, False, False]))
    2.0
    """
    alarms, misses, thresholds = _curve(scores, same, None)
    best = 1 + int(np.argmin(np.abs(alarms - misses)[1:]))
    below = thresholds[min(best + 1, len(thresholds) - 1)]
    return float((thresholds[best] + below) / 2)


def verification_statistics(vectors: np.ndarray, persons: np.ndarray) -> dict[str, np.ndarray]:
    """Return the statistics of the metrics below.

    Args:
        vectors: (N, D).
        persons: a number for each person, (N,).

    Returns:
        "vector", float64 (N, D) of length 1, and "person", (N,).
    """
    vectors = np.asarray(vectors, "float64")
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.maximum(length, 1e-12)
    return {"vector": unit, "person": np.asarray(persons)}


@dataclass(frozen=True)
class Trials:
    """Pairs of the examples of a split, P of them, by falling score.

    Attributes:
        first, second: positions of both, (P,).
        scores: the cosines of their vectors, (P,).
        same: whether both are of one person, (P,).
    """

    first: np.ndarray
    second: np.ndarray
    scores: np.ndarray
    same: np.ndarray

    @classmethod
    def of(cls, statistics: Statistics) -> Self:
        """Return the trials of the statistics of `verification_statistics`.

        All pairs up to `MOST_TRIALS`; of more, one half of so many is drawn among those of one person
        and one among those of two, which leaves both rates as they are on average. Two examples of a
        person with exactly equal vectors are the same recording, and no trial, unless there are no
        others.
        """
        vectors, persons = statistics["vector"], statistics["person"]
        count = len(persons)
        few = count * (count - 1) // 2 <= MOST_TRIALS
        first, second = np.triu_indices(count, 1) if few else _drawn_trials(persons)
        same = persons[first] == persons[second]
        _, recording = np.unique(vectors, axis=0, return_inverse=True)
        copies = same & (recording.ravel()[first] == recording.ravel()[second])
        if (same & ~copies).any():
            first, second, same = first[~copies], second[~copies], same[~copies]
        scores = _products(vectors, first, second)
        order = np.argsort(-scores, kind="stable")
        return cls(first[order], second[order], scores[order], same[order])

    def value(self, function: Callable[..., float], weights: np.ndarray | None = None) -> float:
        """Return `function` of these trials; not a number where there are none of both kinds.

        Args:
            function: `(scores, same, weights of trials) -> float`.
            weights: how often each example's person is drawn, (N,); None counts each trial once.
        """
        counts = np.ones(len(self.scores))
        if weights is not None:
            counts = weights[self.first] * np.where(self.same, 1.0, weights[self.second])
        both = counts[self.same].any() and counts[~self.same].any()
        if not both or not np.isfinite(self.scores).all():
            return np.nan
        return function(self.scores, self.same, counts)


def _products(vectors: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the product of each pair of vectors, (P,); some pairs at a time, as they take memory."""
    found = np.empty(len(first))
    for start in range(0, len(first), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        found[part] = np.einsum("pd,pd->p", vectors[first[part]], vectors[second[part]])
    return found


def _drawn_trials(persons: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    generator, size = np.random.default_rng(0), MOST_TRIALS // 2
    order = np.argsort(persons, kind="stable")
    _, place, counts = np.unique(persons[order], return_inverse=True, return_counts=True)
    starts = np.cumsum(counts) - counts
    several = np.flatnonzero(counts[place] > 1)  # in the order of persons
    a, b = np.zeros((2, 0), "int64")
    if len(several):
        a = several[generator.integers(len(several), size=size)]
        own, shift = counts[place[a]], generator.integers(1, 1 << 40, size=size)
        b = starts[place[a]] + (a - starts[place[a]] + 1 + shift % (own - 1)) % own
    c, d = generator.integers(len(persons), size=(2, 2 * size))
    apart = np.flatnonzero(place[c] != place[d])[:size]
    return order[np.append(a, c[apart])], order[np.append(b, d[apart])]


@final
class OverTrials(Estimator):
    """A metric of the trials of a split; not a number where there are none of both kinds.

    Weights are those of persons: all examples of one have the same. Its interval draws persons, and
    there is none where examples have no groups that training has not met.

    Args:
        function: `(scores, same, weights of trials) -> float`.
    """

    def __init__(self, function: Callable[..., float]):
        self.function = function

    def __call__(self, statistics: Statistics, weights: np.ndarray | None = None) -> np.ndarray:
        trials = Trials.of(statistics)
        if weights is None:
            return np.float64(trials.value(self.function))
        return np.array([trials.value(self.function, row) for row in weights])

    def interval(self, statistics: Statistics, sampling: Sampling, *, seed: int = 0) -> Interval:
        if sampling.codes is None:
            return NONE
        return super().interval(statistics, sampling, seed=seed)


# of the statistics of `verification_statistics`
ESTIMATORS: Mapping[str, Estimator] = {"eer": OverTrials(eer), "min_dcf": OverTrials(min_dcf)}
