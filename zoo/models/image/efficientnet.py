"""EfficientNet (1905.11946 Tab. 1): one network, widened and deepened together.

Input (B, H, W, C) -> {"stride_2": (B, H/2, W/2, 16), "stride_4": 24, "stride_8": 40, "stride_16": 112,
"stride_32": (B, H/32, W/32, 1280)}, the channels of B0 and B1. A stem, seven stages of inverted
residuals with squeeze-and-excitation, and a 1×1 convolution. EfficientNet-Lite has no
squeeze-and-excitation, ReLU6 for SiLU, and a stem, first stage, last stage and last convolution whose
sizes stay those of B0.
"""

import math
from collections.abc import Sequence

import keras

from zoo.layers.inverted_residual import (
    Block,
    Squeeze,
    mobile_features,
    rounded_channels,
    stem_and_stage_strides,
)

STRIDES = (1, 2, 2, 2, 1, 2, 1)
KERNEL_SIZES = (3, 3, 5, 3, 5, 5, 3)
EXPANSION = 6  # the first stage's blocks have none


def _scaled(depths: Sequence[int], multiplier: float, *, ends: bool) -> list[int]:
    """Return the depths of the stages, rounded up; without `ends`, the first and last as they are."""
    inner = range(0 if ends else 1, len(depths) - (0 if ends else 1))
    return [
        math.ceil(depth * multiplier) if stage in inner else depth
        for stage, depth in enumerate(depths)
    ]


def _stages(
    depths: Sequence[int],
    widths: Sequence[float],
    strides: Sequence[int],
    *,
    activation: str,
    squeeze: Squeeze | None,
) -> list[list[Block]]:
    if not len(depths) == len(widths) == len(STRIDES):
        raise ValueError(f"depths and widths must be of {len(STRIDES)} stages each")
    return [
        [
            Block(
                filters=rounded_channels(widths[stage]),
                kind="separable" if stage == 0 else "inverted",
                kernel_size=KERNEL_SIZES[stage],
                strides=strides[stage] if block == 0 else 1,
                expansion=EXPANSION,
                activation=activation,
                squeeze=squeeze,
            )
            for block in range(depth)
        ]
        for stage, depth in enumerate(depths)
    ]


def efficientnet(
    *,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    width_multiplier: float = 1.0,
    depth_multiplier: float = 1.0,
    depths: Sequence[int] = (1, 2, 2, 3, 3, 4, 1),
    widths: Sequence[int] = (16, 24, 40, 80, 112, 192, 320),
    stem_width: int = 32,
    last_width: int = 1280,
    scale_ends: bool = True,
    squeeze_ratio: float = 0.25,
    activation: str = "silu",
    stem: str = "standard",
    padding: str = "symmetric",
    norm_epsilon: float = 1e-5,
    stochastic_depth_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone.

    Args:
        input_shape: (H, W, C); H and W may be None.
        width_multiplier, depth_multiplier: of channels, in steps of 8, and of depths, rounded up.
        depths, widths: blocks and channels of each of the seven stages.
        stem_width, last_width: channels of the first and the last convolution.
        scale_ends: multiply also the widths of both and the depths of the first and last stage.
        squeeze_ratio: channels inside squeeze-and-excitation over those of a block's input, or 0.
        activation: Keras activation name.
        stem: "standard" (stride 32 in all) or "small" (without the first two: 8; for 28 to 64 pixels).
        padding: "symmetric" as PyTorch's weights need it, or "same" as TensorFlow's do.
        norm_epsilon: of the normalization; TensorFlow's weights need 1e-3.
        stochastic_depth_rate: of the last block, growing linearly from 0, [0, 1).

    Returns:
        Model from (B, H, W, C) to the last stage at each stride; the deepest is the last convolution.

    >>> efficientnet(input_shape=(64, 64, 3), width_multiplier=1.2).output["stride_16"].shape
    (None, 4, 4, 136)
    """
    stem_stride, strides = stem_and_stage_strides(stem, STRIDES)
    stages = _stages(
        _scaled(depths, depth_multiplier, ends=scale_ends),
        [width * width_multiplier for width in widths],
        strides,
        activation=activation,
        squeeze=Squeeze(ratio=squeeze_ratio, activation=activation) if squeeze_ratio else None,
    )
    ends = width_multiplier if scale_ends else 1
    image = keras.Input(input_shape, name="image")
    features = mobile_features(
        image,
        stages,
        stem_width=rounded_channels(stem_width * ends),
        stem_stride=stem_stride,
        last_width=rounded_channels(last_width * ends),
        activation=activation,
        stochastic_depth_rate=stochastic_depth_rate,
        padding=padding,
        epsilon=norm_epsilon,
    )
    return keras.Model(image, features, name="backbone")
