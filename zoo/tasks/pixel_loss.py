"""Losses of semantic segmentation; axes B batch, H, W, K classes. Void pixels count nowhere."""

from collections.abc import Callable, Mapping
from typing import Any

from keras import ops

FOCAL_GAMMA = 2.0  # 1708.02002 §4.1
SMOOTH = 1.0  # of Dice: pixels added above and below, so that classes without any give no jump


def pixel_losses(name: str, logits: Any, truth: Any) -> Any:
    """Return the loss of each example, (B,).

    Args:
        name: key of `PIXEL_LOSSES`.
        logits: (B, H, W, K).
        truth: integers (B, H, W); negative where a pixel does not count.
    """
    logits = ops.reshape(logits, (ops.shape(logits)[0], -1, logits.shape[-1]))  # (B, P, K)
    truth = ops.reshape(truth, (ops.shape(truth)[0], -1))  # (B, P)
    counts = ops.cast(truth >= 0, logits.dtype)
    classes = ops.one_hot(ops.maximum(truth, 0), logits.shape[-1], dtype=logits.dtype)
    return PIXEL_LOSSES[name](logits, classes, counts)


def cross_entropy(logits: Any, classes: Any, counts: Any) -> Any:
    """Return the mean over pixels."""
    each = -ops.sum(classes * ops.log_softmax(logits, axis=-1), axis=-1)  # (B, P)
    return _mean(each, counts)


def focal(logits: Any, classes: Any, counts: Any) -> Any:
    """Return cross-entropy with the weight of easy pixels lowered (1708.02002)."""
    log_p = ops.sum(classes * ops.log_softmax(logits, axis=-1), axis=-1)
    return _mean(-((1 - ops.exp(log_p)) ** FOCAL_GAMMA) * log_p, counts)


def dice(logits: Any, classes: Any, counts: Any) -> Any:
    """Return one less the mean of soft Dice (1606.04797) over the classes of the example."""
    p = ops.softmax(logits, axis=-1) * counts[..., None]
    classes = classes * counts[..., None]
    both = ops.sum(p * classes, axis=1)  # (B, K)
    size = ops.sum(p, axis=1) + ops.sum(classes, axis=1)
    score = (2 * both + SMOOTH) / (size + SMOOTH)
    occurs = ops.cast(ops.sum(classes, axis=1) > 0, p.dtype)
    return 1 - ops.divide_no_nan(ops.sum(score * occurs, axis=1), ops.sum(occurs, axis=1))


def cross_entropy_dice(logits: Any, classes: Any, counts: Any) -> Any:
    """Return the sum of cross-entropy and Dice, as nnU-Net (1809.10486) has it."""
    return cross_entropy(logits, classes, counts) + dice(logits, classes, counts)


def lovasz(logits: Any, classes: Any, counts: Any) -> Any:
    """Return the Lovász softmax (1705.08790, Algorithm 1) of each example, over its classes.

    It is the piecewise linear function that meets one less the intersection over union wherever
    predictions are 0 or 1.
    """
    p = ops.softmax(logits, axis=-1)
    errors = ops.abs(classes - p) * counts[..., None]  # (B, P, K)
    classes = classes * counts[..., None]
    order = ops.flip(ops.argsort(ops.transpose(errors, (0, 2, 1)), axis=-1), axis=-1)  # (B, K, P)
    errors = ops.take_along_axis(ops.transpose(errors, (0, 2, 1)), order, axis=-1)
    truth = ops.take_along_axis(ops.transpose(classes, (0, 2, 1)), order, axis=-1)
    total = ops.sum(truth, axis=-1, keepdims=True)
    seen = ops.cumsum(truth, axis=-1)
    # Void pixels have errors of 0, sort last and change no sum before them.
    union = total + ops.cumsum(1 - truth, axis=-1)
    jaccard = 1 - (total - seen) / ops.maximum(union, 1)
    steps = ops.concatenate([jaccard[..., :1], jaccard[..., 1:] - jaccard[..., :-1]], axis=-1)
    by_class = ops.sum(errors * ops.stop_gradient(steps), axis=-1)  # (B, K)
    occurs = ops.cast(total[..., 0] > 0, errors.dtype)
    return ops.divide_no_nan(ops.sum(by_class * occurs, axis=1), ops.sum(occurs, axis=1))


def _mean(each: Any, counts: Any) -> Any:
    """Return the mean over the pixels that count, (B,)."""
    return ops.divide_no_nan(ops.sum(each * counts, axis=1), ops.sum(counts, axis=1))


PIXEL_LOSSES: Mapping[str, Callable[[Any, Any, Any], Any]] = {
    "cross_entropy": cross_entropy,
    "dice": dice,
    "cross_entropy_dice": cross_entropy_dice,
    "focal": focal,
    "lovasz": lovasz,
}
