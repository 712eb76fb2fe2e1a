"""What a report shows of rare classes: curves, weights, and what a threshold reaches."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_recall_curve

from recipes.report import numbers, rare_classes
from recipes.report.card import render_card
from recipes.report.figures import panel_svg
from recipes.report.html import render_report

CHOSEN = {
    "value": 0.25, "positive": "class 1", "goal": "recall of 95 % or more", "met": True, "why": "",
    "recall": 0.96, "precision": 0.5, "f1": 0.66, "cost": None, "examples": 80, "positives": 12,
}  # fmt: skip


def with_threshold(made, **changes):
    data = made(classes=2, threshold=CHOSEN | changes)
    return made(
        classes=2,
        threshold=CHOSEN | changes,
        guesses=(data.probabilities[:, 1] >= 0.25).astype(int),
    )


def test_curves_and_average_precisions_are_scikit_learns(made):
    data = made(examples=90, classes=4)
    for k, row in enumerate(numbers.class_rows(data)):
        truth, scores = data.labels == k, data.probabilities[:, k]
        assert row.average_precision == pytest.approx(average_precision_score(truth, scores))
        recall, precision, at = rare_classes.curve(scores, truth.astype(float))
        theirs = precision_recall_curve(truth, scores)
        np.testing.assert_allclose(precision, theirs[0][-2::-1])  # without the point at recall 0
        np.testing.assert_allclose(recall, theirs[1][-2::-1])
        np.testing.assert_allclose(at, theirs[2][::-1])


def test_the_recall_of_a_class_has_its_interval(made):
    told = {"class 0": {"examples": 20, "value": 0.8, "low": 0.58, "high": 0.94, "method": "exact"}}
    data = made()
    data = made(metrics={**data.metrics, "recall_by_class": told})
    assert [row.recall_span for row in numbers.class_rows(data)] == ["58.0–94.0 %", "", ""]
    assert "58.0–94.0 %" in render_report(data) and "58.0–94.0 %" in render_card(data)


@pytest.mark.parametrize(
    ("classes", "counts", "expected"),
    [(3, [10, 10, 10], True), (40, [10] * 40, False), (40, [10] * 39 + [3], True)],
)
def test_curves_are_drawn_where_classes_are_few_or_some_are_rare(made, classes, counts, expected):
    data = made(classes=classes, examples=200)
    data = made(
        classes=classes, examples=200, dataset={**data.dataset, "counts": {"train": counts}}
    )
    assert rare_classes.drawn(data) == expected
    assert ("Precision against recall" in render_report(data)) == expected


def test_of_many_classes_the_rarest_have_curves(made):
    data = made(classes=40, examples=300)
    data = made(
        classes=40, examples=300, dataset={"name": "d", "counts": {"train": [*range(100, 60, -1)]}}
    )
    drawn = panel_svg(rare_classes.precision_recall, data, width=4, height=3)
    assert "class 39 (" in drawn and "class 0 (" not in drawn


def test_a_threshold_gives_the_answers_that_are_counted(made):
    data = with_threshold(made)
    expected = np.zeros((2, 2), int)
    for truth, value in zip(data.labels, data.probabilities[:, 1], strict=True):
        expected[truth, int(value >= 0.25)] += 1
    np.testing.assert_array_equal(numbers.confusion(data), expected)
    assert numbers.error_count(data) == expected[0, 1] + expected[1, 0]
    for mistake in numbers.mistakes(data, count=60):
        guess = data.classes.index(mistake.guess)
        assert mistake.confidence == pytest.approx(data.probabilities[mistake.index, guess])


def test_a_threshold_is_told_with_what_it_reaches(made):
    data = with_threshold(made)
    row = numbers.class_rows(data)[1]
    (line,) = rare_classes.told(data)
    assert "from a probability of 0.25 on, chosen for recall of 95 % or more of class 1" in line
    assert "80 validation examples, 12 of them positive: recall 96.0 %" in line
    assert f"{100 * row.recall:.1f} % and {100 * row.precision:.1f} % on test." in line
    assert line in render_card(data) and line in render_report(data)
    drawn = panel_svg(rare_classes.threshold, data, width=4, height=3)
    assert "chosen on validation: 0.250" in drawn


def test_a_goal_that_was_not_met_is_told(made):
    changes = {"met": False, "value": 0.5, "why": "no threshold has a precision above 40.0% there"}
    (line,) = rare_classes.told(with_threshold(made, **changes))
    assert "could not be met on 80 validation examples" in line and "above 40.0% there" in line
    (line,) = rare_classes.told(with_threshold(made, why="one class has 4 validation examples"))
    assert "It is uncertain: one class has 4 validation examples." in line


def test_weights_of_classes_are_told_the_largest_first(made):
    data = made()
    data = made(metrics={**data.metrics, "class_weights": {"class 0": 1.0, "class 1": 5.25}})
    (line,) = rare_classes.told(data)
    assert line == "Weights of classes in the training loss: class 1 5.25, class 0 1."
