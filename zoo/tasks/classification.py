"""The shared part of classification tasks: everything but their inputs."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from zoo.catalog.metrics import CLASSIFICATION
from zoo.columns.assets import Assets
from zoo.heads.classification import classification_head
from zoo.metrics.classification import ESTIMATORS, classification_statistics
from zoo.tasks.base import Front, Predictions, Task, Tensors, keras_inputs


class Classification(Task):
    """One of `classes` for one input; abstract, because subclasses say what the input is.

    `label_smoothing` and `dropout_rate` of the regularization act here.
    """

    metrics = CLASSIFICATION
    estimators = ESTIMATORS
    shown = ("accuracy",)
    model_name: ClassVar[str]  # of the Keras model

    def build(
        self,
        backbone: keras.Model | Mapping[str, keras.Model],
        assets: Assets,
        fronts: Mapping[str, Front] | None = None,
        head_feature: str | None = None,
    ) -> keras.Model:
        ((name, tensor),) = keras_inputs(assets).items()
        front = (fronts or {}).get(name)
        logits = classification_head(
            backbone(front(tensor) if front else tensor),
            len(assets.classes),
            feature=head_feature,
            dropout_rate=self.regularization.dropout_rate,
        )
        return keras.Model(tensor, logits, name=self.model_name)

    def loss(self, y: Tensors, y_pred: Tensors) -> dict[str, Any]:
        smoothing = self.regularization.label_smoothing
        return classification_loss(y, y_pred, label_smoothing=smoothing)

    def decode(self, model: keras.Model, x: Tensors, assets: Assets) -> Predictions:
        return probabilities(model, x)

    def statistics(
        self, predictions: Predictions, truths: Mapping[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        return classification_statistics(np.asarray(predictions), np.asarray(truths["label"]))

    def describe(self, prediction: Any, assets: Assets) -> list[dict[str, Any]]:
        return describe_classes(prediction, assets.classes)


def classification_loss(
    y: Mapping[str, Any], y_pred: Mapping[str, Any], *, label_smoothing: float
) -> dict[str, Any]:
    """Return the mean cross-entropy as "loss", and "accuracy".

    Args:
        y: "label", (B,), or (B, K) where examples were mixed.
        y_pred: "logits", (B, K).
        label_smoothing: [0, 1).
    """
    label, logits = y["label"], y_pred["logits"]
    num_classes = logits.shape[-1]
    soft = label if len(label.shape) == 2 else ops.one_hot(label, num_classes)
    soft = ops.cast(soft, logits.dtype)
    target = soft * (1 - label_smoothing) + label_smoothing / num_classes
    cross_entropy = -ops.sum(target * ops.log_softmax(logits, axis=-1), axis=-1)  # (B,)
    right = ops.equal(ops.argmax(soft, axis=-1), ops.argmax(logits, axis=-1))
    return {"loss": ops.mean(cross_entropy), "accuracy": ops.mean(ops.cast(right, "float32"))}


def probabilities(model: keras.Model, x: Mapping[str, Any]) -> np.ndarray:
    """Run the model on a batch and return the softmax of its logits, float64 (B, K)."""
    logits = np.asarray(model.predict_on_batch(x)["logits"], dtype="float64")
    logits -= logits.max(axis=-1, keepdims=True)
    exponentials = np.exp(logits)
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def describe_classes(prediction: np.ndarray, classes: Sequence[str]) -> list[dict[str, Any]]:
    """Return the five most likely classes with their probabilities, the most likely first."""
    order = np.argsort(-prediction, kind="stable")[:5]
    return [{"label": classes[i], "probability": round(float(prediction[i]), 6)} for i in order]
