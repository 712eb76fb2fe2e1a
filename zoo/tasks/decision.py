"""Which of two classes is the answer: a threshold that validation chooses for a stated goal."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np

from zoo.columns.assets import Assets
from zoo.errors import ArgumentError, DataError, nearest
from zoo.metrics.thresholds import Goal, choose_threshold

THRESHOLD = "threshold"  # key of `Assets.extra`


@dataclass(frozen=True)
class Decision:
    """What a threshold is chosen for.

    Attributes:
        goal: that counts.
        positive: name of the class that the goal speaks of.
    """

    goal: Goal
    positive: str

    @classmethod
    def of(cls, goal: Any, positive: str | None) -> Self | None:
        """Read what a recipe says; None where it states no goal.

        Raises:
            ArgumentError: the goal is not one, or one of the two is missing.
        """
        if goal is None and positive is None:
            return None
        if goal is None or positive is None:
            given, missing = ("threshold_goal", "positive_class")[:: 1 if positive is None else -1]
            raise ArgumentError(
                f"{given} is given without {missing}.",
                expected="both: what the threshold is for, and the class that it speaks of",
                fix=f"set task.arguments.{missing}, or leave {given} out",
            )
        return cls(Goal.parse(goal), str(positive))

    def check(self, classes: Sequence[str]) -> None:
        """Refuse data of other than two classes, or without the positive one.

        Raises:
            DataError: the message names the classes.
        """
        if len(classes) != 2:
            raise DataError(
                f"threshold_goal is for two classes; the data has {len(classes)}.",
                expected="two classes, one of which is positive_class",
                fix="leave task.arguments.threshold_goal and positive_class out",
            )
        if self.positive not in classes:
            near = nearest(self.positive, classes) or classes
            raise DataError(
                f"positive_class={self.positive!r} is not a class of the data.",
                expected=f"one of: {', '.join(near)}",
                fix="set task.arguments.positive_class to the name of a class",
            )

    def fitted(self, probabilities: np.ndarray, labels: np.ndarray, assets: Assets) -> Assets:
        """Return the assets with the threshold that serves the goal best on these examples.

        Args:
            probabilities: of validation examples, (N, 2).
            labels: of them, (N,).
            assets: to add the threshold to.
        """
        positive = assets.classes.index(self.positive)
        found = choose_threshold(probabilities[:, positive], labels == positive, self.goal)
        told = {"value": found.threshold, "positive": self.positive, "goal": self.goal.text}
        told |= {k: v for k, v in asdict(found).items() if k != "threshold"}
        told = {k: None if _is_nan(v) else v for k, v in told.items()}
        return replace(assets, extra={**assets.extra, THRESHOLD: told})


@dataclass(frozen=True)
class Threshold:
    """A chosen threshold: the positive class is the answer where its probability reaches `value`."""

    value: float
    positive: str

    def beside(self, probabilities: np.ndarray, classes: Sequence[str]) -> np.ndarray:
        """Return probabilities with the threshold of the positive class beside: (B, 2) to (B, 2, 2).

        The other class has none, NaN. Predictions of several models can be averaged so.
        """
        thresholds = np.full_like(probabilities, np.nan)
        thresholds[:, classes.index(self.positive)] = self.value
        return np.stack([probabilities, thresholds], axis=-1)

    def described(self, prediction: Any, classes: Sequence[str]) -> list[dict[str, Any]]:
        """Return both classes with their probabilities, the answer first."""
        probabilities, answers = answers_of(np.asarray(prediction)[None])
        answer = int(answers[0])
        items = [
            {"label": classes[k], "probability": round(float(probabilities[0, k]), 6)}
            for k in (answer, 1 - answer)
        ]
        items[0]["positive_threshold"] = round(self.value, 6)
        return items


def threshold_of(assets: Assets) -> Threshold | None:
    """Return the threshold that was chosen on validation; None where there is none."""
    found: Mapping[str, Any] | None = assets.extra.get(THRESHOLD)
    return Threshold(found["value"], found["positive"]) if found else None


def answers_of(predictions: Any) -> tuple[np.ndarray, np.ndarray | None]:
    """Return probabilities, (N, K), and the answers, (N,), where a threshold decided them."""
    found = np.asarray(predictions)
    if found.ndim < 3:
        return found, None
    probabilities, thresholds = found[..., 0], found[..., 1]
    positive = positive_of(found)
    reached = probabilities[:, positive] >= thresholds[:, positive]
    return probabilities, np.where(reached, positive, 1 - positive)


def positive_of(predictions: np.ndarray) -> int:
    """Return which of two classes is the positive one: that with a threshold, or else the second."""
    if predictions.ndim < 3 or not len(predictions):
        return 1
    return int(np.isfinite(predictions[0, :, 1]).argmax())


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)
