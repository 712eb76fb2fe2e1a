"""Means and deviations over the frames of a sound, plain (x-vectors) or weighted (1803.10963)."""

from typing import Any

import keras
from keras import ops

_LEAST_VARIANCE = 1e-7  # below it a deviation has no useful gradient


def _moments(x: Any, weights: Any) -> tuple[Any, Any]:
    """Return mean and deviation over frames, (B, 1, D) each, of (B, T, D); weights sum to 1."""
    mean = ops.sum(weights * x, axis=1, keepdims=True)
    variance = ops.sum(weights * ops.square(x - mean), axis=1, keepdims=True)
    return mean, ops.sqrt(ops.maximum(variance, _LEAST_VARIANCE))


def _equal_weights(x: Any) -> Any:
    return 1 / ops.cast(ops.shape(x)[1], "float32")


@keras.saving.register_keras_serializable(package="kerazoo")
class StatisticsPooling(keras.layers.Layer):
    """Join mean and deviation over frames, computed in float32 under every policy.

    With scores beside the frames, each frame of each channel weighs as its softmax over time says.

    >>> StatisticsPooling()(ops.ones((2, 5, 3))).shape
    TensorShape([2, 6])
    """

    def call(self, x, scores=None):
        """Return (B, 2 D) for frames and scores (B, T, D)."""
        wide = ops.cast(x, "float32")
        if scores is None:
            weights = _equal_weights(x)
        else:
            weights = ops.softmax(ops.cast(scores, "float32"), axis=1)
        joined = ops.concatenate(_moments(wide, weights), axis=-1)[:, 0]
        return ops.cast(joined, x.dtype)

    def compute_output_shape(self, x_shape, scores_shape=None):
        """Return (B, 2 D)."""
        return x_shape[0], 2 * x_shape[-1]


@keras.saving.register_keras_serializable(package="kerazoo")
class WholeContext(keras.layers.Layer):
    """Put mean and deviation over all frames beside each frame (2005.07143 §3.1).

    >>> WholeContext()(ops.ones((2, 5, 3))).shape
    TensorShape([2, 5, 9])
    """

    def call(self, x):
        """Return (B, T, 3 D) for frames (B, T, D)."""
        mean, deviation = _moments(ops.cast(x, "float32"), _equal_weights(x))
        beside = ops.cast(ops.concatenate([mean, deviation], axis=-1), x.dtype)  # (B, 1, 2 D)
        return ops.concatenate([x, ops.repeat(beside, ops.shape(x)[1], axis=1)], axis=-1)

    def compute_output_shape(self, input_shape):
        """Return (B, T, 3 D)."""
        return *input_shape[:-1], 3 * input_shape[-1]
