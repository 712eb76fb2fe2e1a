"""Squeeze and excitation (1709.01507): channels are weighted by what the whole image holds."""

import keras

from zoo.layers.convolution import convolution


def squeeze_excite(
    x: keras.KerasTensor,
    reduced: int,
    *,
    activation: str = "relu",
    gate: str = "sigmoid",
    name: str,
) -> keras.KerasTensor:
    """Weight the channels of (B, H, W, C) by their means: layers NAME_reduce and NAME_expand.

    Args:
        x: input.
        reduced: channels between both.
        activation: after the first.
        gate: after the second, "sigmoid" or "hard_sigmoid".
        name: that the layers begin with.
    """
    weight = keras.layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_pool")(x)
    weight = convolution(weight, reduced, 1, use_bias=True, name=f"{name}_reduce")
    weight = keras.layers.Activation(activation, name=f"{name}_act")(weight)
    weight = convolution(weight, x.shape[-1], 1, use_bias=True, name=f"{name}_expand")
    weight = keras.layers.Activation(gate, name=f"{name}_gate")(weight)  # (B, 1, 1, C)
    return keras.layers.Multiply(name=f"{name}_scale")([x, weight])
