"""Paired tests agree with independent ones, and find differences as often as they claim."""

import math

import numpy as np
import pytest
from scipy import stats

from recipes.comparison.paired import better, difference, mcnemar
from zoo.metrics.base import Metric
from zoo.metrics.classification import CalibrationError
from zoo.metrics.estimators import Ratio, Share
from zoo.metrics.intervals import Sampling
from zoo.metrics.regression import ESTIMATORS, regression_statistics

ACCURACY = Metric("accuracy")


def answers(generator, count, *, both, first, second):
    """Whether two models are right: of these shares both, only the first, only the second."""
    kind = generator.choice(4, count, p=[both, first, second, 1 - both - first - second])
    return np.isin(kind, (0, 1)).astype(float), np.isin(kind, (0, 2)).astype(float)


@pytest.mark.parametrize(("first", "second"), [(0, 0), (3, 0), (2, 9), (15, 15), (40, 21)])
def test_mcnemar_is_the_sum_of_the_binomial(first, second):
    ours = np.r_[np.ones(first), np.zeros(second), np.ones(7), np.zeros(4)]
    theirs = np.r_[np.zeros(first), np.ones(second), np.ones(7), np.zeros(4)]
    count = first + second
    likely = [math.comb(count, k) / 2**count for k in range(count + 1)]
    expected = sum(p for p in likely if p <= likely[first] * (1 + 1e-9))
    found = mcnemar(ours, theirs)
    assert (found["first_only"], found["second_only"]) == (first, second)
    assert found["p"] == pytest.approx(expected)
    assert mcnemar(theirs, ours)["p"] == pytest.approx(expected)
    assert mcnemar(ours, theirs, comparisons=3)["p"] == pytest.approx(min(1, 3 * expected))


def test_the_interval_of_a_difference_is_that_of_scipy():
    one, other = answers(np.random.default_rng(0), 600, both=0.7, first=0.12, second=0.06)
    value, found = difference(
        Share("right"), {"right": one}, {"right": other}, Sampling.of(600), seed=1
    )
    assert value == pytest.approx(one.mean() - other.mean())
    theirs = stats.bootstrap(
        (one, other),
        lambda a, b, axis: a.mean(axis=axis) - b.mean(axis=axis),
        paired=True,
        method="BCa",
        n_resamples=4000,
        rng=np.random.default_rng(2),
    ).confidence_interval
    width = theirs.high - theirs.low
    assert found.low == pytest.approx(theirs.low, abs=0.08 * width)
    assert found.high == pytest.approx(theirs.high, abs=0.08 * width)
    assert found.method == "paired bootstrap over 600 examples"


def test_pairing_is_narrower_than_two_independent_intervals():
    one, other = answers(np.random.default_rng(3), 400, both=0.8, first=0.05, second=0.03)
    _, found = difference(Share("right"), {"right": one}, {"right": other}, Sampling.of(400))
    alone = math.sqrt(one.var() / 400 + other.var() / 400)
    assert found.high - found.low < 0.7 * 2 * 1.96 * alone


def test_intervals_contain_the_true_difference_as_often_as_they_say():
    generator, inside, tries = np.random.default_rng(4), 0, 200
    for seed in range(tries):
        one, other = answers(generator, 300, both=0.6, first=0.15, second=0.10)
        _, found = difference(
            Share("right"), {"right": one}, {"right": other}, Sampling.of(300), seed=seed
        )
        inside += found.low <= 0.05 <= found.high
    assert stats.binomtest(inside, tries, 0.95).pvalue > 0.001, inside


def test_groups_are_drawn_together():
    generator = np.random.default_rng(5)
    codes = np.repeat(np.arange(20), 15)
    lead = np.repeat(generator.normal(0, 0.4, 20), 15)
    one = (generator.random(300) < 0.6 + lead / 2).astype(float)
    other = (generator.random(300) < 0.6 - lead / 2).astype(float)
    how = {"right": one}, {"right": other}
    _, alone = difference(Share("right"), *how, Sampling.of(300))
    _, grouped = difference(Share("right"), *how, Sampling.of(300, codes, noun="speakers"))
    assert grouped.high - grouped.low > 1.5 * (alone.high - alone.low)
    assert grouped.method == "paired bootstrap over 20 speakers"


def test_several_comparisons_widen_each_interval():
    one, other = answers(np.random.default_rng(6), 300, both=0.7, first=0.15, second=0.05)
    how = {"right": one}, {"right": other}, Sampling.of(300)
    (_, single), (_, of_six) = (difference(Share("right"), *how, comparisons=n) for n in (1, 6))
    assert of_six.low < single.low and single.high < of_six.high


def test_numbers_are_compared_as_well():
    generator = np.random.default_rng(7)
    truth = generator.normal(size=(200, 1))
    near, far = (truth + generator.normal(0, s, (200, 1)) for s in (0.2, 0.6))
    found = [regression_statistics(guess, truth) for guess in (near, far)]
    for metric, mode in (("mae", "min"), ("r2", "max")):
        value, interval = difference(ESTIMATORS[metric], *found, Sampling.of(200))
        entry = {"value": value, "low": interval.low, "high": interval.high}
        assert better(Metric(metric, mode, unit=""), entry, None) == "first"
    ratio, _ = difference(Ratio("absolute"), *found, Sampling.of(200))
    expected = np.abs(near - truth).mean() - np.abs(far - truth).mean()
    assert ratio == pytest.approx(expected)


def test_what_resampling_biases_has_no_interval():
    found = {"confidence": np.linspace(0.5, 1, 50), "right": np.arange(50) % 2}
    assert difference(CalibrationError(), found, found, Sampling.of(50))[1].low is None


def test_equal_models_have_no_winner():
    right = np.arange(50) % 2.0
    value, found = difference(Share("right"), {"right": right}, {"right": right}, Sampling.of(50))
    assert (value, found.low) == (0, None)
    assert better(ACCURACY, {"low": None, "high": None}, mcnemar(right, right)) is None


@pytest.mark.parametrize(
    ("low", "high", "p", "mode", "who"),
    [
        (0.01, 0.05, 0.01, "max", "first"),
        (-0.05, -0.01, 0.01, "max", "second"),
        (0.01, 0.05, None, "min", "second"),
        (0.01, 0.05, 0.06, "max", None),  # the exact test does not agree
        (-0.01, 0.05, 0.01, "max", None),
        (0.0, 0.05, 0.01, "max", None),
    ],
)
def test_a_winner_takes_an_interval_and_a_test_that_agree(low, high, p, mode, who):
    test = None if p is None else {"p": p}
    assert better(Metric("m", mode), {"low": low, "high": high}, test) == who
