"""Image classification: one label for one image."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, final

import keras
import numpy as np

from zoo.catalog.metrics import CLASSIFICATION
from zoo.catalog.tasks import IMAGE_SIZE
from zoo.errors import ArgumentError, DataError
from zoo.heads.classification import classification_head
from zoo.metrics.classification import ESTIMATORS, classification_statistics
from zoo.regularization import NONE, Regularization
from zoo.tasks.base import Assets, Front, Predictions, Spec, Task, Tensors
from zoo.tasks.classification import (
    classification_loss,
    describe_classes,
    probabilities,
)

if TYPE_CHECKING:
    from zoo.data.dataset import Feature, Split

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
                f"image_size={image_size!r} is no size of images.",
                expected=f"1 to {LARGEST_SIDE} pixels, or null to keep the data's own",
                fix="set task.arguments.image_size within that range",
            )
        self.image_size = image_size

    def fit(
        self, train: "Split", *, features: Mapping[str, "Feature"], classes: tuple[str, ...]
    ) -> Assets:
        height, width, channels = features["image"].shape
        if self.image_size or height is None or width is None:
            height = width = self.image_size or IMAGE_SIZE
        return Assets(
            x={"image": Spec((height, width, channels or 3), "uint8")},
            y={"label": Spec((), "int64")},
            classes=classes,
        )

    def encode(
        self, example: Mapping[str, Any], assets: Assets, seed: int | None
    ) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        values = assets.extra.get("preprocessing", {}).get("image", {})
        image = fit_image(
            example["image"],
            assets.x["image"].shape,
            crop_share=values.get("crop_share"),
            interpolation=values.get("interpolation", "bilinear"),
        )
        y = {"label": np.int64(example["label"])} if "label" in example else {}
        return {"image": image}, y

    def units(self, split: "Split", assets: Assets, *, training: bool) -> "Split":
        return split

    def build(
        self,
        backbone: keras.Model | Mapping[str, keras.Model],
        assets: Assets,
        fronts: Mapping[str, Front] | None = None,
        head_feature: str | None = None,
    ) -> keras.Model:
        image = keras.Input(assets.x["image"].shape, name="image")  # (B, H, W, C)
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


def fit_image(
    image: np.ndarray,
    shape: tuple[int | None, ...],
    *,
    crop_share: float | None = None,
    interpolation: str = "bilinear",
) -> np.ndarray:
    """Give an image the channels and size that a model takes.

    Gray becomes RGB by repetition, RGB becomes gray by ITU-R 601 luma; resizing is antialiased.

    Args:
        image: uint8, (h, w), (h, w, 1) or (h, w, 3).
        shape: (H, W, C) with C 1 or 3.
        crop_share: keep the aspect: resize until the crop is this share of the shorter side, (0, 1],
            and take the centre, as torchvision and timm evaluate. None resizes both sides to
            (H, W) whatever the aspect.
        interpolation: "nearest", "bilinear", "bicubic" or "lanczos".

    Returns:
        uint8, (H, W, C).

    Raises:
        DataError: another type or shape.
    """
    height, width, channels = shape
    image = np.asarray(image)
    image = image[..., None] if image.ndim == 2 else image
    if (
        image.dtype != np.uint8
        or image.ndim != 3
        or image.shape[-1] not in (1, 3)
        or not image.size
    ):
        raise DataError(
            f"An array of {image.dtype} and shape {image.shape} is no image.",
            expected="uint8, 0–255, of shape (H, W), (H, W, 1) or (H, W, 3)",
            fix='for values in [0, 1]: (image * 255).round().astype("uint8")',
        )
    if image.shape == (height, width, channels) and crop_share is None:
        return image
    from PIL import Image

    picture = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
    picture = picture.convert("L" if channels == 1 else "RGB")
    filter = Image.Resampling[interpolation.upper()]
    if crop_share is not None:
        size = _covering(picture.size, (width, height), crop_share)
        left, top = (round((a - b) / 2) for a, b in zip(size, (width, height), strict=True))
        picture = picture.resize(size, filter) if picture.size != size else picture
        picture = picture.crop((left, top, left + width, top + height))
    elif picture.size != (width, height):
        picture = picture.resize((width, height), filter)
    out = np.asarray(picture)
    return out[..., None] if channels == 1 else out


def _covering(size: tuple[int, int], crop: tuple[int, int], crop_share: float) -> tuple[int, int]:
    """Return the size of the same aspect of which `crop` is at most `crop_share` a side.

    Rounded down as torchvision and timm do.

    >>> _covering((500, 375), (224, 224), 0.875)
    (341, 256)
    """
    wanted = [math.floor(side / crop_share) for side in crop]
    short = max((0, 1), key=lambda axis: wanted[axis] / size[axis])
    other = 1 - short
    covering = [0, 0]
    covering[short] = wanted[short]
    covering[other] = max(crop[other], wanted[short] * size[other] // size[short])
    return covering[0], covering[1]
