"""An identity whose gradient is scaled: how much a loss may teach what lies before it."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kerazoo")
class GradientScale(keras.layers.Layer):
    """What comes in goes out unchanged; the gradient that comes back is multiplied.

    Args:
        factor: of the gradient; 0 stops it.
        adaptive: keep the factor in the variable `coefficient`, which training may change. It is
            not trained, and begins at `factor`.
        **layer_arguments: `name`, `dtype` and the like.

    >>> GradientScale(0.5)(ops.ones((2, 3))).shape
    TensorShape([2, 3])
    """

    def __init__(self, factor: float = 1.0, adaptive: bool = False, **layer_arguments: Any):
        super().__init__(**layer_arguments)
        self.factor, self.adaptive = factor, adaptive

    def build(self, input_shape):
        """Make the variable, where the factor may change."""
        if self.adaptive:
            start = keras.initializers.Constant(self.factor)
            how = {"shape": (), "initializer": start, "trainable": False}
            self.coefficient = self.add_weight(**how, name="coefficient", dtype="float32")

    def call(self, x):
        """Return `x`."""
        fixed = ops.stop_gradient(x)
        if not self.adaptive and self.factor == 0:
            return fixed
        factor = ops.cast(self.coefficient, x.dtype) if self.adaptive else self.factor
        return fixed + factor * (x - fixed)

    def compute_output_shape(self, input_shape):
        """Return `input_shape`."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return super().get_config() | {"factor": self.factor, "adaptive": self.adaptive}
