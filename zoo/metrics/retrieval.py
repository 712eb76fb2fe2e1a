"""Metrics of retrieval: is what belongs to a query among the nearest of all answers?

N examples have vectors of M inputs each. A direction is a pair of inputs: that of the query, and that of
the answers. An example whose query and answer are both there is a query of that direction; all
examples that have the answer are its candidates. The right ones are its own, and those of examples
with the same query or the same answer, such as another picture of the same text.
"""

from collections.abc import Mapping, Sequence
from typing import final

import numpy as np

from zoo.metrics.estimators import Estimator, Share, Statistics
from zoo.metrics.intervals import NONE, Interval, Sampling

RECALLS = (1, 5)
TIE = 1e-6  # cosines that differ by less are equal: vectors are float32
_AT_ONCE = 4_000_000  # cosines


def ranks(
    queries: np.ndarray, answers: np.ndarray, contents: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rank of each query's best right answer among all candidates, and how many are right.

    Ties with wrong candidates count half-way: where all vectors are equal, a rank is that of the middle.

    Args:
        queries: vectors of length 1, (N, D); of zeros where there is none.
        answers: likewise, (N, D).
        contents: a number for each query, the same for equal ones, (N,), and likewise of answers.

    Returns:
        float64 (N,), 1 being the best and 0 standing for an example that is not a query; int64 (N,).

    >>> ranks(np.eye(3), np.eye(3)[[0, 2, 1]], (np.arange(3), np.arange(3)))[0].tolist()
    [1.0, 2.5, 2.5]
    """
    there = np.flatnonzero(_present(answers))
    asked = np.flatnonzero(_present(queries) & _present(answers))
    found, right = np.zeros(len(queries)), np.zeros(len(queries), "int64")
    candidates = np.asarray(answers[there], "float64")
    step = max(1, _AT_ONCE // max(1, len(there)))
    for start in range(0, len(asked), step):
        rows = asked[start : start + step]
        cosines = np.asarray(queries[rows], "float64") @ candidates.T  # (rows, candidates)
        same = np.any([part[rows, None] == part[there] for part in contents], axis=0)
        best = np.where(same, cosines, -np.inf).max(axis=1, keepdims=True)
        above = ~same & (cosines > best + TIE)
        tied = ~same & (np.abs(cosines - best) <= TIE)
        found[rows] = 1 + above.sum(axis=1) + tied.sum(axis=1) / 2
        right[rows] = same.sum(axis=1)
    return found, right


def retrieval_statistics(
    vectors: np.ndarray, contents: Sequence[np.ndarray], directions: Sequence[tuple[int, int]]
) -> dict[str, np.ndarray]:
    """Return the statistics of the metrics below.

    Args:
        vectors: of length 1, or of zeros where an input is absent, (N, M, D).
        contents: a number for each value of an input, the same for equal ones, M times (N,).
        directions: places of the query's input and of the answer's, R of them.

    Returns:
        "rank", float64 (N, R), 0 where an example is not a query; "right" and "candidates", int64
        (N, R), how many each query has. "asked", "hit_1" and "hit_5", float64 (N, R): queries, and
        those whose rank is 1, or 5 and less, weighted such that all directions count the same.
    """
    found = [ranks(vectors[:, q], vectors[:, a], (contents[q], contents[a])) for q, a in directions]
    rank, right = (np.stack(parts, axis=1) for parts in zip(*found, strict=True))
    counts = [np.full(len(vectors), _present(vectors[:, a]).sum()) for _, a in directions]
    queries = (rank > 0).astype("float64")
    each = queries.sum(axis=0)
    asked = queries * (each.max() / np.maximum(each, 1))
    hits = {f"hit_{k}": asked * (rank <= k) for k in RECALLS}
    return {
        "rank": rank,
        "right": right,
        "candidates": np.stack(counts, axis=1),
        "asked": asked,
        **hits,
    }


def recall_by_chance(statistics: Statistics, k: int) -> float:
    """Return the recall at k that a random order of the candidates has on average, over directions.

    For a query with one right answer of n candidates it is k / n.

    >>> found = retrieval_statistics(np.eye(4)[:, None].repeat(2, 1), 2 * [np.arange(4)], [(0, 1)])
    >>> recall_by_chance(found, 1)
    0.25
    """
    right, count = (statistics[name].astype("float64") for name in ("right", "candidates"))
    missed = np.ones(right.shape)
    for drawn in range(k):
        left = count - drawn
        missed *= np.clip((left - right) / np.maximum(left, 1), 0, 1)
    asked = statistics["asked"]
    return float((asked * (1 - missed)).sum() / asked.sum()) if asked.any() else float("nan")


@final
class Recall(Share):
    """The share of queries whose rank is k or less, the mean over directions."""

    def __init__(self, k: int):
        super().__init__(f"hit_{k}", "asked")

    def __call__(self, statistics: Statistics, weights: np.ndarray | None = None) -> np.ndarray:
        if weights is None and not statistics["asked"].any():
            return np.float64("nan")
        return super().__call__(statistics, weights)

    def interval(self, statistics: Statistics, sampling: Sampling, *, seed: int = 0) -> Interval:
        own = statistics["asked"].any(axis=1)  # an example that is not a query tells nothing
        kept = {name: values[own] for name, values in statistics.items()}
        return super().interval(kept, sampling.of_some(own), seed=seed) if own.any() else NONE


@final
class MedianRank(Estimator):
    """The median of the queries' ranks, the mean over directions."""

    def __call__(self, statistics: Statistics, weights: np.ndarray | None = None) -> np.ndarray:
        rank = statistics["rank"]
        rows = np.ones((1, len(rank))) if weights is None else weights
        asked = [(direction[direction > 0], rows[:, direction > 0]) for direction in rank.T]
        found = [_medians(*direction) for direction in asked if len(direction[0])]
        values = np.mean(found, axis=0) if found else np.full(len(rows), np.nan)
        return values[0] if weights is None else values


def _medians(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the median of values (Q,) that occur as often as each row of weights (R, Q) says, (R,)."""
    order = np.argsort(values, kind="stable")
    upto = np.cumsum(weights[:, order], axis=1)
    half = upto[:, -1:] / 2
    low, high = (np.argmax(beyond, axis=1) for beyond in (upto >= half, upto > half))
    middle = (values[order][low] + values[order][high]) / 2
    return np.where(half[:, 0] > 0, middle, np.nan)


def _present(vectors: np.ndarray) -> np.ndarray:
    """Tell which vectors (N, D) are not of zeros, (N,)."""
    return np.any(vectors != 0, axis=1)


# of the statistics of `retrieval_statistics`
ESTIMATORS: Mapping[str, Estimator] = {
    **{f"recall_at_{k}": Recall(k) for k in RECALLS},
    "median_rank": MedianRank(),
}
