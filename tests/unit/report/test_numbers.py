"""What is derived from predictions agrees with hand-made cases and with scikit-learn."""

import math

import numpy as np
import pytest
from sklearn import metrics as reference

from recipes.report import numbers, wording
from zoo.metrics.base import Metric
from zoo.quantities import human


@pytest.fixture
def by_hand(made):
    """Truth a a b c; answers a b b b, with confidence .9 .6 .8 .7."""
    return made(
        examples=4,
        labels=np.array([0, 0, 1, 2]),
        probabilities=np.array([[0.9, 0.1, 0], [0.4, 0.6, 0], [0.2, 0.8, 0], [0, 0.7, 0.3]]),
    )


def test_confusion_counts_truth_by_row_and_answer_by_column(by_hand):
    np.testing.assert_array_equal(numbers.confusion(by_hand), [[1, 1, 0], [0, 1, 0], [0, 1, 0]])
    assert numbers.error_count(by_hand) == 2


def test_precision_recall_and_f1_of_every_class_are_scikit_learns(made):
    data = made(examples=80, classes=4)
    answers = data.probabilities.argmax(axis=1)
    expected = reference.precision_recall_fscore_support(data.labels, answers)
    rows = numbers.class_rows(data)
    for row, precision, recall, f1, count in zip(rows, *expected, strict=True):
        assert (row.precision, row.recall, row.f1) == pytest.approx((precision, recall, f1))
        assert row.examples == count


def test_a_class_that_is_never_answered_has_no_precision(by_hand):
    assert math.isnan(numbers.class_rows(by_hand)[2].precision)
    assert numbers.class_rows(by_hand)[2].recall == 0


def test_mistakes_come_the_most_confident_first(by_hand):
    found = numbers.mistakes(by_hand, count=5)
    assert [(item.index, item.truth, item.guess) for item in found] == [
        (3, "class 2", "class 1"),
        (1, "class 0", "class 1"),
    ]
    assert found[0].confidence == pytest.approx(0.7)


def test_confused_pairs_say_how_much_of_the_class_is_lost(by_hand):
    pairs = numbers.confused_pairs(by_hand, count=9)
    assert [(pair.truth, pair.guess, pair.examples, pair.share) for pair in pairs] == [
        ("class 0", "class 1", 1, 0.5),
        ("class 2", "class 1", 1, 1.0),
    ]


def test_the_calibration_error_averages_the_gaps_of_filled_bins(by_hand):
    found = numbers.calibration(by_hand)
    # one example a bin: gaps .1 (right at .9), .6 (wrong), .2 (right at .8), .7 (wrong)
    assert found.error == pytest.approx((0.1 + 0.6 + 0.2 + 0.7) / 4)
    assert found.share.sum() == pytest.approx(1)
    assert np.isfinite(found.accuracy).sum() == 4


def test_full_confidence_falls_into_the_last_bin(made):
    data = made(examples=2, labels=np.array([0, 0]), probabilities=np.eye(3)[[0, 0]])
    found = numbers.calibration(data)
    assert found.share[-1] == 1 and found.error == 0


@pytest.mark.parametrize(("mode", "expected"), [("max", 2), ("min", 3)])
def test_the_best_epoch_is_the_one_that_validation_prefers(made, mode, expected):
    history = [
        {"epoch": epoch, "loss": 1.0, "val_accuracy": value}
        for epoch, value in ((1, float("nan")), (2, 0.9), (3, 0.1))
    ]
    assert (
        numbers.best_epoch(made(history=history, measures=(Metric("accuracy", mode),))) == expected
    )


def test_without_validation_no_epoch_is_best(made):
    assert numbers.best_epoch(made(history=[{"epoch": 1, "loss": 1.0}])) is None


def test_predictions_that_do_not_fit_the_labels_are_refused(made):
    with pytest.raises(ValueError, match=r"\(4, 3\)"):
        made(examples=4, probabilities=np.zeros((4, 2)))


@pytest.mark.parametrize(
    ("value", "words"), [(0.9, "lies within"), (0.2, "lies below"), (0.99, "lies above")]
)
def test_a_result_is_compared_with_what_the_recipe_expects(made, value, words):
    expects = {"metric": "accuracy", "low": 0.8, "high": 0.95}
    data = made(expects=expects, metrics={"metrics": {"accuracy": {"value": value}}})
    text = wording.expectation(data)
    assert "80.00–95.00 %" in text and words in text


@pytest.mark.parametrize("expects", [None, "unmeasured", {"metric": "wer"}])
def test_without_an_expectation_nothing_is_compared(made, expects):
    assert wording.expectation(made(expects=expects)) == ""


def test_numbers_read_well():
    assert [human(n) for n in (999, 1000, 999_999, 272_474, 1_234_567)] == [
        "999",
        "1 k",
        "1 M",
        "272 k",
        "1.23 M",
    ]
    assert [wording.duration(s) for s in (3.21, 59.96, 192, 7260)] == [
        "3.2 s",
        "60.0 s",
        "3 min 12 s",
        "2 h 1 min",
    ]
