"""Separable convolutions over time (1910.10261 §3.1): each channel by itself, then all of a frame."""

import keras

from zoo.layers.normalization import normalization_layer


def normalized_pointwise(x: keras.KerasTensor, filters: int, *, name: str) -> keras.KerasTensor:
    """Mix the channels of (B, T, C) and normalize: layers NAME_pointwise and NAME_norm."""
    x = keras.layers.Conv1D(filters, 1, use_bias=False, name=f"{name}_pointwise")(x)
    return normalization_layer("batch", name=f"{name}_norm")(x)


def separable_time(
    x: keras.KerasTensor,
    filters: int,
    frames: int,
    *,
    strides: int = 1,
    dilation: int = 1,
    name: str,
) -> keras.KerasTensor:
    """Convolve (B, T, C) over time, mix channels, normalize: (B, T / strides, filters).

    Args:
        x: input.
        filters: output channels.
        frames: of the kernel, odd.
        strides: over time; half a kernel of silence is put at both ends, as PyTorch's networks do.
        dilation: frames from one tap of the kernel to the next; with `strides` of 1 only.
        name: that the layers begin with.
    """
    if strides > 1:
        x = keras.layers.ZeroPadding1D(frames // 2, name=f"{name}_pad")(x)
    x = keras.layers.DepthwiseConv1D(
        frames,
        strides=strides,
        padding="same" if strides == 1 else "valid",
        dilation_rate=dilation,
        use_bias=False,
        name=f"{name}_depthwise",
    )(x)
    return normalized_pointwise(x, filters, name=name)
