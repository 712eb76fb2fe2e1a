"""Residual networks for CIFAR with normalization first (1603.05027), narrow or wide (1605.07146).

Input (B, H, W, C) -> {"stride_1": (B, H, W, width), "stride_2", "stride_4": (B, H/4, W/4, 4 · width)}. A
3×3 convolution, then three stages of blocks in which normalization and ReLU precede each convolution, so
that the shortcut stays untouched; both follow the last block once more. Where a block changes the width,
they come before it parts, and a 1×1 convolution is the shortcut.

Blocks are bottlenecks (ResNet-164: 1×1, 3×3, 1×1 of 16, 16 and 64 channels in the first stage, with the
stride on the first) or basic ones of two 3×3 convolutions, which `width_multiplier` and `dropout_rate`
make Wide ResNets (1605.07146 Tab. 1).
"""

import keras

from zoo.layers.convolution import batch_norm, convolution
from zoo.layers.stochastic_depth import StochasticDepth

WIDTHS = (16, 32, 64)
EXPANSION = 4  # of a bottleneck's output over its width


def _norm_relu(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    x = batch_norm(x, name=f"{name}_norm")
    return keras.layers.Activation("relu", name=f"{name}_act")(x)


def _branch(
    x: keras.KerasTensor,
    width: int,
    *,
    bottleneck: bool,
    strides: int,
    dropout_rate: float,
    name: str,
) -> keras.KerasTensor:
    """Convolve what was normalized already, and normalize between convolutions."""
    if bottleneck:
        x = convolution(x, width, 1, strides=strides, name=f"{name}_1_conv")
        x = convolution(_norm_relu(x, f"{name}_2"), width, 3, name=f"{name}_2_conv")
        return convolution(_norm_relu(x, f"{name}_3"), EXPANSION * width, 1, name=f"{name}_3_conv")
    x = convolution(x, width, 3, strides=strides, name=f"{name}_1_conv")
    x = _norm_relu(x, f"{name}_2")
    if dropout_rate:
        x = keras.layers.Dropout(dropout_rate, name=f"{name}_2_drop")(x)
    return convolution(x, width, 3, name=f"{name}_2_conv")


def _block(
    x: keras.KerasTensor, width: int, *, strides: int, rate: float, name: str, **kind: bool | float
) -> keras.KerasTensor:
    filters = EXPANSION * width if kind["bottleneck"] else width
    normalized = _norm_relu(x, f"{name}_1")
    shortcut = x
    if x.shape[-1] != filters:
        shortcut = convolution(normalized, filters, 1, strides=strides, name=f"{name}_shortcut")
    x = _branch(normalized, width, strides=strides, name=name, **kind)
    if rate:
        x = StochasticDepth(rate, name=f"{name}_drop")(x)
    return keras.layers.Add(name=f"{name}_add")([shortcut, x])


def resnet_v2(
    *,
    input_shape: tuple[int, int, int] = (32, 32, 3),
    num_blocks: int = 18,
    bottleneck: bool = True,
    width_multiplier: int = 1,
    dropout_rate: float = 0.0,
    stochastic_depth_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone.

    Args:
        input_shape: (H, W, C); H and W may be None.
        num_blocks: of each stage. Depth is 9 · num_blocks + 2 of bottlenecks, and of basic blocks 6 ·
            num_blocks + 2, or + 4 as Wide ResNets count.
        bottleneck: blocks of 1×1, 3×3, 1×1 convolutions; False takes two of 3×3.
        width_multiplier: of the channels of all stages, 16, 32 and 64 with 1.
        dropout_rate: between the convolutions of a basic block, [0, 1).
        stochastic_depth_rate: of the last block, growing linearly from 0, [0, 1).

    Returns:
        Model from (B, H, W, C) to the output of each stage by its stride; the last one is normalized.

    Raises:
        ValueError: dropout in a bottleneck.

    >>> resnet_v2(num_blocks=1, bottleneck=False, width_multiplier=4).output["stride_4"].shape
    (None, 8, 8, 256)
    """
    if bottleneck and dropout_rate:
        raise ValueError("dropout_rate is of basic blocks; take bottleneck=False")
    image = keras.Input(input_shape, name="image")
    x = convolution(image, WIDTHS[0], 3, name="stem_conv")
    features, index = {}, 0
    for stage, width in enumerate(WIDTHS, start=1):
        for block in range(1, num_blocks + 1):
            index += 1
            x = _block(
                x,
                width_multiplier * width,
                strides=2 if stage > 1 and block == 1 else 1,
                rate=stochastic_depth_rate * index / (len(WIDTHS) * num_blocks),
                name=f"stage{stage}_block{block}",
                bottleneck=bottleneck,
                dropout_rate=dropout_rate,
            )
        features[f"stride_{2 ** (stage - 1)}"] = x
    features["stride_4"] = _norm_relu(x, "final")
    return keras.Model(image, features, name="backbone")
