"""Patches: an image cut into squares that do not overlap, each mapped to one vector."""

import keras

from zoo.layers.feed_forward import INITIALIZER


def patch_embedding(x: keras.KerasTensor, width: int, size: int, *, name: str) -> keras.KerasTensor:
    """Map patches of (B, H, W, C) to (B, H/size, W/size, width); what is left over is not seen.

    Args:
        x: input.
        width: of the vectors.
        size: of a patch, in positions of `x`.
        name: of the layer, a convolution whose kernel is as wide as its stride.
    """
    convolution = keras.layers.Conv2D(
        width, size, strides=size, padding="valid", kernel_initializer=INITIALIZER, name=name
    )
    return convolution(x)
