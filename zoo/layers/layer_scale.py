"""LayerScale (2103.17239 §2.2): a learned factor per channel at the end of a residual branch."""

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="kerazoo")
class LayerScale(keras.layers.Layer):
    """Multiply the last axis by a learned vector that starts small, so that deep networks train.

    Args:
        initial: what every factor starts at.
        **layer_arguments: `name`, `dtype` and the like.

    >>> LayerScale(0.5)(keras.ops.ones((1, 2))).numpy().tolist()
    [[0.5, 0.5]]
    """

    def __init__(self, initial: float = 1e-6, **layer_arguments: Any):
        super().__init__(**layer_arguments)
        self.initial = initial
        self.supports_masking = True

    def build(self, input_shape):
        """Make the factors."""
        start = keras.initializers.Constant(self.initial)
        self.gamma = self.add_weight(shape=(input_shape[-1],), initializer=start, name="gamma")

    def call(self, x):
        """Return `x` (…, C), scaled."""
        return x * keras.ops.cast(self.gamma, x.dtype)

    def compute_output_shape(self, input_shape):
        """Return `input_shape`."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return super().get_config() | {"initial": self.initial}
