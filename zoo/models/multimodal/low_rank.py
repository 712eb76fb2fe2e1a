"""Low-rank tensor fusion (Liu et al. 2018, 1806.00064 eq. 9): every product of the inputs' features.

Inputs {NAME, NAME.present} -> {NAME: (B, D) for each, "fused": (B, hidden_dim)}. The outer product
of the features, each with a 1 behind it, times a weight tensor of rank R is the sum over R of the
product over inputs of linear maps; the tensor itself is never made.
"""

from collections.abc import Mapping

import keras
from keras import ops

from zoo.heads.towers import Encoder, towers


@keras.saving.register_keras_serializable(package="kerazoo")
class RankSum(keras.layers.Layer):
    """Add up the R factors of a low-rank tensor, each with a weight of its own, and a bias.

    >>> RankSum()(ops.ones((2, 4, 8))).shape
    TensorShape([2, 8])
    """

    def build(self, factors_shape):
        """Make the weights (R,) and the bias (D,)."""
        _, rank, width = factors_shape
        start = keras.initializers.RandomNormal(stddev=rank**-0.5)
        self.scale = self.add_weight(shape=(rank,), initializer=start, name="scale")
        self.bias = self.add_weight(shape=(width,), initializer="zeros", name="bias")

    def call(self, factors):
        """Return (B, D) for factors (B, R, D)."""
        return ops.sum(factors * self.scale[:, None], axis=1) + self.bias

    def compute_output_shape(self, factors_shape):
        """Return (B, D) for (B, R, D)."""
        batch, _, width = factors_shape
        return batch, width


def low_rank(
    *, encoders: Mapping[str, Encoder], hidden_dim: int = 64, rank: int = 4
) -> keras.Model:
    """Build the backbone.

    Args:
        encoders: of the inputs, by name.
        hidden_dim: units of the fused feature.
        rank: R, of the weight tensor; the paper tries 1 to 16 and finds that a few are enough.

    Returns:
        Model from the inputs and their presences to the feature of each and "fused".
    """
    both = towers(encoders)
    pooled = both.pooled()
    factors = []
    for name, x in pooled.items():  # the bias of the map is the weight of the 1 behind a feature
        x = keras.layers.Dense(rank * hidden_dim, name=f"{name}_factors")(x)
        factors.append(keras.layers.Reshape((rank, hidden_dim), name=f"{name}_by_rank")(x))
    x = keras.layers.Multiply(name="fusion_product")(factors) if len(factors) > 1 else factors[0]
    return both.model({**pooled, "fused": RankSum(name="fusion_sum")(x)})
