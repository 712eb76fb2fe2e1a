"""QuartzNet for speech recognition (1910.10261): residual blocks of separable convolutions over time.

Input (B, T, M), frames and mel bins -> {"stem": (B, T/2, 256), "block_1", …, "block_n": (B, T/2, width),
"final": (B, T/2, 1024)}. Table 1: a separable convolution of 33 frames that strides by 2, five groups of
blocks whose kernels grow from 33 to 75 frames, a dilated one of 87 and one of a single frame. A block
has five separable convolutions with batch normalization and ReLU; its last ReLU comes after the
shortcut, a normalized 1×1 convolution. A name BxR states all blocks and the convolutions of each.
Departure: no mask takes padding out of the convolutions.
"""

from collections.abc import Sequence

import keras

from zoo.layers.separable_time import normalized_pointwise, separable_time

_STEM_WIDTH, _STEM_FRAMES = 256, 33
_DILATED_WIDTH, _DILATED_FRAMES, _FINAL_WIDTH = 512, 87, 1024


def _activated(x: keras.KerasTensor, dropout_rate: float, *, name: str) -> keras.KerasTensor:
    x = keras.layers.Activation("relu", name=f"{name}_act")(x)
    return keras.layers.Dropout(dropout_rate, name=f"{name}_dropout")(x) if dropout_rate else x


def quartznet(
    *,
    input_shape: tuple[int, int] = (998, 64),
    widths: Sequence[int] = (256, 256, 512, 512, 512),
    kernel_sizes: Sequence[int] = (33, 39, 51, 63, 75),
    block_repeats: int = 1,
    repeats: int = 5,
    dropout_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone; the defaults are QuartzNet-5x5.

    Args:
        input_shape: frames and bins (T, M); T may be None.
        widths: channels of each group of blocks.
        kernel_sizes: frames of the kernels of each group, odd.
        block_repeats: blocks of a group, 3 in QuartzNet-15x5.
        repeats: separable convolutions of a block.
        dropout_rate: after each activation, [0, 1).

    Returns:
        Model from (B, T, M) to the output of the first layer, of each block and of the last layer.

    Raises:
        ValueError: `widths` and `kernel_sizes` are of different lengths.

    >>> quartznet(widths=(8,), kernel_sizes=(5,)).output["final"].shape
    (None, 499, 1024)
    """
    mel = keras.Input(input_shape, name="mel")  # (B, T, M)
    x = separable_time(mel, _STEM_WIDTH, _STEM_FRAMES, strides=2, name="stem")
    x = _activated(x, dropout_rate, name="stem")  # (B, T/2, 256)
    features, groups = {"stem": x}, zip(widths, kernel_sizes, strict=True)
    blocks = [group for group in groups for _ in range(block_repeats)]
    for block, (width, frames) in enumerate(blocks, start=1):
        shortcut = normalized_pointwise(x, width, name=f"block{block}_shortcut")
        for part in range(1, repeats + 1):
            name = f"block{block}_{part}"
            x = separable_time(x, width, frames, name=name)
            if part < repeats:
                x = _activated(x, dropout_rate, name=name)
        x = keras.layers.Add(name=f"block{block}_add")([x, shortcut])
        x = _activated(x, dropout_rate, name=f"block{block}")
        features[f"block_{block}"] = x  # (B, T/2, width)
    x = separable_time(x, _DILATED_WIDTH, _DILATED_FRAMES, dilation=2, name="dilated")
    x = _activated(x, dropout_rate, name="dilated")
    x = normalized_pointwise(x, _FINAL_WIDTH, name="final")
    features["final"] = _activated(x, dropout_rate, name="final")  # (B, T/2, 1024)
    return keras.Model(mel, features, name="backbone")
