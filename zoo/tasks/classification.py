"""The shared part of classification tasks: everything but their inputs."""

import abc
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import keras
import numpy as np
from keras import ops

from zoo.catalog.metrics import CLASSIFICATION
from zoo.columns import Column, Label
from zoo.columns.assets import Assets
from zoo.errors import DataError
from zoo.heads.classification import classification_head
from zoo.heads.inputs import keras_inputs
from zoo.metrics.classification import ESTIMATORS, classification_statistics
from zoo.tasks.base import Front, Predictions, Task, Tensors

if TYPE_CHECKING:
    from zoo.data.dataset import Split


class Classification(Task):
    """One of `classes` for one input; abstract, because subclasses say what the input is.

    `label_smoothing` and `dropout_rate` of the regularization act here.
    """

    metrics = CLASSIFICATION
    estimators = ESTIMATORS
    shown = ("accuracy",)
    model_name: ClassVar[str]  # of the Keras model

    @abc.abstractmethod
    def inputs(self, train: "Split", features: Mapping[str, Column]) -> dict[str, Column]:
        """Return the fitted column of the input, by name."""

    def targets(
        self, train: "Split", *, features: Mapping[str, Column], classes: tuple[str, ...]
    ) -> Mapping[str, Column]:
        if not classes and "label" not in features:
            held = ", ".join(f"{name} ({column.word})" for name, column in features.items())
            raise DataError(
                f"A classification needs a class for each example; the data holds {held}.",
                expected="a column of classes, or one folder per class",
                fix=_other_task(features) or "choose data with classes, or another task",
            )
        return {"label": Label(classes)}

    def fit(
        self, train: "Split", *, features: Mapping[str, Column], classes: tuple[str, ...]
    ) -> Assets:
        y = self.targets(train, features=features, classes=classes)
        return Assets(x=self.inputs(train, features), y=y)

    def build(
        self,
        backbone: keras.Model | Mapping[str, keras.Model],
        assets: Assets,
        fronts: Mapping[str, Front] | None = None,
        head_feature: str | None = None,
    ) -> keras.Model:
        return with_dense_head(
            backbone,
            assets,
            fronts or {},
            feature=head_feature,
            outputs=len(assets.classes),
            dropout_rate=self.regularization.dropout_rate,
            name=self.model_name,
        )

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


def with_dense_head(
    backbone: keras.Model,
    assets: Assets,
    fronts: Mapping[str, Front],
    *,
    feature: str | None,
    outputs: int,
    dropout_rate: float,
    name: str,
) -> keras.Model:
    """Return a model from its only input through the backbone to one dense layer.

    Args:
        backbone: maps the input to named features.
        assets: declare the input.
        fronts: layers before the backbone, by input name.
        feature: that the head takes; None takes the deepest.
        outputs: of the dense layer; 0 gives pooled features.
        dropout_rate: before the dense layer.
        name: of the model.
    """
    ((input_name, tensor),) = keras_inputs(assets).items()
    front = fronts.get(input_name)
    features = backbone(front(tensor) if front else tensor)
    logits = classification_head(features, outputs, feature=feature, dropout_rate=dropout_rate)
    return keras.Model(tensor, logits, name=name)


def _other_task(features: Mapping[str, Column]) -> str:
    """Return which task takes the targets that the data has; empty where there are none."""
    kinds = {column.kind for column in features.values()}
    tasks = {"number": "regression", "labels": "multilabel_classification"}
    return " or ".join(f"set task.name={task}" for kind, task in tasks.items() if kind in kinds)


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
