"""The class token (2010.11929 §3.1): a learned vector that gathers what is known of the image."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kerazoo")
class ClassToken(keras.layers.Layer):
    """Put a learned vector before the tokens, (B, T, D) -> (B, 1 + T, D).

    >>> ClassToken()(ops.ones((2, 4, 3))).shape
    TensorShape([2, 5, 3])
    """

    def build(self, input_shape):
        """Make the vector."""
        start = keras.initializers.RandomNormal(stddev=1e-6)
        self.token = self.add_weight(shape=(1, input_shape[-1]), initializer=start, name="token")

    def call(self, x):
        """Return the token and `x` (B, T, D)."""
        token = ops.cast(self.token, x.dtype)[None]
        repeated = ops.repeat(token, ops.shape(x)[0], axis=0)  # (B, 1, D)
        return ops.concatenate([repeated, x], axis=1)

    def compute_output_shape(self, input_shape):
        """Return (B, 1 + T, D)."""
        batch, tokens, width = input_shape
        return (batch, None if tokens is None else tokens + 1, width)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return super().get_config()
