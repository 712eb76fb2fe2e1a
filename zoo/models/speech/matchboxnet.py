"""MatchboxNet for keyword spotting (2004.08531): separable convolutions over time in residual blocks.

Input (B, T, M), frames and cepstral coefficients -> {"stem": (B, T, 128), "block_1", …, "block_n":
(B, T, width), "final": (B, T, 128)}. Table 1: a separable convolution of 11 frames, `num_blocks` blocks
of `repeats` separable convolutions whose kernels grow from 13 frames by two, a dilated one of 29 and
one of a single frame. A name BxRxC states blocks, repeats and width. Each convolution is followed by
batch normalization and ReLU; in a block the last ReLU comes after the shortcut, a normalized 1×1
convolution. Departure: clips are brought to 128 frames by silence before the features, not by zeros
after them.
"""

import keras

from zoo.layers.separable_time import normalized_pointwise, separable_time

_EDGE_WIDTH = 128  # of the layers before and after the blocks
_STEM_FRAMES, _FIRST_BLOCK_FRAMES, _DILATED_FRAMES = 11, 13, 29


def _activated(x: keras.KerasTensor, dropout_rate: float, *, name: str) -> keras.KerasTensor:
    x = keras.layers.Activation("relu", name=f"{name}_act")(x)
    return keras.layers.Dropout(dropout_rate, name=f"{name}_dropout")(x) if dropout_rate else x


def matchboxnet(
    *,
    input_shape: tuple[int, int] = (128, 64),
    num_blocks: int = 3,
    repeats: int = 1,
    width: int = 64,
    dropout_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone; the defaults are MatchboxNet-3x1x64.

    Args:
        input_shape: frames and coefficients (T, M); T may be None.
        num_blocks: residual blocks.
        repeats: separable convolutions of a block.
        width: channels of the blocks.
        dropout_rate: after each activation, [0, 1).

    Returns:
        Model from (B, T, M) to the output of the first layer, of each block and of the last layer.

    >>> matchboxnet().output["final"].shape
    (None, 128, 128)
    """
    mel = keras.Input(input_shape, name="mel")  # (B, T, M)
    x = separable_time(mel, _EDGE_WIDTH, _STEM_FRAMES, name="stem")
    x = _activated(x, dropout_rate, name="stem")  # (B, T, 128)
    features = {"stem": x}
    for block in range(1, num_blocks + 1):
        shortcut = normalized_pointwise(x, width, name=f"block{block}_shortcut")
        for part in range(1, repeats + 1):
            name, frames = f"block{block}_{part}", _FIRST_BLOCK_FRAMES + 2 * (block - 1)
            x = separable_time(x, width, frames, name=name)
            if part < repeats:
                x = _activated(x, dropout_rate, name=name)
        x = keras.layers.Add(name=f"block{block}_add")([x, shortcut])
        x = _activated(x, dropout_rate, name=f"block{block}")  # (B, T, width)
        features[f"block_{block}"] = x
    x = separable_time(x, _EDGE_WIDTH, _DILATED_FRAMES, dilation=2, name="dilated")
    x = _activated(x, dropout_rate, name="dilated")
    x = normalized_pointwise(x, _EDGE_WIDTH, name="final")
    features["final"] = _activated(x, dropout_rate, name="final")  # (B, T, 128)
    return keras.Model(mel, features, name="backbone")
