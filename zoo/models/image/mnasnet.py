"""MnasNet (1807.11626 Fig. 7): inverted residuals whose kernels and expansions were searched.

Input (B, H, W, C) -> {"stride_2": (B, H/2, W/2, 16), "stride_4": 24, "stride_8": 40, "stride_16": 96,
"stride_32": (B, H/32, W/32, 1280)}, the channels of B1. A stem, seven stages of blocks, and a 1×1
convolution.
"""

from collections.abc import Sequence

import keras

from zoo.layers.inverted_residual import (
    Block,
    Squeeze,
    mobile_features,
    rounded_channels,
    stem_and_stage_strides,
)

# Blocks, channels, kernel size, stride, expansion, squeeze-and-excitation over what enters. B1 is the
# variant without it.
B1 = (
    (1, 16, 3, 1, 1, 0.0),
    (3, 24, 3, 2, 3, 0.0),
    (3, 40, 5, 2, 3, 0.0),
    (3, 80, 5, 2, 6, 0.0),
    (2, 96, 3, 1, 6, 0.0),
    (4, 192, 5, 2, 6, 0.0),
    (1, 320, 3, 1, 6, 0.0),
)


def _stage(row: Sequence, strides: int, multiplier: float) -> list[Block]:
    depth, width, kernel_size, _, expansion, ratio = row
    return [
        Block(
            filters=rounded_channels(width * multiplier),
            kind="separable" if expansion == 1 else "inverted",
            kernel_size=kernel_size,
            strides=strides if block == 0 else 1,
            expansion=expansion,
            squeeze=Squeeze(ratio=ratio) if ratio else None,
            residual=expansion != 1,
        )
        for block in range(depth)
    ]


def mnasnet(
    *,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    stages: Sequence[Sequence] = B1,
    width_multiplier: float = 1.0,
    stem_width: int = 32,
    last_width: int = 1280,
    stem: str = "standard",
    padding: str = "symmetric",
    norm_epsilon: float = 1e-5,
    stochastic_depth_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone; the default stages are those of B1.

    Args:
        input_shape: (H, W, C); H and W may be None.
        stages: of each (blocks, channels, kernel size, stride of the first block, expansion, channels
            inside squeeze-and-excitation over those that enter, or 0). An expansion of 1 stands for
            depthwise separable convolutions, without a shortcut.
        width_multiplier: of all channels but the last convolution's; they stay multiples of 8.
        stem_width, last_width: channels of the first and the last convolution.
        stem: "standard" (stride 32 in all) or "small" (without the first two: 8; for 28 to 64 pixels).
        padding: "symmetric" as PyTorch's weights need it, or "same" as TensorFlow's do.
        norm_epsilon: of the normalization; TensorFlow's weights need 1e-3.
        stochastic_depth_rate: of the last block, growing linearly from 0, [0, 1).

    Returns:
        Model from (B, H, W, C) to the last stage at each stride; the deepest is the last convolution.

    >>> mnasnet(input_shape=(64, 64, 3)).output["stride_16"].shape
    (None, 4, 4, 96)
    """
    if any(len(row) != 6 for row in stages):
        raise ValueError("each stage must be of six values, as mnasnet.B1 has them")
    stem_stride, strides = stem_and_stage_strides(stem, [row[3] for row in stages])
    image = keras.Input(input_shape, name="image")
    features = mobile_features(
        image,
        [
            _stage(row, stride, width_multiplier)
            for row, stride in zip(stages, strides, strict=True)
        ],
        stem_width=rounded_channels(stem_width * width_multiplier),
        stem_stride=stem_stride,
        last_width=last_width,
        stochastic_depth_rate=stochastic_depth_rate,
        padding=padding,
        epsilon=norm_epsilon,
    )
    return keras.Model(image, features, name="backbone")
