"""Multi-label classification: any number of classes for an image, a text or a sound."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, final

import keras
import numpy as np
from keras import ops

from zoo.catalog.metrics import MULTILABEL
from zoo.columns import Column, Labels
from zoo.columns.assets import Assets, column_of
from zoo.errors import DataError
from zoo.metrics.multilabel import ESTIMATORS, USUAL, best_threshold, multilabel_statistics
from zoo.tasks.any_input import AnyInput
from zoo.tasks.base import Predictions, Tensors
from zoo.tasks.weighted import weighted_mean

if TYPE_CHECKING:
    from zoo.data.dataset import Split

FOCAL_GAMMA, FOCAL_ALPHA = 2.0, 0.25  # 1708.02002 §4.1: "γ = 2 works best", with α = 0.25
ASYMMETRIC_GAMMA, ASYMMETRIC_MARGIN = 4.0, 0.05  # of negatives, 2009.14119 §2; positives have γ = 0
THRESHOLDS = "thresholds"  # key of `Assets.extra`


@final
class MultilabelClassification(AnyInput):
    """Any number of classes, each with a probability and a threshold.

    Arguments as `AnyInput`; `loss` is "cross_entropy", "focal" (1708.02002), which lowers the weight of
    easy answers, or "asymmetric" (2009.14119), which lowers that of easy negatives.
    `label_smoothing` and `dropout_rate` of the regularization act here.
    """

    name, model_name = "multilabel_classification", "multilabel_classifier"
    metrics, estimators = MULTILABEL, ESTIMATORS
    losses = ("cross_entropy", "focal", "asymmetric")

    def targets(
        self, train: "Split", *, features: Mapping[str, Column], classes: tuple[str, ...]
    ) -> Mapping[str, Column]:
        if not any(isinstance(column, Labels) for column in features.values()):
            held = ", ".join(f"{name} ({column.word})" for name, column in features.items())
            raise DataError(
                f"This task needs several labels for an example; the data holds {held}.",
                expected="a column that holds several labels, or a column of 0 and 1 per label",
                fix='set data.arguments.label_separator=";", or label_column to a list of columns; '
                "for one class each, set task.name to a classification",
            )
        column = column_of(features, Labels, "labels")
        if len(column.classes) < 2:
            raise DataError(
                f"The data has {len(column.classes)} label(s).",
                expected="two labels or more",
                fix="for one label, make two classes of it and choose a classification",
            )
        return {"labels": column}

    def loss(self, y: Tensors, y_pred: Tensors) -> dict[str, Any]:
        """Return the mean over examples and classes as "loss"."""
        logits = y_pred["logits"]  # (B, K)
        truth = ops.cast(y["labels"], logits.dtype)
        smoothing = self.regularization.label_smoothing
        soft = truth * (1 - smoothing) + smoothing / 2
        yes, no = -ops.softplus(-logits), -ops.softplus(logits)  # log p, log(1 - p)
        if self.loss_name == "focal":
            p = ops.sigmoid(logits)
            yes = yes * FOCAL_ALPHA * (1 - p) ** FOCAL_GAMMA
            no = no * (1 - FOCAL_ALPHA) * p**FOCAL_GAMMA
        elif self.loss_name == "asymmetric":
            shifted = ops.maximum(ops.sigmoid(logits) - ASYMMETRIC_MARGIN, 0)
            no = shifted**ASYMMETRIC_GAMMA * ops.log(1 - shifted)  # 1 - shifted >= the margin
        return {"loss": -weighted_mean(soft * yes + (1 - soft) * no, y)}

    def divergence(self, y_pred: Tensors, others: Tensors) -> Any:
        # Of two Bernoulli distributions: (p - q) (logit p - logit q) is both directions together.
        one, other = y_pred["logits"], others["logits"]
        return ops.mean((ops.sigmoid(one) - ops.sigmoid(other)) * (one - other)) / 2

    def decode(self, model: keras.Model, x: Tensors, assets: Assets) -> Predictions:
        """Return probability and threshold of each class, float64 (B, K, 2)."""
        logits = np.asarray(model.predict_on_batch(x)["logits"], dtype="float64")
        probability = (1 + np.tanh(logits / 2)) / 2  # overflows nowhere
        chosen = assets.extra.get(THRESHOLDS, {})
        thresholds = np.array([chosen.get(name, USUAL) for name in assets.outputs])
        return np.stack([probability, np.broadcast_to(thresholds, probability.shape)], axis=-1)

    def statistics(
        self, predictions: Predictions, truths: Mapping[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        found = np.asarray(predictions)
        return multilabel_statistics(found[..., 0], found[..., 1], truths["labels"])

    def calibrated(
        self, predictions: Predictions, truths: Mapping[str, np.ndarray], assets: Assets
    ) -> Assets:
        """Keep the threshold of each class with the highest F1 on validation."""
        scores, truth = np.asarray(predictions)[..., 0], np.asarray(truths["labels"])
        found = {
            name: best_threshold(scores[:, k], truth[:, k]) for k, name in enumerate(assets.outputs)
        }
        return replace(assets, extra={**assets.extra, THRESHOLDS: found})

    def describe(self, prediction: Any, assets: Assets) -> list[dict[str, Any]]:
        """Return the classes at or above their thresholds, the most likely first; maybe none."""
        probability, threshold = np.asarray(prediction).T
        order = np.argsort(-probability, kind="stable")
        return [
            {
                "label": assets.outputs[k],
                "probability": round(float(probability[k]), 6),
                "threshold": round(float(threshold[k]), 6),
            }
            for k in order
            if probability[k] >= threshold[k]
        ]
