"""Multilayer perceptron on flattened images.

Input (B, H, W, C) -> {"features": (B, D)}. The plainest network: a baseline, and the place where
initializers, activations and normalization show their effect on gradients.
"""

from collections.abc import Sequence

import keras

from zoo.layers.normalization import normalization_layer


def mlp(
    *,
    input_shape: tuple[int, int, int] = (28, 28, 1),
    hidden_dims: Sequence[int] = (256, 128),
    activation: str = "relu",
    normalization: str = "none",
    initializer: str = "he_normal",
    dropout_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone: flatten, then dense layers.

    Args:
        input_shape: (H, W, C).
        hidden_dims: width of each hidden layer.
        activation: Keras activation name.
        normalization: "batch", "batch_stock", "layer", "group" or "none", before each activation.
        initializer: Keras initializer name of the kernels.
        dropout_rate: after each hidden layer, [0, 1).

    Returns:
        Model from (B, H, W, C) to {"features": (B, hidden_dims[-1])}.

    >>> mlp(input_shape=(8, 8, 1), hidden_dims=(4,)).output["features"].shape
    (None, 4)
    """
    image = keras.Input(input_shape, name="image")
    x = keras.layers.Flatten(name="flatten")(image)  # (B, H·W·C)
    for i, width in enumerate(hidden_dims, start=1):
        x = keras.layers.Dense(
            width,
            use_bias=normalization in ("none", "layer", "group"),
            kernel_initializer=initializer,
            name=f"dense{i}",
        )(x)  # (B, D)
        norm = normalization_layer(normalization, name=f"norm{i}")
        x = norm(x) if norm else x
        x = keras.layers.Activation(activation, name=f"act{i}")(x)
        if dropout_rate:
            x = keras.layers.Dropout(dropout_rate, name=f"dropout{i}")(x)
    return keras.Model(image, {"features": x}, name="backbone")
