"""Metrics of several labels against scikit-learn, and thresholds against every threshold."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score

from zoo.metrics.intervals import Sampling
from zoo.metrics.multilabel import ESTIMATORS, USUAL, best_threshold, multilabel_statistics


def drawn(count=80, classes=4, seed=0):
    generator = np.random.default_rng(seed)
    truth = (generator.random((count, classes)) < 0.4).astype("float32")
    scores = np.clip(0.3 * truth + np.round(generator.random((count, classes)), 1), 0, 1)
    return scores, np.full_like(scores, 0.55), truth


def test_metrics_are_those_of_scikit_learn():
    scores, thresholds, truth = drawn()
    statistics = multilabel_statistics(scores, thresholds, truth)
    found = {name: float(estimator(statistics)) for name, estimator in ESTIMATORS.items()}
    chosen = scores >= thresholds
    assert found == pytest.approx(
        {
            "macro_f1": f1_score(truth, chosen, average="macro"),
            "micro_f1": f1_score(truth, chosen, average="micro"),
            "map": average_precision_score(truth, scores, average="macro"),
        }
    )


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_weight_counts_an_example_as_often(name):
    parts = drawn(count=30)
    weights = np.random.default_rng(1).integers(0, 4, (5, 30)).astype("float64")
    found = ESTIMATORS[name](multilabel_statistics(*parts), weights)
    for row, value in zip(weights.astype(int), found, strict=True):
        again = multilabel_statistics(*(np.repeat(part, row, axis=0) for part in parts))
        assert value == pytest.approx(float(ESTIMATORS[name](again)))


def test_classes_that_do_not_occur_do_not_count():
    scores, thresholds, truth = drawn()
    more = np.zeros((len(truth), 1))
    without = multilabel_statistics(scores, thresholds, truth)
    with_one = multilabel_statistics(
        np.hstack([scores, more]), np.hstack([thresholds, more + 0.5]), np.hstack([truth, more])
    )
    for estimator in ESTIMATORS.values():
        assert float(estimator(with_one)) == pytest.approx(float(estimator(without)))
    nothing = multilabel_statistics(more, more + 0.5, more)
    assert [float(estimator(nothing)) for estimator in ESTIMATORS.values()] == [0, 0, 0]


def test_every_metric_has_an_interval_around_its_value():
    statistics = multilabel_statistics(*drawn())
    for name, estimator in ESTIMATORS.items():
        found = estimator.interval(statistics, Sampling.of(80))
        assert 0 < found.low < float(estimator(statistics)) < found.high < 1, name


@pytest.mark.parametrize("seed", range(5))
def test_the_threshold_is_the_best_of_all(seed):
    scores, _, truth = (part[:, 0] for part in drawn(seed=seed))
    chosen = best_threshold(scores, truth)
    every = [f1_score(truth, scores >= limit) for limit in np.unique(scores)]
    assert f1_score(truth, scores >= chosen) == pytest.approx(max(every))


def test_too_few_examples_have_the_usual_threshold():
    scores = np.linspace(0, 1, 40)
    few = (np.arange(40) > 30).astype(float)  # nine
    assert best_threshold(scores, few) == USUAL == best_threshold(scores, 1 - few)
    assert best_threshold(scores, (np.arange(40) > 29).astype(float)) == pytest.approx(29.5 / 39)
    assert best_threshold(np.full(40, np.nan), np.arange(40) % 2) == USUAL
