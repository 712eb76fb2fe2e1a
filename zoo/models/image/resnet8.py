"""ResNet-8 of MLPerf Tiny (2106.07597 §4): the image classifier of a benchmark for microcontrollers.

Input (B, H, W, C) -> {"stride_1": (B, H, W, 16), "stride_2": (B, H/2, W/2, 32), "stride_4": (B, H/4,
W/4, 64)}. Three basic residual blocks. Convolutions have biases, and the 1×1 convolution of a shortcut
has no normalization.
"""

from collections.abc import Sequence

import keras

from zoo.layers.convolution import conv_norm, convolution

NORM = {"epsilon": 1e-3, "momentum": 0.99}


def _block(
    x: keras.KerasTensor, filters: int, *, strides: int, padding: str, name: str
) -> keras.KerasTensor:
    made = {"padding": padding, "use_bias": True}
    y = conv_norm(x, filters, strides=strides, activation="relu", name=f"{name}_1", **made, **NORM)
    y = conv_norm(y, filters, name=f"{name}_2", **made, **NORM)
    if strides > 1 or x.shape[-1] != filters:
        x = convolution(x, filters, 1, strides=strides, name=f"{name}_shortcut_conv", **made)
    y = keras.layers.Add(name=f"{name}_add")([x, y])
    return keras.layers.Activation("relu", name=f"{name}_act")(y)


def resnet8(
    *,
    input_shape: tuple[int, int, int] = (32, 32, 3),
    widths: Sequence[int] = (16, 32, 64),
    padding: str = "same",
) -> keras.Model:
    """Build the backbone.

    Args:
        input_shape: (H, W, C); H and W may be None. The benchmark's is (32, 32, 3), pixels 0–255.
        widths: channels of each block; all but the first halve the sides.
        padding: "same" as the benchmark's weights need it, or "symmetric".

    Returns:
        Model from (B, H, W, C) to the output of each block by its stride.

    >>> resnet8().output["stride_4"].shape
    (None, 8, 8, 64)
    """
    image = keras.Input(input_shape, name="image")
    made = {"padding": padding, "use_bias": True, "activation": "relu"}
    x = conv_norm(image, widths[0], name="stem", **made, **NORM)
    features = {}
    for number, filters in enumerate(widths, start=1):
        strides = 2 if number > 1 else 1
        x = _block(x, filters, strides=strides, padding=padding, name=f"block{number}")
        features[f"stride_{2 ** (number - 1)}"] = x  # (B, H/s, W/s, filters)
    return keras.Model(image, features, name="backbone")
