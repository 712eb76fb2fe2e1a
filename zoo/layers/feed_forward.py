"""The two dense layers that transformers, mixers and their descendants apply at every position."""

from collections.abc import Callable

import keras

# As timm draws the weights of transformers and ConvNeXts.
INITIALIZER = {"class_name": "TruncatedNormal", "config": {"stddev": 0.02}}


def dense(
    x: keras.KerasTensor, width: int, *, name: str, use_bias: bool = True
) -> keras.KerasTensor:
    """Map the last axis of `x` to `width`, the weights drawn as transformers draw them."""
    return keras.layers.Dense(width, use_bias=use_bias, kernel_initializer=INITIALIZER, name=name)(
        x
    )


def feed_forward(
    x: keras.KerasTensor,
    inner: int,
    *,
    activation: str | Callable = "gelu",
    between: keras.layers.Layer | None = None,
    name: str,
) -> keras.KerasTensor:
    """Widen the last axis to `inner`, activate, narrow it again: NAME_1, NAME_act, NAME_2.

    Args:
        x: (…, D).
        inner: units between both layers.
        activation: a name or a function; "gelu" is the exact one, with the error function.
        between: a layer before the second one.
        name: that the layers begin with.
    """
    y = dense(x, inner, name=f"{name}_1")
    y = keras.layers.Activation(activation, name=f"{name}_act")(y)
    y = between(y) if between is not None else y
    return dense(y, x.shape[-1], name=f"{name}_2")
