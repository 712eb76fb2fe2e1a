"""Retrieval, against counting by hand: ties, answers that are equal, inputs that are absent."""

import itertools

import numpy as np
import pytest

from zoo.metrics.intervals import Sampling
from zoo.metrics.retrieval import ESTIMATORS, ranks, recall_by_chance, retrieval_statistics

BOTH = [(0, 1), (1, 0)]


def vectors(count, inputs=2, width=3, seed=0, noise=0.7):
    """Inputs of an example that lie near one another."""
    generator = np.random.default_rng(seed)
    centres = generator.normal(size=(count, 1, width))
    found = centres + noise * generator.normal(size=(count, inputs, width))
    return found / np.linalg.norm(found, axis=-1, keepdims=True)


def ranks_one_by_one(queries, answers, contents):
    found = np.zeros(len(queries))
    for i, query in enumerate(queries):
        if not query.any() or not answers[i].any():
            continue
        right, wrong = [], []
        for j, answer in enumerate(answers):
            if answer.any():
                same = any(part[i] == part[j] for part in contents)
                (right if same else wrong).append(float(query @ answer))
        best = max(right)
        above = sum(value > best + 1e-6 for value in wrong)
        tied = sum(abs(value - best) <= 1e-6 for value in wrong)
        found[i] = 1 + above + tied / 2
    return found


def test_ranks_equal_those_counted_one_by_one():
    # Some queries are equal, and some answers.
    found, contents = vectors(60), (np.arange(60) % 45, np.arange(60) // 2)
    found[::7, 0] = found[3::11, 1] = 0
    found[20:24, 1] = found[20, 1]  # ties
    for q, a in BOTH:
        expected = ranks_one_by_one(found[:, q], found[:, a], contents)
        rank, right = ranks(found[:, q], found[:, a], contents)
        assert np.array_equal(rank, expected)
        assert (right[rank > 0] >= 1).all() and right.max() == 3


def test_metrics_are_means_over_directions():
    found, contents = vectors(40, inputs=3), [np.arange(40)] * 3
    found[::2, 2] = 0  # half of the examples lack the third input
    directions = list(itertools.permutations(range(3), 2))
    statistics = retrieval_statistics(found, contents, directions)
    by_hand = [ranks_one_by_one(found[:, q], found[:, a], contents[:2]) for q, a in directions]
    asked = [rank[rank > 0] for rank in by_hand]
    for k in (1, 5):
        expected = np.mean([np.mean(rank <= k) for rank in asked])
        assert ESTIMATORS[f"recall_at_{k}"](statistics) == pytest.approx(expected)
        chance = np.mean([k / (40 if a < 2 else 20) for _, a in directions])
        assert recall_by_chance(statistics, k) == pytest.approx(chance)
    median = np.mean([np.median(rank) for rank in asked])
    assert ESTIMATORS["median_rank"](statistics) == pytest.approx(median)


def test_vectors_that_are_all_equal_score_no_better_than_the_middle():
    same = np.tile(np.array([0.6, 0.8]), (101, 2, 1))
    statistics = retrieval_statistics(same, 2 * [np.arange(101)], BOTH)
    values = {name: float(estimator(statistics)) for name, estimator in ESTIMATORS.items()}
    assert values == {"recall_at_1": 0.0, "recall_at_5": 0.0, "median_rank": 51.0}


def test_chance_is_the_recall_of_random_orders():
    contents = np.array([0, 0, 0, 1, 1, 2])
    statistics = retrieval_statistics(vectors(6), 2 * [contents], BOTH)
    generator, hits = np.random.default_rng(1), []
    for _ in range(4000):
        order = generator.permutation(6)[:2]
        hits.append(np.mean([(contents[order] == own).any() for own in contents]))
    assert recall_by_chance(statistics, 2) == pytest.approx(np.mean(hits), abs=0.01)


def test_intervals_resample_queries():
    found = vectors(200, noise=0.4)
    statistics = retrieval_statistics(found, 2 * [np.arange(200)], BOTH)
    generator = np.random.default_rng(0)
    rank = statistics["rank"]
    drawn = [
        np.mean(rank[generator.integers(200, size=200)] <= 1) for _ in range(2000)
    ]  # of queries among the same candidates
    interval = ESTIMATORS["recall_at_1"].interval(statistics, Sampling.of(200))
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert interval.low == pytest.approx(low, abs=0.02)
    assert interval.high == pytest.approx(high, abs=0.02)
