"""The shared part of classification tasks: everything but their inputs."""

import abc
import copy
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

import keras
import numpy as np

from zoo.catalog.metrics import CLASSIFICATION
from zoo.columns import Column, Label
from zoo.columns.assets import Assets
from zoo.errors import DataError
from zoo.heads.classification import classification_head
from zoo.heads.inputs import keras_inputs
from zoo.metrics.classification import ESTIMATORS, classification_statistics
from zoo.regularization import NONE, Regularization
from zoo.tasks.base import Front, Predictions, Task, Tensors
from zoo.tasks.class_loss import ClassLoss
from zoo.tasks.decision import Decision, answers_of, threshold_of

if TYPE_CHECKING:
    from zoo.data.dataset import Split


class Classification(Task):
    """One of `classes` for one input; abstract, because subclasses say what the input is.

    Args:
        loss: "cross_entropy" (None as well), "focal" (1708.02002), which lowers the weight of easy
            examples, or "logit_adjusted" (2007.07314), which suits classes that are rare in train.
        focal_gamma: of "focal", 0 to 100; None takes 2.
        logit_tau: of "logit_adjusted", 0 to 100; None takes 1.
        threshold_goal: of two classes, what their threshold is chosen for on validation: "f1",
            "recall>=0.95", "precision>=0.9" or costs (`zoo.metrics.thresholds.Goal`). None answers
            with the more likely class.
        positive_class: name of the class that the goal speaks of.
        regularization: `label_smoothing` and `dropout_rate` act here.

    Raises:
        UnknownNameError: there is no such loss.
        ArgumentError: a value is out of range, or belongs to another loss.
    """

    metrics = CLASSIFICATION
    estimators = ESTIMATORS
    shown = ("accuracy",)
    model_name: ClassVar[str]  # of the Keras model

    def __init__(
        self,
        *,
        loss: str | None = None,
        focal_gamma: float | None = None,
        logit_tau: float | None = None,
        threshold_goal: str | Mapping[str, Any] | None = None,
        positive_class: str | None = None,
        regularization: Regularization = NONE,
    ):
        super().__init__(regularization=regularization)
        self.decision = Decision.of(threshold_goal, positive_class)
        self.calibrates = self.decision is not None
        self.class_loss = ClassLoss.of(
            loss,
            focal_gamma=focal_gamma,
            logit_tau=logit_tau,
            label_smoothing=regularization.label_smoothing,
        )

    def balanced(self, counts: Sequence[int], weights: Sequence[float] | None) -> Self:
        """Return the task with the loss for a train split.

        Args:
            counts: examples of each class.
            weights: of each class, > 0; None weighs all alike.
        """
        task = copy.copy(self)
        task.class_loss = self.class_loss.fitted(counts, weights)
        return task

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
        if self.decision:
            self.decision.check(classes)
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
        return self.class_loss(y, y_pred)

    def decode(self, model: keras.Model, x: Tensors, assets: Assets) -> Predictions:
        """Return probabilities, float64 (B, K); (B, 2, 2), with a threshold, where one was chosen."""
        found = probabilities(model, x)
        threshold = threshold_of(assets)
        return threshold.beside(found, assets.classes) if threshold else found

    def statistics(
        self, predictions: Predictions, truths: Mapping[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        found, guesses = answers_of(predictions)
        return classification_statistics(found, np.asarray(truths["label"]), guesses)

    def calibrated(
        self, predictions: Predictions, truths: Mapping[str, np.ndarray], assets: Assets
    ) -> Assets:
        """Keep the threshold that serves the goal best on validation, if there is a goal."""
        if self.decision is None:
            return assets
        found, _ = answers_of(predictions)
        return self.decision.fitted(found, np.asarray(truths["label"]), assets)

    def describe(self, prediction: Any, assets: Assets) -> list[dict[str, Any]]:
        """Return the five most likely classes; where a threshold decides, its answer first."""
        threshold = threshold_of(assets)
        describe = threshold.described if threshold else describe_classes
        return describe(prediction, assets.classes)


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


def probabilities(model: keras.Model, x: Mapping[str, Any]) -> np.ndarray:
    """Run the model on a batch and return the softmax of its logits, float64 (B, K)."""
    logits = np.asarray(model.predict_on_batch(x)["logits"], dtype="float64")
    logits -= logits.max(axis=-1, keepdims=True)
    exponentials = np.exp(logits)
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def describe_classes(prediction: Any, classes: Sequence[str], *, count: int = 5) -> list[dict]:
    """Return the `count` most likely classes with their probabilities, the most likely first."""
    order = np.argsort(-prediction, kind="stable")[:count]
    return [{"label": classes[i], "probability": round(float(prediction[i]), 6)} for i in order]
