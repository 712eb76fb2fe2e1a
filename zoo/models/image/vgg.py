"""VGG: stages of 3×3 convolutions, then two large dense layers (1409.1556 Tab. 1).

Input (B, H, W, C) -> {"stride_1": (B, H, W, 64), "stride_2", "stride_4", "stride_8", "stride_16":
(B, H/16, W/16, 512), "stride_32": after the last pooling, "pooled": (B, 4096)}. The paper's first dense
layer is a convolution over the whole 7×7 map of a 224×224 image, so that images of any size can be taken
(§3.2): a larger one gives several vectors, whose mean is "pooled", and the map of a smaller one is
enlarged to 7×7. `depths` has configurations A, B, D and E; `normalized` puts batch normalization after
each convolution, which the paper of 2014 could not have.
"""

from collections.abc import Sequence

import keras

from zoo.layers.adaptive_pooling import AdaptiveAveragePooling
from zoo.layers.convolution import conv_norm, convolution

COVERED = 7  # positions of a 224×224 image at stride 32, along each axis


def _conv_relu(
    x: keras.KerasTensor, filters: int, kernel_size: int, *, padding: str = "symmetric", name: str
) -> keras.KerasTensor:
    x = convolution(x, filters, kernel_size, padding=padding, use_bias=True, name=f"{name}_conv")
    return keras.layers.Activation("relu", name=f"{name}_act")(x)


def _dense_layers(x: keras.KerasTensor, width: int, dropout_rate: float) -> keras.KerasTensor:
    """Return the mean (B, width) of what layers 6 and 7 of the paper give at each position."""
    x = AdaptiveAveragePooling((COVERED, COVERED), keep_larger=True, name="fc6_pool")(x)
    x = _conv_relu(x, width, COVERED, padding="valid", name="fc6")
    if dropout_rate:
        x = keras.layers.Dropout(dropout_rate, name="fc6_drop")(x)
    x = _conv_relu(x, width, 1, name="fc7")
    return keras.layers.GlobalAveragePooling2D(name="pool")(x)


def vgg(
    *,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    depths: Sequence[int] = (2, 2, 3, 3, 3),
    widths: Sequence[int] = (64, 128, 256, 512, 512),
    normalized: bool = False,
    hidden_dim: int = 4096,
    dropout_rate: float = 0.5,
) -> keras.Model:
    """Build the backbone.

    Args:
        input_shape: (H, W, C); H and W may be None.
        depths: convolutions of each stage; a stage ends with a pooling of stride 2.
        widths: channels of each stage.
        normalized: batch normalization after each convolution, which then has no bias to gain from
            but keeps it, as its references do.
        hidden_dim: of both dense layers; 0 has neither, as is usual for images of 32 pixels.
        dropout_rate: between both, [0, 1).

    Returns:
        Model from (B, H, W, C) to the output of each stage by its stride, that of the last pooling,
        and "pooled" (B, hidden_dim).

    Raises:
        ValueError: depths and widths differ in length, or the image is too small for the poolings.

    >>> vgg(input_shape=(32, 32, 3), depths=(1, 1), widths=(4, 8), hidden_dim=0).output["stride_4"].shape
    (None, 8, 8, 8)
    """
    if len(depths) != len(widths):
        raise ValueError(f"{len(depths)} depths do not belong to {len(widths)} widths")
    least = 2 ** len(depths)
    if any(size is not None and size < least for size in input_shape[:2]):
        raise ValueError(f"an image of {input_shape[:2]} has nothing left at stride {least}")
    image = keras.Input(input_shape, name="image")
    x, features, stride = image, {}, 1
    for stage, (depth, width) in enumerate(zip(depths, widths, strict=True), start=1):
        for index in range(1, depth + 1):
            name = f"stage{stage}_{index}"
            if normalized:
                x = conv_norm(x, width, 3, use_bias=True, activation="relu", name=name)
            else:
                x = _conv_relu(x, width, 3, name=name)
        features[f"stride_{stride}"] = x  # (B, H/s, W/s, width)
        x = keras.layers.MaxPooling2D(2, name=f"stage{stage}_pool")(x)
        stride *= 2
    features[f"stride_{stride}"] = x
    if hidden_dim:
        features["pooled"] = _dense_layers(x, hidden_dim, dropout_rate)  # (B, hidden_dim)
    return keras.Model(image, features, name="backbone")
