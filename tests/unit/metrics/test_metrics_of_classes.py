"""Balanced accuracy and Matthews' correlation are scikit-learn's, weighted and with intervals."""

import warnings

import numpy as np
import pytest
from sklearn import metrics as reference

from zoo.metrics.classification import ESTIMATORS, classification_statistics
from zoo.metrics.intervals import Sampling


def drawn(classes, count=90, *, seed=0):
    """Statistics of answers that are mostly right, of classes that get rarer and rarer."""
    generator = np.random.default_rng(seed)
    shares = 0.5 ** np.arange(classes)
    labels = generator.choice(classes, size=count, p=shares / shares.sum())
    guesses = np.where(
        generator.random(count) < 0.6, labels, generator.integers(classes, size=count)
    )
    return classification_statistics(np.eye(classes)[guesses], labels)


@pytest.mark.parametrize("classes", [2, 3, 7])
@pytest.mark.parametrize("seed", range(4))
def test_scores_are_those_of_scikit_learn(classes, seed):
    found = drawn(classes, seed=seed)
    label, guess = found["label"], found["guess"]
    with warnings.catch_warnings(action="ignore"):  # a class that is answered and never true
        balanced = reference.balanced_accuracy_score(label, guess)
    assert float(ESTIMATORS["balanced_accuracy"](found)) == pytest.approx(balanced, abs=1e-12)
    correlation = reference.matthews_corrcoef(label, guess)
    assert float(ESTIMATORS["mcc"](found)) == pytest.approx(correlation, abs=1e-12)


@pytest.mark.parametrize("name", ["balanced_accuracy", "mcc"])
def test_weights_of_examples_are_those_of_scikit_learn(name):
    found = drawn(4)
    weights = np.random.default_rng(1).integers(0, 3, size=(5, 90)).astype("float64")
    theirs = {
        "balanced_accuracy": reference.balanced_accuracy_score,
        "mcc": reference.matthews_corrcoef,
    }[name]
    expected = [theirs(found["label"], found["guess"], sample_weight=row) for row in weights]
    assert ESTIMATORS[name](found, weights) == pytest.approx(expected, abs=1e-12)


def test_one_answer_for_everything_says_nothing_of_the_order_of_classes():
    labels = np.array([0, 0, 0, 1])
    found = classification_statistics(np.eye(2)[np.zeros(4, int)], labels)
    assert float(ESTIMATORS["mcc"](found)) == reference.matthews_corrcoef(labels, [0] * 4) == 0
    assert float(ESTIMATORS["balanced_accuracy"](found)) == 0.5


def test_a_model_that_diverged_has_neither():
    found = classification_statistics(np.array([[np.nan, 1], [1, 0]]), np.array([0, 0]))
    for name in ("balanced_accuracy", "mcc"):
        assert np.isnan(ESTIMATORS[name](found))
        assert np.isnan(ESTIMATORS[name](found, np.ones((2, 2)))).all()


def test_rare_classes_widen_the_interval_of_balanced_accuracy():
    labels = np.repeat([0, 1], [190, 10])
    guesses = labels.copy()
    guesses[[0, 1, 2, 3]] = 1
    guesses[195] = 0
    found = classification_statistics(np.eye(2)[guesses], labels)
    wide = ESTIMATORS["balanced_accuracy"].interval(found, Sampling.of(200))
    narrow = ESTIMATORS["accuracy"].interval(found, Sampling.of(200))
    assert wide.low < (186 / 190 + 9 / 10) / 2 < wide.high
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)
    assert wide.method == "effective binomial over 200 examples"


def test_where_all_are_right_the_interval_still_has_a_lower_end():
    labels = np.repeat([0, 1], [95, 5])
    found = classification_statistics(np.eye(2)[labels], labels)
    interval = ESTIMATORS["balanced_accuracy"].interval(found, Sampling.of(100))
    # Five of five right alone leave a recall of half possible.
    assert 0.7 < interval.low < 0.95 and interval.high == 1


def test_answers_that_a_threshold_gave_are_scored_with_their_own_confidence():
    probabilities = np.array([[0.7, 0.3], [0.9, 0.1]])
    found = classification_statistics(probabilities, np.array([1, 0]), np.array([1, 0]))
    assert found["right"].tolist() == [1, 1]
    assert found["confidence"].tolist() == [0.3, 0.9]
    assert found["nats"] == pytest.approx(-np.log([0.3, 0.9]))
