"""EfficientNetV2 (2104.00298 Tab. 4): full convolutions in the first stages, where they are faster.

Input (B, H, W, C) -> {"stride_2": (B, H/2, W/2, 24), "stride_4": 48, "stride_8": 64, "stride_16": 160,
"stride_32": (B, H/32, W/32, 1280)}, the channels of the small variant. A stem, stages of plain
convolutions, fused and inverted residuals, and a 1×1 convolution.
"""

from collections.abc import Sequence

import keras

from zoo.layers.inverted_residual import Block, Squeeze, mobile_features, stem_and_stage_strides

# Table 4: kind, blocks, channels, stride, expansion, squeeze-and-excitation over what enters.
SMALL = (
    ("plain", 2, 24, 1, 1, 0.0),
    ("fused", 4, 48, 2, 4, 0.0),
    ("fused", 4, 64, 2, 4, 0.0),
    ("inverted", 6, 128, 2, 4, 0.25),
    ("inverted", 9, 160, 1, 6, 0.25),
    ("inverted", 15, 256, 2, 6, 0.25),
)


def _stage(row: Sequence, strides: int, activation: str) -> list[Block]:
    kind, depth, width, _, expansion, ratio = row
    return [
        Block(
            filters=width,
            kind=kind,
            strides=strides if block == 0 else 1,
            expansion=expansion,
            activation=activation,
            squeeze=Squeeze(ratio=ratio, activation=activation) if ratio else None,
        )
        for block in range(depth)
    ]


def efficientnet_v2(
    *,
    input_shape: tuple[int, int, int] = (384, 384, 3),
    stages: Sequence[Sequence] = SMALL,
    stem_width: int = 24,
    last_width: int = 1280,
    activation: str = "silu",
    stem: str = "standard",
    padding: str = "symmetric",
    norm_epsilon: float = 1e-5,
    stochastic_depth_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone; the default stages are those of the small variant.

    Args:
        input_shape: (H, W, C); H and W may be None.
        stages: of each (kind "plain", "fused" or "inverted", blocks, channels, stride of the first
            block, expansion, channels inside squeeze-and-excitation over those that enter, or 0).
        stem_width, last_width: channels of the first and the last convolution.
        activation: Keras activation name.
        stem: "standard" (stride 32 in all) or "small" (without the first two: 8; for 28 to 64 pixels).
        padding: "symmetric" as PyTorch's weights need it, or "same" as TensorFlow's do.
        norm_epsilon: of the normalization; torchvision's and TensorFlow's weights need 1e-3.
        stochastic_depth_rate: of the last block, growing linearly from 0, [0, 1).

    Returns:
        Model from (B, H, W, C) to the last stage at each stride; the deepest is the last convolution.

    >>> efficientnet_v2(input_shape=(64, 64, 3), stages=SMALL[:2]).output["stride_4"].shape
    (None, 16, 16, 1280)
    """
    if any(len(row) != 6 for row in stages):
        raise ValueError("each stage must be of six values, as efficientnet_v2.SMALL has them")
    stem_stride, strides = stem_and_stage_strides(stem, [row[3] for row in stages])
    image = keras.Input(input_shape, name="image")
    features = mobile_features(
        image,
        [_stage(row, stride, activation) for row, stride in zip(stages, strides, strict=True)],
        stem_width=stem_width,
        stem_stride=stem_stride,
        last_width=last_width,
        activation=activation,
        stochastic_depth_rate=stochastic_depth_rate,
        padding=padding,
        epsilon=norm_epsilon,
    )
    return keras.Model(image, features, name="backbone")
