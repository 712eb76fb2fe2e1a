"""AlexNet: five convolutions and two large dense layers, on one device (1404.5997, footnote 1).

Input (B, H, W, C) -> {"stride_4", "stride_8", "stride_16", "stride_32", "pooled"}; of a 224×224 image
(B, 55, 55, 64), (B, 27, 27, 192), (B, 13, 13, 256), (B, 6, 6, 256) and (B, 4096). This is torchvision's
form: no response normalization and no two columns, unlike the network of 2012, and the last map of any
image is pooled to 6×6. The first dense layer is a convolution over that map.
"""

from collections.abc import Sequence

import keras

from zoo.layers.adaptive_pooling import AdaptiveAveragePooling
from zoo.layers.convolution import convolution

COVERED = 6  # positions of a 224×224 image after the last pooling, along each axis
KERNELS = (11, 5, 3, 3, 3)
POOLED = (1, 2, 5)  # convolutions with a pooling after them


def _conv_relu(
    x: keras.KerasTensor, filters: int, kernel_size: int, *, name: str, **values: int | str
) -> keras.KerasTensor:
    x = convolution(x, filters, kernel_size, use_bias=True, name=name, **values)
    return keras.layers.Activation("relu", name=f"{name}_act")(x)


def _first(x: keras.KerasTensor, width: int) -> keras.KerasTensor:
    """Convolve 11×11 with stride 4 and two zeros around, which leaves out the last pixels."""
    x = keras.layers.ZeroPadding2D(2, name="conv1_pad")(x)
    return _conv_relu(x, width, KERNELS[0], strides=4, padding="valid", name="conv1")


def alexnet(
    *,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    widths: Sequence[int] = (64, 192, 384, 256, 256),
    hidden_dim: int = 4096,
    dropout_rate: float = 0.5,
    stem: str = "standard",
) -> keras.Model:
    """Build the backbone.

    Args:
        input_shape: (H, W, C), at least 63 with the standard stem; H and W may be None.
        widths: channels of the five convolutions.
        hidden_dim: of both dense layers.
        dropout_rate: before each of them, [0, 1).
        stem: "standard" (11×11, stride 4) or "small" (3×3, stride 1, for images of 28 to 64 pixels).

    Returns:
        Model from (B, H, W, C) to the features before each pooling and after the last one, by their
        strides, and "pooled" (B, hidden_dim).

    Raises:
        ValueError: another stem, or not five widths.

    >>> alexnet(input_shape=(28, 28, 1), hidden_dim=8, stem="small").output["stride_4"].shape
    (None, 6, 6, 256)
    """
    if stem not in ("standard", "small"):
        raise ValueError(f"stem must be standard or small, not {stem!r}")
    if len(widths) != len(KERNELS):
        raise ValueError(f"AlexNet has {len(KERNELS)} convolutions, not {len(widths)}")
    image = keras.Input(input_shape, name="image")
    x, features, stride = image, {}, 4 if stem == "standard" else 1
    for index, (width, kernel) in enumerate(zip(widths, KERNELS, strict=True), start=1):
        name = f"conv{index}"
        if index > 1:
            x = _conv_relu(x, width, kernel, name=name)
        elif stem == "standard":
            x = _first(x, width)
        else:
            x = _conv_relu(x, width, 3, name=name)
        if index in POOLED:
            features[f"stride_{stride}"] = x  # (B, H/s, W/s, width)
            x = keras.layers.MaxPooling2D(3, 2, name=f"{name}_pool")(x)
            stride *= 2
    features[f"stride_{stride}"] = x
    x = AdaptiveAveragePooling((COVERED, COVERED), name="fc6_pool")(x)
    for name, kernel in (("fc6", COVERED), ("fc7", 1)):
        if dropout_rate:
            x = keras.layers.Dropout(dropout_rate, name=f"{name}_drop")(x)
        x = _conv_relu(x, hidden_dim, kernel, padding="valid", name=name)
    features["pooled"] = keras.layers.Flatten(name="flatten")(x)  # (B, hidden_dim)
    return keras.Model(image, features, name="backbone")
