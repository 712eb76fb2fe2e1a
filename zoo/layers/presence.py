"""What a model of several inputs does where one is absent: B examples, M inputs, D features."""

from typing import Any

import keras
from keras import ops

from zoo.errors import ArgumentError


@keras.saving.register_keras_serializable(package="kerazoo")
class OrAbsent(keras.layers.Layer):
    """Put a learned vector where an input is absent, in training and in use alike.

    >>> layer = OrAbsent()
    >>> layer(ops.ones((2, 3)), ops.array([1.0, 0.0])).tolist()  # doctest: +SKIP
    [[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]]
    """

    def build(self, features_shape, present_shape=None):
        """Make the vector, of zeros at first."""
        self.absent = self.add_weight(
            shape=(features_shape[-1],), initializer="zeros", name="absent"
        )

    def call(self, features, present):
        """Return features (B, …, D), or the vector in their place where `present` (B,) is 0."""
        there = ops.reshape(present > 0, (-1, *[1] * (len(features.shape) - 1)))
        # No product: what an encoder makes of padding may be infinite, and 0 times that is not 0.
        return ops.where(there, features, ops.cast(self.absent, features.dtype))

    def compute_output_shape(self, features_shape, present_shape):
        """Return the shape of the features."""
        return features_shape


@keras.saving.register_keras_serializable(package="kerazoo")
class ModalityDropout(keras.layers.Layer):
    """Take inputs away at random in training (1501.00102), so that a model learns to do without.

    Each input that is present is taken away with probability `rate`; where that would take the last
    one of an example, one of those that were present stays, each as likely as the others.

    Args:
        rate: in [0, 1).
        seed: of the draws; None takes Keras' global generator.
        **layer_arguments: `name`, `dtype` and the like.

    Raises:
        ArgumentError: the rate is out of range.

    >>> ModalityDropout(0.5)(ops.ones((2, 3))).shape
    TensorShape([2, 3])
    """

    def __init__(self, rate: float, seed: int | None = None, **layer_arguments: Any):
        super().__init__(**layer_arguments)
        if not 0 <= rate < 1:
            raise ArgumentError(
                f"rate={rate!r} is not a share of inputs to take away.",
                expected="0 or more, and below 1",
                fix="set regularization.modality_dropout_rate within that range",
            )
        self.rate, self.seed = rate, seed
        self.generator = keras.random.SeedGenerator(seed)

    def call(self, presences, training: bool = False):
        """Return presences (B, M) of 0 and 1, with fewer of 1 in training."""
        if not training or not self.rate:
            return presences
        draws = keras.random.uniform(ops.shape(presences), seed=self.generator, dtype="float32")
        draws = ops.where(presences > 0, draws, -1.0)
        highest = draws >= ops.max(draws, axis=-1, keepdims=True)
        kept = ops.cast(ops.logical_or(draws >= self.rate, highest), presences.dtype)
        return presences * kept

    def compute_output_shape(self, presences_shape):
        """Return `presences_shape`."""
        return presences_shape

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return super().get_config() | {"rate": self.rate, "seed": self.seed}
