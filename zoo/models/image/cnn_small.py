"""A small VGG-style convolutional network for images of 8 to 64 pixels.

Input (B, H, W, C) -> {"stride_1", "stride_2", …}: (B, H/s, W/s, width). Two 3×3 convolutions per stage
as in 1409.1556 §2.1, with normalization before each activation.
"""

from collections.abc import Sequence

import keras

from zoo.layers.normalization import normalization_layer


def cnn_small(
    *,
    input_shape: tuple[int, int, int] = (28, 28, 1),
    widths: Sequence[int] = (32, 64, 128),
    activation: str = "relu",
    normalization: str = "batch",
    initializer: str = "he_normal",
    dropout_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone.

    Args:
        input_shape: (H, W, C); H and W at least 2 ** (stages - 1).
        widths: channels of each stage; stages after the first start with 2×2 max pooling.
        activation: Keras activation name.
        normalization: "batch", "batch_stock", "layer", "group" or "none".
        initializer: Keras initializer name of the kernels.
        dropout_rate: of whole channels after each stage (1411.4280), [0, 1).

    Returns:
        Model from (B, H, W, C) to the output of each stage by its stride.

    >>> list(cnn_small(input_shape=(8, 8, 1), widths=(4, 8)).output)
    ['stride_1', 'stride_2']
    """
    image = keras.Input(input_shape, name="image")
    x, features = image, {}
    for stage, width in enumerate(widths, start=1):
        if stage > 1:
            x = keras.layers.MaxPooling2D(name=f"stage{stage}_pool")(x)  # (B, H/2, W/2, C)
        for i in (1, 2):
            x = _conv(x, width, activation, normalization, initializer, f"stage{stage}_{i}")
        if dropout_rate:
            x = keras.layers.SpatialDropout2D(dropout_rate, name=f"stage{stage}_dropout")(x)
        features[f"stride_{2 ** (stage - 1)}"] = x
    return keras.Model(image, features, name="backbone")


def _conv(
    x: keras.KerasTensor,
    width: int,
    activation: str,
    normalization: str,
    initializer: str,
    name: str,
) -> keras.KerasTensor:
    x = keras.layers.Conv2D(
        width,
        3,
        padding="same",
        use_bias=normalization in ("none", "layer", "group"),
        kernel_initializer=initializer,
        name=f"{name}_conv",
    )(x)  # (B, H, W, width)
    norm = normalization_layer(normalization, name=f"{name}_norm")
    x = norm(x) if norm else x
    return keras.layers.Activation(activation, name=f"{name}_act")(x)
