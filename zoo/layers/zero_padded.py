"""Zeros in the place of padding, as beyond the ends of a text."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kerazoo")
class ZeroPadded(keras.layers.Layer):
    """Set the vectors of padding to zero."""

    def call(self, x, is_text):
        """Return `x` (B, T, D), zero where `is_text` (B, T) is False."""
        return x * ops.cast(is_text, x.dtype)[..., None]
