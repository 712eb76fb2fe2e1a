"""Regression: one or several numbers for an image, a text or a sound."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, final

import keras
import numpy as np
from keras import ops

from zoo.catalog.metrics import REGRESSION
from zoo.columns import Column, Number
from zoo.columns.assets import Assets
from zoo.columns.number import SCALED
from zoo.errors import DataError
from zoo.metrics.conformal import conformal_half_width
from zoo.metrics.regression import ESTIMATORS, regression_statistics
from zoo.tasks.any_input import AnyInput
from zoo.tasks.base import Predictions, Tensors
from zoo.tasks.weighted import weighted_mean

if TYPE_CHECKING:
    from zoo.data.dataset import Split

LEVEL = 0.9  # of prediction intervals
HUBER_DELTA = 1.0  # standard deviations of a target
INTERVALS = "intervals"  # key of `Assets.extra`


@final
class Regression(AnyInput):
    """A number for each target, in the unit of the data.

    The model learns and puts out standardised numbers, by the mean and deviation of train. Several
    targets count alike, in the order of their names. Arguments as `AnyInput`; `loss` is "squared",
    "absolute" or "huber" (Huber 1964), of standardised numbers.
    """

    name, model_name = "regression", "regressor"
    metrics, estimators = REGRESSION, ESTIMATORS
    losses = ("squared", "absolute", "huber")

    def targets(
        self, train: "Split", *, features: Mapping[str, Column], classes: tuple[str, ...]
    ) -> Mapping[str, Column]:
        found = {name: column for name, column in features.items() if isinstance(column, Number)}
        if not found:
            held = ", ".join(f"{name} ({column.word})" for name, column in features.items())
            raise DataError(
                f"Regression needs numbers to predict; the data holds {held}.",
                expected="a table with a column of numbers",
                fix="name it: data.arguments.target_column=NAME; to predict classes, set task.name "
                "to a classification",
            )
        fitted = {}
        for name in sorted(found):
            try:
                fitted[name] = found[name].fit(train.columns[name])
            except DataError as error:
                problem = f"Target {name}: {error.problem}"
                raise DataError(problem, expected=error.expected, fix=error.fix) from error
        return fitted

    def loss(self, y: Tensors, y_pred: Tensors) -> dict[str, Any]:
        names = targets_in(y)
        truth = ops.stack([y[f"{name}.{SCALED}"] for name in names], axis=-1)  # (B, T)
        error = y_pred["logits"] - ops.cast(truth, y_pred["logits"].dtype)
        size = ops.abs(error)
        if self.loss_name == "squared":
            losses = ops.square(error)
        elif self.loss_name == "absolute":
            losses = size
        else:
            near = ops.minimum(size, HUBER_DELTA)
            losses = near * (size - near / 2)
        return {"loss": weighted_mean(losses, y)}

    def divergence(self, y_pred: Tensors, others: Tensors) -> Any:
        return ops.mean(ops.square(y_pred["logits"] - others["logits"]))

    def decode(self, model: keras.Model, x: Tensors, assets: Assets) -> Predictions:
        """Return the numbers in the unit of the data, float64 (B, T)."""
        scaled = np.asarray(model.predict_on_batch(x)["logits"], "float64")
        columns = assets.numbers.values()
        return np.stack([c.restored(scaled[:, t]) for t, c in enumerate(columns)], axis=-1)

    def statistics(
        self, predictions: Predictions, truths: Mapping[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        truth = np.stack([truths[name] for name in targets_in(truths)], axis=-1)
        return regression_statistics(np.asarray(predictions), truth)

    def parts(
        self, predictions: Predictions, truths: Mapping[str, np.ndarray]
    ) -> dict[str, tuple[Predictions, Mapping[str, np.ndarray]]]:
        names = targets_in(truths)
        if len(names) < 2:
            return {}
        return {
            name: (
                predictions[:, t : t + 1],
                {key: truths[key] for key in (name, f"{name}.{SCALED}")},
            )
            for t, name in enumerate(names)
        }

    def calibrated(
        self, predictions: Predictions, truths: Mapping[str, np.ndarray], assets: Assets
    ) -> Assets:
        """Keep the half width of each target's prediction interval, None where there are too few."""
        widths = {
            name: conformal_half_width(predictions[:, t] - truths[name], level=LEVEL)
            for t, name in enumerate(targets_in(truths))
        }
        found = {"level": LEVEL, "half_width": widths, "examples": len(predictions)}
        return replace(assets, extra={**assets.extra, INTERVALS: found})

    def describe(self, prediction: Any, assets: Assets) -> list[dict[str, Any]]:
        """Return each target with its number, and the ends of its prediction interval or None."""
        widths = assets.extra.get(INTERVALS, {}).get("half_width", {})
        said = []
        for name, value in zip(assets.numbers, map(float, prediction), strict=True):
            width = widths.get(name)
            low, high = (None, None) if width is None else (value - width, value + width)
            said.append({"target": name, "value": value, "low": low, "high": high})
        return said


def targets_in(tensors: Mapping[str, Any]) -> list[str]:
    """Return the names of the targets among the tensors of a batch, sorted.

    >>> targets_in({"width.scaled": 0, "width": 3, "height": 2, "height.scaled": 1})
    ['height', 'width']
    """
    return sorted(name for name in tensors if f"{name}.{SCALED}" in tensors)
