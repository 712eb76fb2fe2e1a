"""Positions as sines and cosines of many wavelengths (1706.03762 §3.5), which are not trained."""

from typing import Any

import keras
import numpy as np

LONGEST = 10_000.0  # ratio of the longest wavelength to the shortest


@keras.saving.register_keras_serializable(package="kerazoo")
class SinusoidPositions(keras.layers.Layer):
    """Add to each token the sines, then the cosines, of its position.

    The table is a weight that training leaves alone, because published files hold it. Departure from
    the paper, which alternates both: all sines come first, as in tensor2tensor and in Whisper
    (2212.04356).

    Args:
        **layer_arguments: `name`, `dtype` and the like.

    >>> SinusoidPositions()(keras.ops.zeros((1, 5, 8))).shape
    TensorShape([1, 5, 8])
    """

    def build(self, input_shape):
        """Make the table (T, D).

        Raises:
            ValueError: T or D is not known, or D is odd.
        """
        length, width = input_shape[1:]
        if not length or not width or width % 2:
            raise ValueError(f"tokens of shape {input_shape[1:]} have no sinusoids")
        self.embeddings = self.add_weight(
            shape=(length, width), initializer=_table, trainable=False, name="embeddings"
        )

    def call(self, x):
        """Return `x` (B, T, D) plus the vectors of its positions."""
        return x + self.embeddings

    def compute_output_shape(self, input_shape):
        """Return `input_shape`."""
        return input_shape


def sinusoids(length: int, width: int) -> np.ndarray:
    """Return the sines and cosines of positions, float32 (length, width).

    >>> sinusoids(2, 4)[0].tolist()
    [0.0, 0.0, 1.0, 1.0]
    """
    half = width // 2
    rates = LONGEST ** (-np.arange(half) / max(1, half - 1))
    angles = np.arange(length)[:, None] * rates  # (T, D / 2)
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype("float32")


def _table(shape: tuple[int, int], dtype: Any = None) -> Any:
    return keras.ops.convert_to_tensor(sinusoids(*shape), dtype=dtype)
