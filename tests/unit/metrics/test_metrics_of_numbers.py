"""Metrics of predicted numbers against scikit-learn and SciPy, and conformal intervals."""

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from zoo.metrics.conformal import conformal_half_width, least_examples
from zoo.metrics.intervals import Sampling
from zoo.metrics.regression import ESTIMATORS, regression_statistics


def drawn(count=60, targets=1, seed=0):
    generator = np.random.default_rng(seed)
    truth = np.round(generator.normal(size=(count, targets)) * 3 + 1000, 0)  # with ties
    return truth + np.round(generator.normal(size=(count, targets)), 1), truth


def scores(guess, truth):
    statistics = regression_statistics(guess, truth)
    return {name: float(estimator(statistics)) for name, estimator in ESTIMATORS.items()}


@pytest.mark.parametrize("targets", [1, 3])
def test_metrics_are_those_of_scikit_learn_and_scipy(targets):
    guess, truth = drawn(targets=targets)
    columns = list(zip(guess.T, truth.T, strict=True))
    assert scores(guess, truth) == pytest.approx(
        {
            "mae": mean_absolute_error(truth, guess),
            "rmse": np.mean([root_mean_squared_error(t, g) for g, t in columns]),
            "r2": np.mean([r2_score(t, g) for g, t in columns]),
            "spearman": np.mean([spearmanr(g, t).statistic for g, t in columns]),
        }
    )


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_weight_counts_an_example_as_often(name):
    guess, truth = drawn(count=25, targets=2)
    generator = np.random.default_rng(1)
    weights = generator.integers(0, 4, (5, 25)).astype("float64")
    found = ESTIMATORS[name](regression_statistics(guess, truth), weights)
    for row, value in zip(weights.astype(int), found, strict=True):
        again = regression_statistics(np.repeat(guess, row, 0), np.repeat(truth, row, 0))
        assert value == pytest.approx(float(ESTIMATORS[name](again)))


def test_where_nothing_varies_the_metrics_are_those_of_no_skill():
    truth = np.arange(5.0)[:, None]
    assert scores(np.full((5, 1), 2.0), truth)["spearman"] == 0.0
    flat = np.full((5, 1), 7.0)
    assert scores(truth, flat)["r2"] == 0.0 == r2_score(flat, truth)
    assert scores(flat, flat)["r2"] == 1.0 == r2_score(flat, flat)


def test_every_metric_has_an_interval_around_its_value():
    statistics = regression_statistics(*drawn())
    for name, estimator in ESTIMATORS.items():
        found = estimator.interval(statistics, Sampling.of(60))
        assert found.low < float(estimator(statistics)) < found.high, name
        assert found.low > (0 if name != "r2" else -1), name


def test_the_half_width_is_the_ranked_residual():
    errors = np.array([3.0, -1, 2, -5, 4, -7, 6, 8, -9])
    assert conformal_half_width(errors, level=0.9) == 9  # ceil(10 * 0.9) = 9th of 9
    assert conformal_half_width(errors, level=0.5) == 5  # 5th
    assert conformal_half_width(errors[:8], level=0.9) is None  # the 9th of 8
    assert conformal_half_width(np.append(errors, np.nan), level=0.95) is None
    assert [least_examples(level) for level in (0.5, 0.9, 0.95)] == [1, 9, 19]


def test_intervals_cover_as_promised():
    generator, covered = np.random.default_rng(0), []
    for _ in range(4000):
        errors = generator.standard_cauchy(20)  # whatever the distribution
        covered.append(abs(errors[-1]) <= conformal_half_width(errors[:-1], level=0.9))
    share, deviation = np.mean(covered), np.sqrt(0.09 / 4000)
    assert 0.9 - 3 * deviation <= share <= 0.9 + 1 / 20 + 3 * deviation
