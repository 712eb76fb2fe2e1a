"""Intermediate fusion: the encoders' features side by side, then dense layers over all of them.

Inputs {NAME, NAME.present} -> {NAME: (B, D) for each, "fused": (B, hidden_dim)}. The scheme of
2312.00935 §2 with 1 < L_f < L, with activations.
"""

from collections.abc import Mapping

import keras

from zoo.heads.towers import Encoder, joined, towers


def intermediate(
    *,
    encoders: Mapping[str, Encoder],
    hidden_dim: int = 128,
    num_layers: int = 2,
    activation: str = "relu",
    dropout_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone.

    Args:
        encoders: of the inputs, by name.
        hidden_dim: units of each dense layer.
        num_layers: dense layers after the encoders have met, 1 or more.
        activation: Keras activation name.
        dropout_rate: after each of them, [0, 1).

    Returns:
        Model from the inputs and their presences to the feature of each and "fused".
    """
    both = towers(encoders)
    pooled = both.pooled()
    x = joined(pooled)
    for i in range(1, num_layers + 1):
        x = keras.layers.Dense(hidden_dim, activation=activation, name=f"fusion_{i}")(x)
        if dropout_rate:
            x = keras.layers.Dropout(dropout_rate, name=f"fusion_{i}_dropout")(x)
    return both.model({**pooled, "fused": x})
