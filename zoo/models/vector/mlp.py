"""Dense layers over a vector of numbers.

Input (B, D) -> {"hidden_1", …}: (B, width). A dense layer, its activation and dropout, as often as
there are widths.
"""

from collections.abc import Sequence

import keras


def vector_mlp(
    *,
    input_shape: tuple[int] = (64,),
    hidden_dims: Sequence[int] = (64, 64),
    activation: str = "relu",
    dropout_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone.

    Args:
        input_shape: (D,).
        hidden_dims: units of each layer.
        activation: Keras activation name.
        dropout_rate: after each layer, [0, 1).

    Returns:
        Model from (B, D) to the output of each layer.

    >>> vector_mlp(input_shape=(5,), hidden_dims=(8,)).output["hidden_1"].shape
    (None, 8)
    """
    vector = keras.Input(input_shape, name="vector")
    x, features = vector, {}
    for i, width in enumerate(hidden_dims, 1):
        x = keras.layers.Dense(width, activation=activation, name=f"hidden_{i}")(x)
        if dropout_rate:
            x = keras.layers.Dropout(dropout_rate, name=f"hidden_{i}_dropout")(x)
        features[f"hidden_{i}"] = x
    return keras.Model(vector, features, name="backbone")
