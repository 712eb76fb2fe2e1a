"""MobileNet (1704.04861 Tab. 1): a depthwise convolution, then a 1×1 convolution, thirteen times.

Input (B, H, W, C) -> {"stride_2": (B, H/2, W/2, 64), "stride_4": 128, "stride_8": 256,
"stride_16": 512, "stride_32": (B, H/32, W/32, 1024)}, the channels at a width multiplier of 1.
"""

from collections.abc import Sequence

import keras

from zoo.layers.inverted_residual import (
    Block,
    mobile_features,
    rounded_channels,
    stem_and_stage_strides,
)

STRIDES = (1, 2, 2, 2, 2)


def _stage(depth: int, width: float, *, strides: int, activation: str) -> list[Block]:
    return [
        Block(
            filters=rounded_channels(width),
            kind="separable",
            strides=strides if block == 0 else 1,
            activation=activation,
            projection_activation=activation,
            residual=False,
        )
        for block in range(depth)
    ]


def mobilenet_v1(
    *,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    width_multiplier: float = 1.0,
    depths: Sequence[int] = (1, 2, 2, 6, 2),
    widths: Sequence[int] = (64, 128, 256, 512, 1024),
    stem_width: int = 32,
    activation: str = "relu6",
    use_bias: bool = False,
    stem: str = "standard",
    padding: str = "symmetric",
    norm_epsilon: float = 1e-5,
    norm_momentum: float = 0.9,
) -> keras.Model:
    """Build the backbone.

    Args:
        input_shape: (H, W, C); H and W may be None.
        width_multiplier: of all channels, which stay multiples of 8.
        depths, widths: blocks and channels of each of the five stages.
        stem_width: channels of the first convolution before the multiplier.
        activation: Keras activation name.
        use_bias: give convolutions a bias, though a normalization follows.
        stem: "standard" (stride 32 in all) or "small" (without the first two: 8; for 28 to 64 pixels).
        padding: "symmetric" as PyTorch's weights need it, or "same" as TensorFlow's do.
        norm_epsilon: of the normalization; TensorFlow's weights need 1e-3.
        norm_momentum: of its averages.

    Returns:
        Model from (B, H, W, C) to the last block at each stride.

    >>> mobilenet_v1(input_shape=(96, 96, 3), width_multiplier=0.25).output["stride_32"].shape
    (None, 3, 3, 256)
    """
    if not len(depths) == len(widths) == len(STRIDES):
        raise ValueError(f"depths and widths must be of {len(STRIDES)} stages each")
    stem_stride, strides = stem_and_stage_strides(stem, STRIDES)
    stages = [
        _stage(depth, width * width_multiplier, strides=stride, activation=activation)
        for depth, width, stride in zip(depths, widths, strides, strict=True)
    ]
    image = keras.Input(input_shape, name="image")
    features = mobile_features(
        image,
        stages,
        stem_width=rounded_channels(stem_width * width_multiplier),
        stem_stride=stem_stride,
        activation=activation,
        padding=padding,
        use_bias=use_bias,
        epsilon=norm_epsilon,
        momentum=norm_momentum,
    )
    return keras.Model(image, features, name="backbone")
