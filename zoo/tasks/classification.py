"""What tasks that give one of several classes share: loss, probabilities, scores."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

CALIBRATION_BINS = 15  # as in 1706.04599 §5


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


def classification_scores(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Return accuracy, macro F1, cross-entropy and calibration error over a split.

    Args:
        probabilities: (N, K).
        labels: integers, (N,).

    >>> classification_scores(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 1]))["accuracy"]
    1.0
    """
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


def describe_classes(prediction: np.ndarray, classes: Sequence[str]) -> list[dict[str, Any]]:
    """Return the five most likely classes with their probabilities, the most likely first."""
    order = np.argsort(-prediction, kind="stable")[:5]
    return [{"label": classes[i], "probability": round(float(prediction[i]), 6)} for i in order]


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
