"""RegNet: widths that grow by a linear rule, rounded so that they form stages (2003.13678).

Input (B, H, W, C) -> {"stride_2": (B, H/2, W/2, 32), "stride_4", "stride_8", "stride_16", "stride_32":
(B, H/32, W/32, width)}. A stem, then stages of bottlenecks as wide inside as outside. Each stage begins
with stride 2; the 3×3 convolution has groups of a fixed width. RegNetX is that; RegNetY adds
squeeze-and-excitation after the 3×3 convolution (§5.3), with `squeeze_ratio`.
"""

import math

import keras

from zoo.layers.convolution import conv_norm
from zoo.layers.squeeze_excite import squeeze_excite
from zoo.layers.stochastic_depth import StochasticDepth

STEM_WIDTH = 32
QUANTUM = 8  # widths are multiples of it


def stages_of(
    *, depth: int, initial_width: int, slope: float, multiplier: float, group_width: int
) -> list[tuple[int, int]]:
    """Return width and number of blocks of each stage (§3.3).

    Block j of the linear rule has the width u = initial_width + slope · j. It is rounded to the
    nearest power of the multiplier, initial_width · multiplier^s with a whole number s (eq. 3), then
    to a multiple of 8 (eq. 4). Blocks of one width are a stage, whose width is at last rounded to
    whole groups.

    >>> stages_of(depth=13, initial_width=24, slope=36.44, multiplier=2.49, group_width=8)
    [(24, 1), (56, 1), (152, 4), (368, 7)]
    """
    widths = []
    for j in range(depth):
        power = round(math.log(1 + slope * j / initial_width, multiplier))
        widths.append(round(initial_width * multiplier**power / QUANTUM) * QUANTUM)
    stages = []
    for width in sorted(set(widths)):
        group = min(group_width, width)
        stages.append((round(width / group) * group, widths.count(width)))
    return stages


def _block(
    x: keras.KerasTensor,
    width: int,
    *,
    strides: int,
    group_width: int,
    squeeze_ratio: float,
    rate: float,
    name: str,
) -> keras.KerasTensor:
    shortcut, taken = x, x.shape[-1]
    if strides > 1 or taken != width:
        shortcut = conv_norm(x, width, 1, strides=strides, name=f"{name}_shortcut")
    groups = width // min(group_width, width)
    x = conv_norm(x, width, 1, activation="relu", name=f"{name}_1")
    x = conv_norm(x, width, 3, strides=strides, groups=groups, activation="relu", name=f"{name}_2")
    if squeeze_ratio:  # over the channels that the block takes
        x = squeeze_excite(x, round(taken * squeeze_ratio), name=f"{name}_se")
    x = conv_norm(x, width, 1, zero=True, name=f"{name}_3")
    if rate:
        x = StochasticDepth(rate, name=f"{name}_drop")(x)
    x = keras.layers.Add(name=f"{name}_add")([shortcut, x])
    return keras.layers.Activation("relu", name=f"{name}_act")(x)


def regnet(
    *,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    depth: int = 13,
    initial_width: int = 24,
    slope: float = 36.44,
    multiplier: float = 2.49,
    group_width: int = 8,
    squeeze_ratio: float = 0.0,
    stem: str = "standard",
    stochastic_depth_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone.

    Args:
        input_shape: (H, W, C); H and W may be None.
        depth: blocks of all stages together.
        initial_width: of the first block, w_0 of the paper.
        slope: by which the width grows from block to block before rounding, w_a.
        multiplier: of the width from stage to stage before rounding, w_m, above 1.
        group_width: channels per group of the 3×3 convolutions, g.
        squeeze_ratio: channels inside squeeze-and-excitation over those that the block takes; 0 has
            none (RegNetX).
        stem: "standard" (3×3, stride 2) or "small" (3×3, stride 1, for images of 28 to 64 pixels).
        stochastic_depth_rate: of the last block, growing linearly from 0, [0, 1).

    Returns:
        Model from (B, H, W, C) to the output of the stem and of each stage by its stride.

    Raises:
        ValueError: another stem, or a multiplier that makes no stages.

    >>> regnet(input_shape=(64, 64, 3)).output["stride_32"].shape
    (None, 2, 2, 368)
    """
    if stem not in ("standard", "small"):
        raise ValueError(f"stem must be standard or small, not {stem!r}")
    if multiplier <= 1:
        raise ValueError(f"multiplier must be above 1, not {multiplier}")
    image = keras.Input(input_shape, name="image")
    stride = 2 if stem == "standard" else 1
    x = conv_norm(image, STEM_WIDTH, 3, strides=stride, activation="relu", name="stem")
    features, index = {f"stride_{stride}": x}, 0
    rule = {"initial_width": initial_width, "slope": slope, "multiplier": multiplier}
    stages = stages_of(depth=depth, group_width=group_width, **rule)
    for stage, (width, blocks) in enumerate(stages, start=1):
        for block in range(1, blocks + 1):
            index += 1
            x = _block(
                x,
                width,
                strides=2 if block == 1 else 1,
                group_width=group_width,
                squeeze_ratio=squeeze_ratio,
                rate=stochastic_depth_rate * index / depth,
                name=f"stage{stage}_block{block}",
            )
        stride *= 2
        features[f"stride_{stride}"] = x  # (B, H/s, W/s, width)
    return keras.Model(image, features, name="backbone")
