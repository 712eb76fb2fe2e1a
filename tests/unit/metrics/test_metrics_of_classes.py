"""Balanced accuracy and Matthews' correlation are scikit-learn's, weighted and with intervals."""

import warnings

import numpy as np
import pytest
from sklearn import metrics as reference

from zoo.metrics.classification import (
    ESTIMATORS,
    PAIR_ESTIMATORS,
    classification_statistics,
    positive_statistics,
)
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


# --- F1 of one of two classes


def f1_of(found, positive=1):
    return positive_statistics(found, positive=positive)


def test_f1_of_one_class_is_that_of_scikit_learn_on_random_cases():
    generator, estimator = np.random.default_rng(0), PAIR_ESTIMATORS["f1"]
    for _ in range(500):
        count, share = int(generator.integers(1, 60)), generator.random()
        label, guess = (generator.random((2, count)) < share).astype(int)
        found = classification_statistics(np.eye(2)[guess], label)
        weights = generator.integers(1, 4, size=(3, count)).astype("float64")
        for positive in (0, 1):
            how = {"pos_label": positive, "zero_division": 0}
            expected = reference.f1_score(label, guess, **how)
            mine = f1_of(found, positive)
            assert float(estimator(mine)) == pytest.approx(expected, abs=1e-12)
            each = [reference.f1_score(label, guess, sample_weight=w, **how) for w in weights]
            assert estimator(mine, weights) == pytest.approx(each, abs=1e-12)


@pytest.mark.parametrize(("count", "share", "error"), [(200, 0.5, 0.15), (1725, 0.67, 0.3)])
def test_the_interval_of_f1_covers_the_true_one(count, share, error):
    generator, estimator = np.random.default_rng(1), PAIR_ESTIMATORS["f1"]
    truth = 2 * share * (1 - error) / (2 * share * (1 - error) + error)
    held = 0
    for _ in range(300):
        label = (generator.random(count) < share).astype(int)
        guess = np.where(generator.random(count) < error, 1 - label, label)
        found = f1_of(classification_statistics(np.eye(2)[guess], label))
        interval = estimator.interval(found, Sampling.of(count))
        held += interval.low <= truth <= interval.high
    assert held / 300 >= 0.92


def test_a_class_that_nobody_names_has_an_f1_of_0_without_an_interval():
    found = f1_of(classification_statistics(np.eye(2)[[0, 0]], np.array([0, 0])))
    assert float(PAIR_ESTIMATORS["f1"](found)) == 0
    assert PAIR_ESTIMATORS["f1"].interval(found, Sampling.of(2)).low is None
    # Five right marks are five, however many examples there are without one.
    labels = np.repeat([0, 1], [95, 5])
    found = f1_of(classification_statistics(np.eye(2)[labels], labels))
    assert PAIR_ESTIMATORS["f1"].interval(found, Sampling.of(100)).low < 0.6
    groups = np.arange(100) // 2
    assert PAIR_ESTIMATORS["f1"].interval(found, Sampling.of(100, groups)).low < 0.6
    diverged = f1_of(classification_statistics(np.array([[np.nan, 1], [0, 1]]), np.array([1, 1])))
    assert np.isnan(PAIR_ESTIMATORS["f1"](diverged))
