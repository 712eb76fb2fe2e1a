"""Thresholds serve the stated goal as a search over all of them does."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_curve, precision_score, recall_score

from zoo.errors import ArgumentError
from zoo.metrics.thresholds import Goal, choose_threshold, reached


def drawn(count=120, *, seed=0):
    generator = np.random.default_rng(seed)
    truth = generator.random(count) < 0.25
    scores = np.clip(generator.normal(0.35 + 0.3 * truth, 0.2), 0, 1).round(2)  # with equal ones
    return scores, truth


@pytest.mark.parametrize("seed", range(5))
def test_the_best_f1_is_that_of_scikit_learns_curve(seed):
    scores, truth = drawn(seed=seed)
    precision, recall, _ = precision_recall_curve(truth, scores)
    best = (2 * precision * recall / np.maximum(precision + recall, 1e-12)).max()
    found = choose_threshold(scores, truth, Goal("f1"))
    assert found.f1 == pytest.approx(best)
    given = scores >= found.threshold
    assert found.recall == pytest.approx(recall_score(truth, given))
    assert found.precision == pytest.approx(precision_score(truth, given))
    assert found.met and not found.why


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("goal", "other"), [("recall>=0.95", 0), ("precision>=0.6", 1)])
def test_of_thresholds_that_hold_one_the_other_is_highest(seed, goal, other):
    scores, truth = drawn(seed=seed)
    curves = precision_recall_curve(truth, scores)[:2]
    asked = Goal.parse(goal)
    holds = curves[1 - other] >= asked.least
    best = curves[other][:-1][holds[:-1]].max()  # the last point has no threshold
    found = choose_threshold(scores, truth, asked)
    assert getattr(found, asked.kind) >= asked.least
    assert (found.precision, found.recall)[other] == pytest.approx(best)


@given(
    st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=2, max_size=40),
    st.integers(0, 9),
    st.integers(1, 9),
)
@settings(max_examples=150, deadline=None)
def test_no_threshold_costs_less(pairs, missed, alarms):
    scores, truth = np.array([s / 20 for s, _ in pairs]), np.array([t for _, t in pairs])
    goal = Goal("cost", false_negative=missed, false_positive=alarms)
    found = choose_threshold(scores, truth, goal)
    if truth.all() or not truth.any():
        assert not found.met and found.threshold == 0.5
        return
    tried = [*np.arange(0, 1.0001, 0.025), 1.01]
    costs = [reached(scores, truth, each, goal)["cost"] for each in tried]
    # A score of 1 is always reached, so "never" may be out of reach.
    within = min(costs[:-1]) if scores.max() == 1 else min(costs)
    assert found.cost == pytest.approx(within)


def test_a_goal_out_of_reach_says_so_and_leaves_a_half():
    scores, truth = np.linspace(0, 1, 40), np.arange(40) % 4 == 0
    found = choose_threshold(scores, truth, Goal.parse("precision>=0.9"))
    assert not found.met and found.threshold == 0.5
    assert found.why.startswith("no threshold has a precision above")
    for same in (np.zeros(40), np.ones(40)):
        found = choose_threshold(scores, same, Goal("f1"))
        assert not found.met and found.why == "validation has no examples of one class"
    found = choose_threshold(np.full(40, np.nan), truth, Goal("f1"))
    assert not found.met and "finite" in found.why


def test_few_examples_make_a_choice_uncertain():
    found = choose_threshold(np.linspace(0, 1, 40), np.arange(40) >= 36, Goal("f1"))
    assert found.met and found.why == "one class has 4 validation examples"
    assert found.threshold == pytest.approx(35.5 / 39)


def test_missing_all_is_an_answer_where_alarms_cost_more():
    goal = Goal("cost", false_negative=1, false_positive=1000)
    found = choose_threshold(np.linspace(0.1, 0.9, 30)[::-1], np.arange(30) % 2 == 1, goal)
    assert found.recall == 0 and math.isnan(found.precision)
    assert found.threshold > 0.9


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("f1", "the highest F1"),
        ("recall >= 0.95", "recall of 95 % or more"),
        ("precision>=1", "precision of 100 % or more"),
        (
            {"cost": {"false_negative": 5, "false_positive": 1}},
            "the lowest cost, at 5 a miss and 1 a false alarm",
        ),
    ],
)
def test_goals_are_read_and_told(value, text):
    assert Goal.parse(value).text == text


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("f2", "nearest: f1"),
        ("recal>=0.9", "nearest: recall"),
        ("recall", "recall>=0.9"),
        ("recall>=1.5", "at most 1"),
        ("recall>=high", "at most 1"),
        ("f1>=0.9", "f1"),
        (True, "one of f1"),
        ({"cost": {"false_negative": 5}}, "false_negative and false_positive"),
        ({"cost": {"false_negative": -5, "false_positive": 1}}, "costs of 0 or more"),
        ({"cost": {"false_negative": 0, "false_positive": 0}}, "not both 0"),
        ({"costs": {}}, "a cost with"),
    ],
)
def test_what_is_not_a_goal_is_refused(value, words):
    with pytest.raises(ArgumentError, match="is not a goal") as refused:
        Goal.parse(value)
    assert words in str(refused.value)
