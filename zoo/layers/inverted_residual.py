"""Blocks of mobile networks: an expansion, a convolution per channel, a narrow projection (1801.04381).

A block's kind says what comes before the projection: "inverted" a 1×1 expansion and a depthwise
convolution, "separable" (1704.04861) only the latter, "fused" (2104.00298 §3.2) one full convolution
in place of both. "plain" is a single convolution.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import keras

from zoo.layers.convolution import conv_norm
from zoo.layers.squeeze_excite import squeeze_excite
from zoo.layers.stochastic_depth import StochasticDepth

KINDS = ("inverted", "separable", "fused", "plain")


@dataclass(frozen=True, kw_only=True)
class Squeeze:
    """Squeeze-and-excitation inside a block.

    Attributes:
        ratio: channels inside over those of the block's input.
        of_expanded: take the ratio of the expanded channels instead, in steps of 8 (1905.02244 §5.3).
        activation, gate: after the first and the second layer.
    """

    ratio: float = 0.25
    of_expanded: bool = False
    activation: str = "relu"
    gate: str = "sigmoid"


@dataclass(frozen=True, kw_only=True)
class Block:
    """One block.

    Attributes:
        filters: that leave it.
        kind: one of `KINDS`.
        kernel_size, strides: of its convolution over positions.
        expansion: channels inside over those that enter; "separable" and "plain" have none.
        activation: inside.
        projection_activation: after the projection.
        squeeze: before the projection.
        residual: add the input where shapes are equal.
    """

    filters: int
    kind: str = "inverted"
    kernel_size: int = 3
    strides: int = 1
    expansion: float = 6.0
    activation: str = "relu"
    projection_activation: str | None = None
    squeeze: Squeeze | None = None
    residual: bool = True


def rounded_channels(channels: float, *, divisor: int = 8) -> int:
    """Return the nearest multiple of `divisor` that is not more than 10 % below (1801.04381's code).

    >>> rounded_channels(32 * 0.35), rounded_channels(24 * 0.5)
    (16, 16)
    """
    nearest = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return nearest if nearest >= 0.9 * channels else nearest + divisor


def stem_and_stage_strides(stem: str, strides: Sequence[int]) -> tuple[int, tuple[int, ...]]:
    """Return the strides of the stem and of each stage; "small" takes the first two away.

    Raises:
        ValueError: `stem` is neither "standard" nor "small".

    >>> stem_and_stage_strides("small", (1, 2, 2))
    (1, (1, 1, 2))
    """
    if stem not in ("standard", "small"):
        raise ValueError(f"stem must be standard or small, not {stem!r}")
    if stem == "standard":
        return 2, tuple(strides)
    first = next((index for index, stride in enumerate(strides) if stride > 1), None)
    return 1, tuple(1 if index == first else stride for index, stride in enumerate(strides))


def mobile_features(
    image: keras.KerasTensor,
    stages: Sequence[Sequence[Block]],
    *,
    stem_width: int,
    stem_stride: int = 2,
    last_width: int | None = None,
    activation: str = "relu",
    stochastic_depth_rate: float = 0.0,
    **norm: str | float,
) -> dict[str, keras.KerasTensor]:
    """Run a 3×3 stem, stages of blocks and a last 1×1 convolution.

    Args:
        image: (B, H, W, C).
        stages: the blocks of each; their layers are "stageS_blockB_…", both from 1.
        stem_width, stem_stride: of the layers "stem_…".
        last_width: channels of the layers "last_…"; None has none.
        activation: of stem and last convolution.
        stochastic_depth_rate: of the last block, growing linearly from 0, [0, 1).
        **norm: padding, use_bias, epsilon and momentum, as `zoo.layers.convolution.conv_norm` has them.

    Returns:
        The last result at each stride, "stride_2" and so on.
    """
    around = {"activation": activation, **norm}
    x = conv_norm(image, stem_width, strides=stem_stride, name="stem", **around)
    stride, features = stem_stride, {f"stride_{stem_stride}": x}
    total, index = sum(len(blocks) for blocks in stages), 0
    for stage, blocks in enumerate(stages, start=1):
        for number, block in enumerate(blocks, start=1):
            index += 1
            name = f"stage{stage}_block{number}"
            entered = x
            x = _branch(x, block, name=name, **norm)
            if block.residual and block.strides == 1 and entered.shape[-1] == block.filters:
                rate = stochastic_depth_rate * index / total
                if rate:
                    x = StochasticDepth(rate, name=f"{name}_drop")(x)
                x = keras.layers.Add(name=f"{name}_add")([entered, x])
            stride *= block.strides
        features[f"stride_{stride}"] = x  # (B, H/s, W/s, filters)
    if last_width:
        features[f"stride_{stride}"] = conv_norm(x, last_width, 1, name="last", **around)
    return features


def _branch(
    x: keras.KerasTensor, block: Block, *, name: str, **norm: str | float
) -> keras.KerasTensor:
    if block.kind not in KINDS:
        raise ValueError(f"kind of a block must be one of {', '.join(KINDS)}, not {block.kind!r}")
    channels, inside = x.shape[-1], {"activation": block.activation, **norm}
    spatial = {"strides": block.strides, **inside}
    if block.kind == "plain":
        return conv_norm(x, block.filters, block.kernel_size, name=f"{name}_plain", **spatial)
    expanded = rounded_channels(channels * block.expansion)
    if block.kind == "fused":
        x = conv_norm(x, expanded, block.kernel_size, name=f"{name}_expand", **spatial)
    else:
        if block.kind == "separable":
            expanded = channels
        else:
            x = conv_norm(x, expanded, 1, name=f"{name}_expand", **inside)
        depthwise = f"{name}_depthwise"
        x = conv_norm(x, expanded, block.kernel_size, groups=expanded, name=depthwise, **spatial)
    if block.squeeze:
        x = _squeezed(x, block.squeeze, entered=channels, name=f"{name}_se")
    last = block.projection_activation
    return conv_norm(x, block.filters, 1, activation=last, name=f"{name}_project", **norm)


def _squeezed(
    x: keras.KerasTensor, squeeze: Squeeze, *, entered: int, name: str
) -> keras.KerasTensor:
    if squeeze.of_expanded:
        reduced = rounded_channels(x.shape[-1] * squeeze.ratio)
    else:
        reduced = max(1, round(entered * squeeze.ratio))
    return squeeze_excite(x, reduced, activation=squeeze.activation, gate=squeeze.gate, name=name)
