"""Stochastic depth (1603.09382): drop a residual branch for single examples of a batch."""

from typing import Any

import keras
from keras import ops

from zoo.errors import ArgumentError


@keras.saving.register_keras_serializable(package="kerazoo")
class StochasticDepth(keras.layers.Layer):
    """Zero a residual branch for each example with probability `rate` while training.

    Put it at the end of the branch, before the addition. What is kept is divided by `1 - rate`, so
    that inference, where the layer is the identity, needs no scaling (the paper scales at
    inference instead; expectations are equal).

    Args:
        rate: probability of dropping, [0, 1); 0 makes the layer the identity.
        seed: of the layer's generator; None draws one from `keras.utils.set_random_seed`.
        **layer_arguments: `name`, `dtype` and the like.

    Raises:
        ArgumentError: `rate` is out of range.

    >>> branch = ops.ones((2, 3))
    >>> bool(ops.all(StochasticDepth(0.5, seed=1)(branch, training=False) == branch))
    True
    """

    def __init__(self, rate: float, seed: int | None = None, **layer_arguments: Any):
        super().__init__(**layer_arguments)
        if not 0 <= rate < 1:
            raise ArgumentError(
                f"StochasticDepth cannot drop with rate={rate!r}.",
                expected="0 <= rate < 1",
                fix="set stochastic_depth_rate within that range",
            )
        self.rate, self.seed = rate, seed
        self.supports_masking = True
        if rate:
            self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, x, training: bool = False):
        """Return `x` (B, …), in training with whole examples zeroed."""
        if not training or not self.rate:
            return x
        shape = (ops.shape(x)[0],) + (1,) * (len(x.shape) - 1)
        # Drawn in float32: bfloat16 has 128 steps in [0, 1), which would turn the small rates of
        # early blocks into multiples of 1/128.
        draw = keras.random.uniform(shape, dtype="float32", seed=self.seed_generator)
        # Selected, not multiplied, so that an infinite branch is dropped as zero.
        return ops.where(draw >= self.rate, x / (1.0 - self.rate), ops.zeros_like(x))

    def compute_output_shape(self, input_shape):
        """Return `input_shape`."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return super().get_config() | {"rate": self.rate, "seed": self.seed}
