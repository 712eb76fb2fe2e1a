"""Image classification: one label for one image."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, final

import keras
import numpy as np
from keras import ops

from zoo.errors import DataError
from zoo.regularization import NONE, Regularization
from zoo.tasks.base import Assets, Predictions, Spec, Task, Tensors

if TYPE_CHECKING:
    from zoo.data.dataset import Feature, Split

CALIBRATION_BINS = 15  # as in 1706.04599 §5


@final
class ImageClassification(Task):
    """One of `classes` for an image of shape (H, W, C), values 0–255.

    Args:
        image_size: height and width that images are resized to; None keeps the dataset's own, which
            must then be one for all images (else 224 is taken).
        regularization: `label_smoothing` and `dropout_rate` act here.
    """

    name = "image_classification"
    metric = "accuracy"
    mode = "max"
    shown = ("accuracy",)

    def __init__(self, *, image_size: int | None = None, regularization: Regularization = NONE):
        super().__init__(regularization=regularization)
        self.image_size = image_size

    def fit(
        self, train: "Split", *, features: Mapping[str, "Feature"], classes: tuple[str, ...]
    ) -> Assets:
        height, width, channels = features["image"].shape
        if self.image_size or height is None or width is None:
            height = width = self.image_size or 224
        return Assets(
            x={"image": Spec((height, width, channels or 3), "uint8")},
            y={"label": Spec((), "int64")},
            classes=classes,
        )

    def encode(
        self, example: Mapping[str, Any], assets: Assets, seed: int | None
    ) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        image = fit_image(example["image"], assets.x["image"].shape)
        y = {"label": np.int64(example["label"])} if "label" in example else {}
        return {"image": image}, y

    def build(
        self,
        backbone: keras.Model | Mapping[str, keras.Model],
        assets: Assets,
        fronts: Mapping[str, keras.layers.Layer] | None = None,
    ) -> keras.Model:
        image = keras.Input(assets.x["image"].shape, name="image")  # (B, H, W, C)
        front = (fronts or {}).get("image")
        features = backbone(front(image) if front else image)
        last = list(features.values())[-1]  # the deepest is listed last
        if len(last.shape) == 4:
            last = keras.layers.GlobalAveragePooling2D(name="head_pool")(last)  # (B, C)
        if assets.classes:
            if self.regularization.dropout_rate:
                last = keras.layers.Dropout(self.regularization.dropout_rate, name="head_dropout")(
                    last
                )
            last = keras.layers.Dense(len(assets.classes), dtype="float32", name="head_logits")(
                last
            )
        return keras.Model(image, last, name="image_classifier")

    def loss(self, y: Tensors, y_pred: Tensors) -> dict[str, Any]:
        label, logits = y["label"], y_pred["logits"]  # (B,) or (B, K) after mixing; (B, K)
        num_classes = logits.shape[-1]
        soft = label if len(label.shape) == 2 else ops.one_hot(label, num_classes)
        soft = ops.cast(soft, logits.dtype)
        smoothing = self.regularization.label_smoothing
        target = soft * (1 - smoothing) + smoothing / num_classes
        cross_entropy = -ops.sum(target * ops.log_softmax(logits, axis=-1), axis=-1)  # (B,)
        right = ops.equal(ops.argmax(soft, axis=-1), ops.argmax(logits, axis=-1))
        return {
            "loss": ops.mean(cross_entropy),
            "accuracy": ops.mean(ops.cast(right, "float32")),
        }

    def decode(self, model: keras.Model, x: Tensors, assets: Assets) -> Predictions:
        logits = np.asarray(model.predict_on_batch(x)["logits"], dtype="float64")  # (B, K)
        logits -= logits.max(axis=-1, keepdims=True)
        exponentials = np.exp(logits)
        return exponentials / exponentials.sum(axis=-1, keepdims=True)

    def score(self, predictions: Predictions, truths: Mapping[str, np.ndarray]) -> dict[str, float]:
        probabilities, labels = np.asarray(predictions), np.asarray(truths["label"])
        if not np.isfinite(probabilities).all():  # a model that diverged says nothing
            return dict.fromkeys(("accuracy", "macro_f1", "loss", "ece"), float("nan"))
        guesses = probabilities.argmax(axis=-1)
        right = guesses == labels
        likelihood = probabilities[np.arange(labels.size), labels]
        return {
            "accuracy": float(right.mean()),
            "macro_f1": macro_f1(labels, guesses, probabilities.shape[-1]),
            "loss": float(-np.log(np.clip(likelihood, 1e-12, 1)).mean()),
            "ece": expected_calibration_error(probabilities.max(axis=-1), right),
        }

    def describe(self, prediction: Any, assets: Assets) -> list[dict[str, Any]]:
        order = np.argsort(-prediction, kind="stable")[:5]
        return [
            {"label": assets.classes[i], "probability": round(float(prediction[i]), 6)}
            for i in order
        ]


def macro_f1(labels: np.ndarray, guesses: np.ndarray, num_classes: int) -> float:
    """Mean over the classes that occur of 2 TP / (2 TP + FP + FN), in [0, 1]."""
    true_positive = np.bincount(labels[labels == guesses], minlength=num_classes)
    either = np.bincount(labels, minlength=num_classes) + np.bincount(
        guesses, minlength=num_classes
    )
    present = either > 0
    return float((2 * true_positive[present] / either[present]).mean())


def expected_calibration_error(confidence: np.ndarray, right: np.ndarray) -> float:
    """Gap between confidence and accuracy, averaged over equal-width bins (1706.04599, eq. 3).

    Args:
        confidence: largest probability of each example, (N,), in [0, 1].
        right: whether that class was the true one, (N,).
    """
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    gap = np.bincount(bins, weights=confidence - right, minlength=CALIBRATION_BINS)
    return float(np.abs(gap).sum() / confidence.size)


def fit_image(image: np.ndarray, shape: tuple[int | None, ...]) -> np.ndarray:
    """Give an image the channels and size that a model takes.

    Gray becomes RGB by repetition, RGB becomes gray by ITU-R 601 luma; resizing is bilinear with
    antialiasing.

    Args:
        image: uint8, (h, w), (h, w, 1) or (h, w, 3).
        shape: (H, W, C) with C 1 or 3.

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
    if image.shape == (height, width, channels):
        return image
    from PIL import Image

    picture = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
    picture = picture.convert("L" if channels == 1 else "RGB")
    if picture.size != (width, height):
        picture = picture.resize((width, height), Image.Resampling.BILINEAR)
    out = np.asarray(picture)
    return out[..., None] if channels == 1 else out
