"""Semantic segmentation: a class for each pixel of an image."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, final

import keras
import numpy as np

from zoo.catalog.metrics import SEGMENTATION
from zoo.columns import Column, Image, Mask
from zoo.columns.assets import Assets, column_of
from zoo.errors import ArgumentError, DataError, unknown_name
from zoo.heads.classification import classification_head
from zoo.heads.inputs import keras_inputs
from zoo.heads.segmentation import HEADS, segmentation_head
from zoo.metrics.segmentation import ESTIMATORS, segmentation_statistics
from zoo.regularization import NONE, Regularization
from zoo.tasks.base import Front, Predictions, Task, Tensors
from zoo.tasks.image_classification import LARGEST_SIDE
from zoo.tasks.pixel_loss import PIXEL_LOSSES, pixel_losses
from zoo.tasks.weighted import weighted_mean

if TYPE_CHECKING:
    from zoo.data.dataset import Split

NORMALIZATIONS = ("batch", "group")


@final
class ImageSegmentation(Task):
    """One of `classes` for each pixel of an image (H, W, C), values 0–255.

    Pixels of a negative class (void, or beyond the image after a crop) count neither in the loss nor
    in a metric.

    Args:
        image_size: height and width, or one number for both, that images and masks are resized to;
            None keeps the dataset's own, which must then be one for all images (else 224 is taken).
        head: "unet", "fpn" or "deeplab_v3_plus" (`zoo.heads.segmentation`).
        loss: "cross_entropy", "dice", "cross_entropy_dice", "focal" or "lovasz"
            (`zoo.tasks.pixel_loss`).
        normalization: of the head's layers, "batch", or "group" for batches of few images.
        regularization: `dropout_rate` acts before the last layer.

    Raises:
        UnknownNameError: there is no such head, loss or normalization.
        ArgumentError: the size is out of range.
    """

    name = "image_segmentation"
    metrics, estimators = SEGMENTATION, ESTIMATORS
    calibrates = False

    def __init__(
        self,
        *,
        image_size: int | tuple[int, int] | None = None,
        head: str = "unet",
        loss: str = "cross_entropy",
        normalization: str = "batch",
        regularization: Regularization = NONE,
    ):
        super().__init__(regularization=regularization)
        for what, value, known in (
            ("head", head, HEADS),
            ("loss", loss, PIXEL_LOSSES),
            ("normalization", normalization, NORMALIZATIONS),
        ):
            if value not in known:
                fix = f"set task.arguments.{what} to one of them"
                raise unknown_name(f"{what} of image_segmentation", str(value), [*known], fix=fix)
        self.size, self.head = _size(image_size), head
        self.loss_name, self.normalization = loss, normalization

    def fit(
        self, train: "Split", *, features: Mapping[str, Column], classes: tuple[str, ...]
    ) -> Assets:
        image = column_of(features, Image, "image").sized(None)
        image = replace(image, shape=(*(self.size or image.shape[:2]), image.shape[2]))
        y = self.targets(train, features=features, classes=classes)
        mask = replace(y["mask"], size=image.shape[:2], space=image.source or "image")
        return Assets(x={"image": image}, y={"mask": mask})

    def targets(
        self, train: "Split", *, features: Mapping[str, Column], classes: tuple[str, ...]
    ) -> Mapping[str, Column]:
        mask = column_of(features, Mask, "mask")
        if len(mask.classes) < 2:
            raise DataError(
                f"The masks of this data have {len(mask.classes)} class(es).",
                expected="two or more, the background among them",
                fix="name them in the column: Mask(classes=('background', 'cell'))",
            )
        return {"mask": mask}

    def build(
        self,
        backbone: keras.Model | Mapping[str, keras.Model],
        assets: Assets,
        fronts: Mapping[str, Front] | None = None,
        head_feature: str | None = None,
    ) -> keras.Model:
        """Attach the head; it takes the features of all strides.

        Without classes there is no head: the model gives `head_feature`, pooled, (B, D).
        """
        ((name, tensor),) = keras_inputs(assets).items()
        front = (fronts or {}).get(name)
        features = backbone(front(tensor) if front else tensor)
        if not classes_of(assets):
            pooled = classification_head(features, 0, feature=head_feature)
            return keras.Model(tensor, pooled, name="image_segmenter")
        logits = segmentation_head(
            features,
            len(classes_of(assets)),
            size=tensor.shape[1:3],
            head=self.head,
            normalization=self.normalization,
            dropout_rate=self.regularization.dropout_rate,
        )
        return keras.Model(tensor, logits, name="image_segmenter")

    def loss(self, y: Tensors, y_pred: Tensors) -> dict[str, Any]:
        losses = pixel_losses(self.loss_name, y_pred["logits"], y["mask"])
        return {"loss": weighted_mean(losses, y)}

    def decode(self, model: keras.Model, x: Tensors, assets: Assets) -> Predictions:
        """Return the class of each pixel, uint8 or int32 (B, H, W)."""
        logits = np.asarray(model.predict_on_batch(x)["logits"])
        return logits.argmax(axis=-1).astype("uint8" if logits.shape[-1] <= 256 else "int32")

    def statistics(
        self, predictions: Predictions, truths: Mapping[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        # Statistics of splits that are scored together must have one size.
        truth, found = np.asarray(truths["mask"]), np.asarray(predictions)
        count = 1 + max(int(truth.max(initial=0)), int(found.max(initial=0)))
        return segmentation_statistics(found, truth, num_classes=max(count, 2))

    def describe(self, prediction: Any, assets: Assets) -> list[dict[str, Any]]:
        """Return the share of pixels of each class that occurs, the largest first."""
        classes = classes_of(assets)
        shares = np.bincount(np.ravel(prediction), minlength=len(classes)) / np.size(prediction)
        order = np.argsort(-shares, kind="stable")
        return [
            {"label": classes[k], "share": round(float(shares[k]), 6)} for k in order if shares[k]
        ]


def classes_of(assets: Assets) -> tuple[str, ...]:
    """Return the names of the classes of pixels; a model by name has them as those of a label."""
    (column,) = assets.y.values()
    return column.classes


def _size(image_size: int | tuple[int, int] | None) -> tuple[int, int] | None:
    """Return height and width.

    Raises:
        ArgumentError: out of range.
    """
    if image_size is None:
        return None
    sides = [image_size] * 2 if isinstance(image_size, int) else list(image_size)
    if len(sides) != 2 or not all(isinstance(s, int) and 1 <= s <= LARGEST_SIDE for s in sides):
        raise ArgumentError(
            f"image_size={image_size!r} is not a valid image size.",
            expected=f"1 to {LARGEST_SIDE} pixels, or [height, width], or null for the data's own",
            fix="set task.arguments.image_size within that range",
        )
    return sides[0], sides[1]
