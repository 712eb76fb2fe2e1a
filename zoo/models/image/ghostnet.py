"""GhostNet (1911.11907 Tab. 1): half of the channels are computed cheaply from the other half.

Input (B, H, W, C) -> {"stride_2": (B, H/2, W/2, 16), "stride_4": 24, "stride_8": 40, "stride_16": 112,
"stride_32": (B, H/32, W/32, 960), "pooled": (B, 1280)}, the channels at a width multiplier of 1. A
stem, five stages of ghost bottlenecks, a 1×1 convolution, pooling and a dense layer.
"""

from collections.abc import Sequence

import keras

from zoo.layers.convolution import INITIALIZER, conv_norm
from zoo.layers.inverted_residual import rounded_channels, stem_and_stage_strides
from zoo.layers.squeeze_excite import squeeze_excite

STEM_WIDTH = 16
SQUEEZE_RATIO = 0.25
# Kernel size and stride of each stage, and of its blocks the channels inside and at the end, and
# whether there is squeeze-and-excitation.
STAGES = (
    (3, 1, ((16, 16, False),)),
    (3, 2, ((48, 24, False), (72, 24, False))),
    (5, 2, ((72, 40, True), (120, 40, True))),
    (
        3,
        2,
        (
            (240, 80, False),
            (200, 80, False),
            (184, 80, False),
            (184, 80, False),
            (480, 112, True),
            (672, 112, True),
        ),
    ),
    (
        5,
        2,
        (
            (672, 160, True),
            (960, 160, False),
            (960, 160, True),
            (960, 160, False),
            (960, 160, True),
        ),
    ),
)


def _ghost(
    x: keras.KerasTensor, filters: int, *, activation: str | None, name: str, **norm: str | float
) -> keras.KerasTensor:
    """Compute half of the channels from all, and the others from this half, each from one (§3.1)."""
    half = filters // 2
    x = conv_norm(x, half, 1, activation=activation, name=f"{name}_primary", **norm)
    y = conv_norm(x, half, groups=half, activation=activation, name=f"{name}_cheap", **norm)
    return keras.layers.Concatenate(name=f"{name}_join")([x, y])


def _bottleneck(
    x: keras.KerasTensor,
    inner: int,
    filters: int,
    *,
    kernel_size: int,
    strides: int,
    squeezed: bool,
    name: str,
    **norm: str | float,
) -> keras.KerasTensor:
    entered, spatial = x, {"strides": strides, **norm}
    x = _ghost(x, inner, activation="relu", name=f"{name}_ghost1", **norm)
    if strides > 1:
        x = conv_norm(x, inner, kernel_size, groups=inner, name=f"{name}_depthwise", **spatial)
    if squeezed:
        reduced = rounded_channels(inner * SQUEEZE_RATIO, divisor=4)
        x = squeeze_excite(x, reduced, gate="hard_sigmoid", name=f"{name}_se")
    x = _ghost(x, filters, activation=None, name=f"{name}_ghost2", **norm)
    channels = entered.shape[-1]
    if strides > 1 or channels != filters:
        around = {"groups": channels, "name": f"{name}_shortcut1", **spatial}
        entered = conv_norm(entered, channels, kernel_size, **around)
        entered = conv_norm(entered, filters, 1, name=f"{name}_shortcut2", **norm)
    return keras.layers.Add(name=f"{name}_add")([x, entered])


def ghostnet(
    *,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    stages: Sequence[Sequence] = STAGES,
    width_multiplier: float = 1.0,
    pooled_dim: int = 1280,
    stem: str = "standard",
    padding: str = "symmetric",
    norm_epsilon: float = 1e-5,
) -> keras.Model:
    """Build the backbone.

    Args:
        input_shape: (H, W, C); H and W may be None.
        stages: of each (kernel size, stride of the first block, blocks), and of each block (channels
            inside, channels that leave it, whether it has squeeze-and-excitation).
        width_multiplier: of all channels but the last layer's; they stay multiples of 4.
        pooled_dim: units of the layer after pooling.
        stem: "standard" (stride 32 in all) or "small" (without the first two: 8; for 28 to 64 pixels).
        padding: "symmetric" as PyTorch's weights need it, or "same".
        norm_epsilon: of the normalization.

    Returns:
        Model from (B, H, W, C) to the last block at each stride, the deepest after the last
        convolution, and to the vector after pooling.

    >>> ghostnet(input_shape=(64, 64, 3)).output["stride_16"].shape
    (None, 4, 4, 112)
    """

    def scaled(channels: int) -> int:
        return rounded_channels(channels * width_multiplier, divisor=4)

    norm = {"padding": padding, "epsilon": norm_epsilon}
    stride, strides = stem_and_stage_strides(stem, [row[1] for row in stages])
    image = keras.Input(input_shape, name="image")
    around = {"activation": "relu", **norm}
    x = conv_norm(image, scaled(STEM_WIDTH), strides=stride, name="stem", **around)
    features = {f"stride_{stride}": x}
    for stage, ((kernel_size, _, blocks), first) in enumerate(zip(stages, strides, strict=True), 1):
        for number, (inner, filters, squeezed) in enumerate(blocks, start=1):
            x = _bottleneck(
                x,
                scaled(inner),
                scaled(filters),
                kernel_size=kernel_size,
                strides=first if number == 1 else 1,
                squeezed=squeezed,
                name=f"stage{stage}_block{number}",
                **norm,
            )
        stride *= first
        features[f"stride_{stride}"] = x  # (B, H/s, W/s, filters)
    x = conv_norm(x, scaled(stages[-1][2][-1][0]), 1, name="last", **around)
    features[f"stride_{stride}"] = x
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    x = keras.layers.Dense(pooled_dim, kernel_initializer=INITIALIZER, name="pooled_dense")(x)
    features["pooled"] = keras.layers.Activation("relu", name="pooled_act")(x)  # (B, D)
    return keras.Model(image, features, name="backbone")
