"""Feature-wise linear modulation (1709.07871 §2.1): some inputs steer the features of one.

Inputs {NAME, NAME.present} -> {NAME: (B, D) for each, "fused": (B, D of the steered)}. The others'
features give a factor and an offset for each channel of the steered input, then ReLU, in residual
blocks as in the paper's figure 3; dense layers where its feature has no positions.
"""

from collections.abc import Mapping

import keras
from keras import ops

from zoo.errors import unknown_name
from zoo.heads.classification import pooled_feature
from zoo.heads.towers import Encoder, joined, towers


@keras.saving.register_keras_serializable(package="kerazoo")
class Modulate(keras.layers.Layer):
    """Scale each channel by 1 + gamma and add beta."""

    def call(self, features, gamma, beta):
        """Return (B, …, D) for features (B, …, D), gamma and beta (B, D)."""
        shape = (-1, *[1] * (len(features.shape) - 2), features.shape[-1])
        return features * (1 + ops.reshape(gamma, shape)) + ops.reshape(beta, shape)

    def compute_output_shape(self, features_shape, gamma_shape, beta_shape):
        """Return the shape of the features."""
        return features_shape


def film(
    *,
    encoders: Mapping[str, Encoder],
    steered: str = "",
    num_blocks: int = 2,
) -> keras.Model:
    """Build the backbone.

    Args:
        encoders: of the inputs, by name.
        steered: the input whose features the others modulate; "" takes the one with the most
            axes, the first of several.
        num_blocks: that are modulated one after another; the paper has 4.

    Returns:
        Model from the inputs and their presences to the feature of each and "fused".

    Raises:
        UnknownNameError: the model has no input of that name.
    """
    both = towers(encoders)
    pooled = both.pooled()
    if steered and steered not in pooled:
        raise unknown_name("input", steered, pooled, fix="set model.arguments.steered")
    steered = steered or max(both.maps, key=lambda name: len(both.maps[name].shape))
    x = both.maps[steered]
    others = {name: feature for name, feature in pooled.items() if name != steered}
    told = joined(others) if others else None
    for i in range(1, num_blocks + 1):
        x = _block(x, told, name=f"fusion_{i}")
    return both.model({**pooled, "fused": pooled_feature("fusion", x)})


def _block(x: keras.KerasTensor, told: keras.KerasTensor | None, *, name: str) -> keras.KerasTensor:
    width, maps = x.shape[-1], len(x.shape) == 4
    start = keras.layers.Dense(width, activation="relu", name=f"{name}_start")(x)  # 1×1
    y = (
        keras.layers.Conv2D(width, 3, padding="same", name=f"{name}_conv")(start)
        if maps
        else keras.layers.Dense(width, name=f"{name}_dense")(start)
    )
    if told is not None:
        gamma, beta = (
            keras.layers.Dense(width, name=f"{name}_{part}")(told) for part in ("gamma", "beta")
        )
        y = Modulate(name=f"{name}_modulate")(y, gamma, beta)
    y = keras.layers.Activation("relu", name=f"{name}_act")(y)
    return keras.layers.Add(name=f"{name}_add")([start, y])
