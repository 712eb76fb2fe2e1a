"""MobileNetV3 (1905.02244 Tab. 1 and 2): searched blocks, hard swish, a last layer after pooling.

Input (B, H, W, C) -> {"stride_2": (B, H/2, W/2, 16), "stride_4": 24, "stride_8": 40, "stride_16": 112,
"stride_32": (B, H/32, W/32, 960), "pooled": (B, 1280)}, the channels of the large variant. A stem,
stages of inverted residuals, a 1×1 convolution, pooling and a dense layer.
"""

from collections.abc import Sequence

import keras

from zoo.layers.convolution import INITIALIZER
from zoo.layers.inverted_residual import (
    Block,
    Squeeze,
    mobile_features,
    rounded_channels,
    stem_and_stage_strides,
)

# A quarter of the expanded channels (§5.3).
SQUEEZE = Squeeze(ratio=0.25, of_expanded=True, activation="relu", gate="hard_sigmoid")
LAST_EXPANSION = 6  # of the last convolution over the last stage
# Table 1: channels, kernel size, stride, squeeze-and-excitation, activation, expansion of each block.
LARGE = (
    (16, 3, 1, False, "relu", (1,)),
    (24, 3, 2, False, "relu", (4, 3)),
    (40, 5, 2, True, "relu", (3, 3, 3)),
    (80, 3, 2, False, "hard_silu", (6, 2.5, 2.3, 2.3)),
    (112, 3, 1, True, "hard_silu", (6, 6)),
    (160, 5, 2, True, "hard_silu", (6, 6, 6)),
)


def _stage(row: Sequence, strides: int, multiplier: float, *, first: bool) -> list[Block]:
    width, kernel_size, _, squeezed, activation, expansions = row
    return [
        Block(
            filters=rounded_channels(width * multiplier),
            kind="separable" if first and block == 0 and expansion == 1 else "inverted",
            kernel_size=kernel_size,
            strides=strides if block == 0 else 1,
            expansion=expansion,
            activation=activation,
            squeeze=SQUEEZE if squeezed else None,
        )
        for block, expansion in enumerate(expansions)
    ]


def mobilenet_v3(
    *,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    stages: Sequence[Sequence] = LARGE,
    width_multiplier: float = 1.0,
    stem_width: int = 16,
    pooled_dim: int = 1280,
    stem: str = "standard",
    padding: str = "symmetric",
    norm_epsilon: float = 1e-5,
    stochastic_depth_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone; the default stages are those of the large variant.

    Args:
        input_shape: (H, W, C); H and W may be None.
        stages: of each (channels, kernel size, stride of the first block, whether it has
            squeeze-and-excitation, activation, expansion of each block).
        width_multiplier: of all channels but the last layer's; they stay multiples of 8.
        stem_width: channels of the first convolution before the multiplier.
        pooled_dim: units of the layer after pooling.
        stem: "standard" (stride 32 in all) or "small" (without the first two: 8; for 28 to 64 pixels).
        padding: "symmetric" as PyTorch's weights need it, or "same" as TensorFlow's do.
        norm_epsilon: of the normalization; torchvision's and TensorFlow's weights need 1e-3.
        stochastic_depth_rate: of the last block, growing linearly from 0, [0, 1).

    Returns:
        Model from (B, H, W, C) to the last stage at each stride, the deepest after the last
        convolution, and to the vector after pooling.

    >>> mobilenet_v3(input_shape=(64, 64, 3)).output["pooled"].shape
    (None, 1280)
    """
    if any(len(row) != 6 for row in stages):
        raise ValueError("each stage must be of six values, as mobilenet_v3.LARGE has them")
    stem_stride, strides = stem_and_stage_strides(stem, [row[2] for row in stages])
    image = keras.Input(input_shape, name="image")
    features = mobile_features(
        image,
        [
            _stage(row, stride, width_multiplier, first=row is stages[0])
            for row, stride in zip(stages, strides, strict=True)
        ],
        stem_width=rounded_channels(stem_width * width_multiplier),
        stem_stride=stem_stride,
        last_width=rounded_channels(LAST_EXPANSION * stages[-1][0] * width_multiplier),
        activation="hard_silu",
        stochastic_depth_rate=stochastic_depth_rate,
        padding=padding,
        epsilon=norm_epsilon,
    )
    x = keras.layers.GlobalAveragePooling2D(name="pool")(list(features.values())[-1])
    x = keras.layers.Dense(pooled_dim, kernel_initializer=INITIALIZER, name="pooled_dense")(x)
    features["pooled"] = keras.layers.Activation("hard_silu", name="pooled_act")(x)  # (B, D)
    return keras.Model(image, features, name="backbone")
