"""Image classification: one label for one image."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, final

import keras
import numpy as np

from zoo.catalog.metrics import CLASSIFICATION
from zoo.columns import Column, Image, Label
from zoo.columns.assets import Assets, column_of
from zoo.errors import ArgumentError
from zoo.heads.classification import classification_head
from zoo.metrics.classification import ESTIMATORS, classification_statistics
from zoo.regularization import NONE, Regularization
from zoo.tasks.base import Front, Predictions, Task, Tensors, keras_inputs
from zoo.tasks.classification import (
    classification_loss,
    describe_classes,
    probabilities,
)

if TYPE_CHECKING:
    from zoo.data.dataset import Split

LARGEST_SIDE = 4096  # pixels


@final
class ImageClassification(Task):
    """One of `classes` for an image of shape (H, W, C), values 0–255.

    Args:
        image_size: height and width that images are resized to; None keeps the dataset's own, which
            must then be one for all images (else `IMAGE_SIZE` is taken).
        regularization: `label_smoothing` and `dropout_rate` act here.
    """

    name = "image_classification"
    metrics = CLASSIFICATION
    estimators = ESTIMATORS
    shown = ("accuracy",)

    def __init__(self, *, image_size: int | None = None, regularization: Regularization = NONE):
        super().__init__(regularization=regularization)
        if image_size is not None and not (
            isinstance(image_size, int) and 1 <= image_size <= LARGEST_SIDE
        ):
            raise ArgumentError(
                f"image_size={image_size!r} is not a valid image size.",
                expected=f"1 to {LARGEST_SIDE} pixels, or null to keep the data's own",
                fix="set task.arguments.image_size within that range",
            )
        self.image_size = image_size

    def fit(
        self, train: "Split", *, features: Mapping[str, Column], classes: tuple[str, ...]
    ) -> Assets:
        image = column_of(features, Image, "image").sized(self.image_size)
        return Assets(x={"image": image}, y={"label": Label(classes)})

    def build(
        self,
        backbone: keras.Model | Mapping[str, keras.Model],
        assets: Assets,
        fronts: Mapping[str, Front] | None = None,
        head_feature: str | None = None,
    ) -> keras.Model:
        (image,) = keras_inputs(assets).values()  # (B, H, W, C)
        front = (fronts or {}).get("image")
        features = backbone(front(image) if front else image)
        rate = self.regularization.dropout_rate
        logits = classification_head(
            features, len(assets.classes), feature=head_feature, dropout_rate=rate
        )
        return keras.Model(image, logits, name="image_classifier")

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
