"""The threshold of a task with two classes, chosen on validation for a stated goal."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.errors import ArgumentError, nearest

USUAL = 0.5  # threshold that the most likely class amounts to
LEAST_EXAMPLES = 10  # of each class on validation, below which a threshold is a guess
KINDS = ("f1", "recall", "precision", "cost")
COSTS = ("false_negative", "false_positive")
EXPECTED = 'f1, "recall>=0.95", "precision>=0.9" or {cost: {false_negative: 5, false_positive: 1}}'


@dataclass(frozen=True)
class Goal:
    """What a threshold is chosen for.

    Attributes:
        kind: "f1" (as high as possible), "recall" or "precision" (`least` or more, the other of the
            two as high as possible), "cost" (as low as possible).
        least: of "recall" and "precision", (0, 1].
        false_negative, false_positive: cost of a mistake of each kind, >= 0 and not both 0.
    """

    kind: str
    least: float = 0.0
    false_negative: float = 0.0
    false_positive: float = 0.0

    @classmethod
    def parse(cls, value: Any) -> "Goal":
        """Read a goal as a recipe states it.

        Raises:
            ArgumentError: it is not one, or a number is out of range.

        >>> Goal.parse("recall>=0.95").text
        'recall of 95 % or more'
        """
        if isinstance(value, Mapping):
            return cls._of_costs(value)
        name, sign, number = str(value).replace(" ", "").partition(">=")
        if name == "f1" and not sign:
            return cls("f1")
        if name not in ("recall", "precision"):
            near = nearest(name, KINDS)
            raise _refused(value, f"nearest: {', '.join(near)}; " if near else "")
        least = _number(number)
        if least is None or not 0 < least <= 1:
            raise _refused(value, f"a {name} above 0 and at most 1, as in {name}>=0.9; ")
        return cls(name, least=least)

    @classmethod
    def _of_costs(cls, value: Mapping[str, Any]) -> "Goal":
        costs = value.get("cost")
        if set(value) != {"cost"} or not isinstance(costs, Mapping) or set(costs) != set(COSTS):
            raise _refused(dict(value), f"a cost with {' and '.join(COSTS)}; ")
        found = {name: _number(costs[name]) for name in COSTS}
        if any(cost is None or cost < 0 for cost in found.values()) or not any(found.values()):
            raise _refused(dict(value), "costs of 0 or more that are not both 0; ")
        return cls("cost", **found)

    @property
    def text(self) -> str:
        """The goal in words."""
        if self.kind == "f1":
            return "the highest F1"
        if self.kind == "cost":
            costs = f"{self.false_negative:g} a miss and {self.false_positive:g} a false alarm"
            return f"the lowest cost, at {costs}"
        return f"{self.kind} of {100 * self.least:g} % or more"


@dataclass(frozen=True)
class Choice:
    """A threshold, and what it reaches on the examples that it was chosen on.

    Attributes:
        threshold: the positive class is the answer where its probability reaches it, [0, 1].
        met: whether the goal is reached there.
        why: why it is not, or what makes the choice uncertain; may be empty.
        recall, precision, f1: of the positive class; NaN where nothing is divided by nothing.
        cost: mean cost of an example; NaN for other goals.
        examples, positives: how many there were.
    """

    threshold: float
    met: bool
    why: str
    recall: float
    precision: float
    f1: float
    cost: float
    examples: int
    positives: int


def choose_threshold(scores: np.ndarray, truth: np.ndarray, goal: Goal) -> Choice:
    """Return the threshold that serves a goal best; 0.5 where the goal cannot be reached.

    Thresholds lie midway between two scores; one below all and one above all are tried, too. Of
    equally good ones it is the highest.

    Args:
        scores: probability of the positive class, (N,).
        truth: 1 for examples of that class and 0 for others, (N,).
        goal: what counts.

    >>> scores = np.linspace(0.025, 0.975, 20)
    >>> round(choose_threshold(scores, scores > 0.3, Goal("f1")).threshold, 3)
    0.3
    """
    scores, truth = np.asarray(scores, "float64"), np.asarray(truth) > 0
    positives = int(truth.sum())
    if not positives or positives == len(truth) or not np.isfinite(scores).all():
        one = "no examples of one class" if np.isfinite(scores).all() else "no finite answers"
        return _choice(USUAL, scores, truth, goal, met=False, why=f"validation has {one}")
    thresholds, hits, given = _candidates(scores, truth)
    recall = hits / positives
    precision = np.divide(hits, given, out=np.zeros(len(hits)), where=given > 0)
    if goal.kind == "f1":
        value = 2 * hits / (given + positives)
    elif goal.kind == "cost":
        missed = goal.false_negative * (positives - hits)
        value = -(missed + goal.false_positive * (given - hits))
    else:
        held, other = (recall, precision) if goal.kind == "recall" else (precision, recall)
        value = np.where(held >= goal.least - 1e-12, other, -np.inf)
    best = int(value.argmax())  # thresholds fall: the first of equals is the highest
    if not np.isfinite(value[best]):
        highest = f"no threshold has a {goal.kind} above {precision.max():.1%} there"
        return _choice(USUAL, scores, truth, goal, met=False, why=highest)
    few = min(positives, len(truth) - positives)
    why = f"one class has {few} validation examples" if few < LEAST_EXAMPLES else ""
    return _choice(float(thresholds[best]), scores, truth, goal, met=True, why=why)


def _candidates(scores: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return thresholds, the highest first, with right and with all positive answers at each."""
    order = np.argsort(-scores, kind="stable")
    falling = scores[order]
    ends = np.flatnonzero(np.append(np.diff(falling) != 0, True))  # of equal scores
    distinct = falling[ends]
    middles = (distinct + np.append(distinct[1:], 0.0)) / 2
    thresholds = np.concatenate([[(distinct[0] + 1) / 2], middles])
    hits = np.concatenate([[0], np.cumsum(truth[order])[ends]])
    given = np.concatenate([[0], ends + 1])
    # At a score of exactly 1, or between neighbours without a number between them, the midpoint is
    # a score itself, which counts as reached.
    between = [distinct[0] < thresholds[0], *(middles[:-1] > distinct[1:]), True]
    return tuple(each[between] for each in (thresholds, hits, given))


