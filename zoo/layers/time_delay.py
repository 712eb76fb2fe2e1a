"""The layer of time-delay networks: a dilated convolution over frames, ReLU, normalization."""

import keras

from zoo.layers.normalization import normalization_layer


def time_delay(
    x: keras.KerasTensor, width: int, frames: int = 1, *, dilation: int = 1, name: str
) -> keras.KerasTensor:
    """Convolve (B, T, C) over time, activate, then normalize: layers NAME_conv, NAME_act, NAME_norm.

    Args:
        x: input.
        width: output channels.
        frames: of the kernel.
        dilation: frames from one of its taps to the next.
        name: that the layers begin with.
    """
    conv = keras.layers.Conv1D(
        width,
        frames,
        dilation_rate=dilation,
        padding="same",
        kernel_initializer="he_normal",
        name=f"{name}_conv",
    )
    x = keras.layers.Activation("relu", name=f"{name}_act")(conv(x))
    return normalization_layer("batch", name=f"{name}_norm")(x)
