"""Residual networks for small images (1512.03385 §4.2): ResNet-20, 32, 44, 56, 110.

Input (B, H, W, C) -> {"stride_1": (B, H, W, 16), "stride_2": (B, H/2, W/2, 32),
"stride_4": (B, H/4, W/4, 64)}. Three stages of n basic blocks, depth 6n + 2 with the stem and the
head; shortcuts are the paper's option A (no parameters). Departure: `stochastic_depth_rate`
(1603.09382) may drop residual branches.
"""

import keras
from keras import ops

from zoo.layers.normalization import normalization_layer
from zoo.layers.stochastic_depth import StochasticDepth

WIDTHS = (16, 32, 64)


@keras.saving.register_keras_serializable(package="kerazoo")
class ShortcutA(keras.layers.Layer):
    """Subsample an image and pad its channels with zeros: (B, H, W, C) -> (B, H/s, W/s, filters)."""

    def __init__(self, filters: int, strides: int, **layer_arguments):
        super().__init__(**layer_arguments)
        self.filters, self.strides = filters, strides

    def call(self, x):
        x = x[:, :: self.strides, :: self.strides, :]
        extra = self.filters - x.shape[-1]
        return ops.pad(x, [[0, 0], [0, 0], [0, 0], [extra // 2, extra - extra // 2]])

    def compute_output_shape(self, input_shape):
        batch, *sides, _ = input_shape
        height, width = (None if side is None else -(-side // self.strides) for side in sides)
        return batch, height, width, self.filters

    def get_config(self):
        return super().get_config() | {"filters": self.filters, "strides": self.strides}


def _conv_norm(
    x: keras.KerasTensor,
    filters: int,
    *,
    strides: int,
    normalization: str,
    initializer: str,
    name: str,
) -> keras.KerasTensor:
    # With strides, padding by one on each side keeps PyTorch's (and the paper's) alignment, which
    # "same" does not for even sizes.
    if strides > 1:
        x = keras.layers.ZeroPadding2D(1, name=f"{name}_pad")(x)
    x = keras.layers.Conv2D(
        filters,
        3,
        strides=strides,
        padding="same" if strides == 1 else "valid",
        use_bias=normalization == "none",
        kernel_initializer=initializer,
        name=f"{name}_conv",
    )(x)
    norm = normalization_layer(normalization, name=f"{name}_norm")
    return norm(x) if norm else x


def _block(
    x: keras.KerasTensor,
    filters: int,
    *,
    strides: int,
    activation: str,
    drop_rate: float,
    name: str,
    **conv_arguments: str,
) -> keras.KerasTensor:
    shortcut = x
    if strides > 1 or x.shape[-1] != filters:
        shortcut = ShortcutA(filters, strides, name=f"{name}_shortcut")(x)
    y = _conv_norm(x, filters, strides=strides, name=f"{name}_1", **conv_arguments)
    y = keras.layers.Activation(activation, name=f"{name}_act1")(y)
    y = _conv_norm(y, filters, strides=1, name=f"{name}_2", **conv_arguments)
    if drop_rate:
        y = StochasticDepth(drop_rate, name=f"{name}_drop")(y)
    y = keras.layers.Add(name=f"{name}_add")([shortcut, y])
    return keras.layers.Activation(activation, name=f"{name}_act2")(y)


def resnet_cifar(
    *,
    num_blocks: int = 3,
    input_shape: tuple[int, int, int] = (32, 32, 3),
    activation: str = "relu",
    normalization: str = "batch",
    initializer: str = "he_normal",
    stochastic_depth_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone of depth 6 · num_blocks + 2, the head's layer counted (1512.03385 Tab. 6).

    Args:
        num_blocks: of each stage: 3 for ResNet-20, 5, 7, 9 and 18 for 32, 44, 56 and 110.
        input_shape: (H, W, C); the paper's is (32, 32, 3).
        activation: Keras activation name.
        normalization: "batch", "batch_stock", "layer", "group" or "none".
        initializer: Keras initializer name of the kernels.
        stochastic_depth_rate: of the last block, growing linearly from 0, [0, 1).

    Returns:
        Model from (B, H, W, C) to the output of each stage by its stride.

    >>> resnet_cifar(num_blocks=1, input_shape=(8, 8, 1)).output["stride_4"].shape
    (None, 2, 2, 64)
    """
    image = keras.Input(input_shape, name="image")
    conv_arguments = {"normalization": normalization, "initializer": initializer}
    x = _conv_norm(image, WIDTHS[0], strides=1, name="stem", **conv_arguments)
    x = keras.layers.Activation(activation, name="stem_act")(x)
    features, total, index = {}, len(WIDTHS) * num_blocks, 0
    for stage, filters in enumerate(WIDTHS, start=1):
        for block in range(1, num_blocks + 1):
            index += 1
            x = _block(
                x,
                filters,
                strides=2 if stage > 1 and block == 1 else 1,
                activation=activation,
                drop_rate=stochastic_depth_rate * index / total,
                name=f"stage{stage}_block{block}",
                **conv_arguments,
            )
        features[f"stride_{2 ** (stage - 1)}"] = x  # (B, H/s, W/s, filters)
    return keras.Model(image, features, name="backbone")
