"""MobileNetV2 (1801.04381 Tab. 2): inverted residuals with linear bottlenecks.

Input (B, H, W, C) -> {"stride_2": (B, H/2, W/2, 16), "stride_4": 24, "stride_8": 32, "stride_16": 96,
"stride_32": (B, H/32, W/32, 1280)}, the channels at a width multiplier of 1. A stem, seven stages of
blocks, and a 1×1 convolution that only a multiplier above 1 widens (§6.1).
"""

from collections.abc import Sequence

import keras

from zoo.layers.inverted_residual import (
    Block,
    mobile_features,
    rounded_channels,
    stem_and_stage_strides,
)

STRIDES = (1, 2, 2, 2, 1, 2, 1)
EXPANSION = 6  # the first stage's blocks have none


def _stages(
    depths: Sequence[int], widths: Sequence[float], strides: Sequence[int]
) -> list[list[Block]]:
    return [
        [
            Block(
                filters=rounded_channels(widths[stage]),
                kind="separable" if stage == 0 else "inverted",
                strides=strides[stage] if block == 0 else 1,
                expansion=EXPANSION,
                activation="relu6",
            )
            for block in range(depth)
        ]
        for stage, depth in enumerate(depths)
    ]


def mobilenet_v2(
    *,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    width_multiplier: float = 1.0,
    depths: Sequence[int] = (1, 2, 3, 4, 3, 3, 1),
    widths: Sequence[int] = (16, 24, 32, 64, 96, 160, 320),
    stem_width: int = 32,
    last_width: int = 1280,
    stem: str = "standard",
    padding: str = "symmetric",
    norm_epsilon: float = 1e-5,
    stochastic_depth_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone.

    Args:
        input_shape: (H, W, C); H and W may be None.
        width_multiplier: of all channels, which stay multiples of 8.
        depths: blocks of each of the seven stages.
        widths: their channels before the multiplier.
        stem_width, last_width: channels of the first and the last convolution before it.
        stem: "standard" (stride 32 in all) or "small" (the first two strides are 1: stride 8 in all,
            for images of 28 to 64 pixels).
        padding: "symmetric" as PyTorch's weights need it, or "same" as TensorFlow's do.
        norm_epsilon: of the normalization; TensorFlow's weights need 1e-3.
        stochastic_depth_rate: of the last block, growing linearly from 0, [0, 1).

    Returns:
        Model from (B, H, W, C) to the last stage at each stride; the deepest is the last convolution.

    Raises:
        ValueError: there are not seven stages, or no such stem.

    >>> mobilenet_v2(input_shape=(64, 64, 3), width_multiplier=0.5).output["stride_16"].shape
    (None, 4, 4, 48)
    """
    if not len(depths) == len(widths) == len(STRIDES):
        raise ValueError(f"depths and widths must be of {len(STRIDES)} stages each")
    stem_stride, strides = stem_and_stage_strides(stem, STRIDES)
    stages = _stages(depths, [width * width_multiplier for width in widths], strides)
    image = keras.Input(input_shape, name="image")
    features = mobile_features(
        image,
        stages,
        stem_width=rounded_channels(stem_width * width_multiplier),
        stem_stride=stem_stride,
        last_width=max(last_width, rounded_channels(last_width * width_multiplier)),
        activation="relu6",
        stochastic_depth_rate=stochastic_depth_rate,
        padding=padding,
        epsilon=norm_epsilon,
    )
    return keras.Model(image, features, name="backbone")
