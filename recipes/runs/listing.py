"""Which part of a prediction is listed: how many classes, and from which probability on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.columns.assets import Assets
from zoo.errors import ArgumentError


@dataclass(frozen=True)
class Listing:
    """What a result says of a prediction.

    Attributes:
        top: classes that are listed; None lists what the task does, which is five.
        threshold: probability in [0, 1] below which an answer is uncertain; of several labels those that
            reach it are given, in place of the thresholds that validation chose. None for none.

    Raises:
        ArgumentError: a value is out of range.
    """

    top: int | None = None
    threshold: float | None = None

    def __post_init__(self) -> None:
        if self.top is not None and self.top < 1:
            raise ArgumentError(
                f"top={self.top} is out of range.", expected="1 or more", fix="give another number"
            )
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise ArgumentError(
                f"threshold={self.threshold} is not a probability.",
                expected="0 to 1",
                fix="give another number",
            )

    def check(self, assets: Assets, name: str) -> None:
        """Refuse models that give no probabilities.

        Raises:
            ArgumentError: the message names the model.
        """
        asked = self.top is not None or self.threshold is not None
        if asked and not (assets.label or assets.label_sets):
            raise ArgumentError(
                f"{name} does not predict classes, so there is nothing to list or to compare.",
                fix="leave --top and --threshold (top=, threshold=) out",
            )

    def of(self, prediction: Any, task: Any, assets: Assets) -> dict[str, Any]:
        """Return {"predictions": [...]}, with "uncertain" where a threshold of one answer is set."""
        if assets.label_sets and self.threshold is not None:
            prediction = np.array(prediction)
            prediction[:, 1] = self.threshold
        if assets.label and np.ndim(prediction) == 1 and self.top is not None:
            return self.of_classes(prediction, assets.classes)
        items = task.describe(prediction, assets)[: self.top]
        return {"predictions": items} | self._judged(items, one=bool(assets.label))

    def of_classes(self, probabilities: np.ndarray, classes: Sequence[str]) -> dict[str, Any]:
        """Return the same for one of several classes, (K,)."""
        from zoo.tasks.classification import describe_classes

        items = describe_classes(probabilities, classes, count=self.top or 5)
        return {"predictions": items} | self._judged(items, one=True)

    def _judged(self, items: Sequence[dict[str, Any]], *, one: bool) -> dict[str, bool]:
        if self.threshold is None or not one:
            return {}
        return {"uncertain": items[0]["probability"] < self.threshold}
