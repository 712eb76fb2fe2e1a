"""Global response normalization (2301.00808 §3): channels compete by their strength in the image."""

from typing import Any

import keras
from keras import ops

TINY = 1e-12  # below it a root has no finite gradient


@keras.saving.register_keras_serializable(package="kerazoo")
class GlobalResponseNorm(keras.layers.Layer):
    """Scale each channel by its L2 norm over the image, divided by the mean norm of all channels.

    The input is added again, and both weights start at zero, so that the layer starts as the identity.

    Args:
        epsilon: added to the mean norm.
        **layer_arguments: `name`, `dtype` and the like.

    >>> layer = GlobalResponseNorm()
    >>> x = ops.ones((1, 2, 2, 3))
    >>> bool(ops.all(layer(x) == x))
    True
    """

    def __init__(self, epsilon: float = 1e-6, **layer_arguments: Any):
        super().__init__(**layer_arguments)
        self.epsilon = epsilon

    def build(self, input_shape):
        """Make scale and offset."""
        width = (input_shape[-1],)
        self.gamma = self.add_weight(shape=width, initializer="zeros", name="gamma")
        self.beta = self.add_weight(shape=width, initializer="zeros", name="beta")

    def call(self, x):
        """Return `x` (B, H, W, C), normalized; norms are summed in float32."""
        squares = ops.sum(ops.square(ops.cast(x, "float32")), axis=(1, 2), keepdims=True)
        norm = ops.sqrt(ops.maximum(squares, TINY))  # (B, 1, 1, C)
        share = norm / (ops.mean(norm, axis=-1, keepdims=True) + self.epsilon)
        scale = 1.0 + ops.cast(self.gamma, "float32") * share
        return x * ops.cast(scale, x.dtype) + ops.cast(self.beta, x.dtype)

    def compute_output_shape(self, input_shape):
        """Return `input_shape`."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return super().get_config() | {"epsilon": self.epsilon}