def _choice(
    threshold: float, scores: np.ndarray, truth: np.ndarray, goal: Goal, *, met: bool, why: str
) -> Choice:
    found = reached(scores, truth, threshold, goal)
    positives = int(truth.sum())
    return Choice(threshold, met, why, **found, examples=len(truth), positives=positives)


def reached(
    scores: np.ndarray, truth: np.ndarray, threshold: float, goal: Goal
) -> dict[str, float]:
    """Return "recall", "precision", "f1" and "cost" at a threshold.

    Args:
        scores: probability of the positive class, (N,).
        truth: whether an example is of that class, (N,).
        threshold: that a positive answer reaches.
        goal: whose costs count.
    """
    given, truth = np.asarray(scores) >= threshold, np.asarray(truth) > 0
    both, answers, held = (int(each.sum()) for each in (given & truth, given, truth))
    cost = goal.false_negative * (held - both) + goal.false_positive * (answers - both)
    return {
        "recall": both / held if held else math.nan,
        "precision": both / answers if answers else math.nan,
        "f1": 2 * both / (held + answers) if held + answers else math.nan,
        "cost": cost / len(truth) if goal.kind == "cost" and len(truth) else math.nan,
    }


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _refused(value: Any, hint: str) -> ArgumentError:
    return ArgumentError(
        f"threshold_goal={value!r} is not a goal.",
        expected=f"{hint}one of {EXPECTED}",
        fix="set task.arguments.threshold_goal to one of them",
    )
