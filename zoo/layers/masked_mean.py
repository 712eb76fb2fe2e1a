"""The mean over the tokens of a text, without its padding."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kerazoo")
class MaskedMean(keras.layers.Layer):
    """Mean over the time steps that hold text, summed in float32 under every policy."""

    def call(self, x, is_text):
        """Return (B, D), the mean of `x` (B, T, D) where `is_text` (B, T) is True; else zeros."""
        # float16 cannot count beyond 2048, bfloat16 not beyond 256.
        keep = ops.cast(is_text, "float32")[..., None]  # (B, T, 1)
        total = ops.sum(ops.cast(x, "float32") * keep, axis=1)  # (B, D)
        return ops.cast(total / ops.maximum(ops.sum(keep, axis=1), 1), x.dtype)
