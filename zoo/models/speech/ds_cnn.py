"""Depthwise separable convolutional networks for keyword spotting (1711.07128): DS-CNN S, M, L.

Input (B, T, M), frames and mel bins or cepstral coefficients -> {"stem": (B, T/2, M/2 or M, width),
"block_1", …, "block_n": (B, T', M', width)}. A 10×4 convolution, then blocks of a 3×3 convolution of
single channels and a 1×1 convolution, each with a bias, batch normalization and ReLU, as the authors
train them; the head takes the mean over time and frequency. At the paper's input of 49 frames and 10
coefficients and with 12 classes: 23,756 / 138,128 / 416,772 parameters, and with one addition for
each bias the 5.4, 19.8 and 56.9 million operations of its table 5. Departure: `dropout_rate`.
"""

from collections.abc import Sequence

import keras

from zoo.layers.normalization import normalization_layer


def _norm_act(
    x: keras.KerasTensor, *, normalization: str, activation: str, name: str
) -> keras.KerasTensor:
    norm = normalization_layer(normalization, name=f"{name}_norm")
    return keras.layers.Activation(activation, name=f"{name}_act")(norm(x) if norm else x)


def _block(
    x: keras.KerasTensor,
    *,
    strides: tuple[int, int],
    initializer: str,
    name: str,
    **after: str,
) -> keras.KerasTensor:
    width = x.shape[-1]
    x = keras.layers.DepthwiseConv2D(
        3,
        strides=strides,
        padding="same",
        depthwise_initializer=initializer,
        name=f"{name}_depthwise",
    )(x)
    x = _norm_act(x, name=f"{name}_1", **after)
    x = keras.layers.Conv2D(width, 1, kernel_initializer=initializer, name=f"{name}_pointwise")(x)
    return _norm_act(x, name=f"{name}_2", **after)


def ds_cnn(
    *,
    width: int = 64,
    num_blocks: int = 4,
    stem_strides: Sequence[int] = (2, 2),
    block_strides: Sequence[int] = (1, 1),
    input_shape: tuple[int, int] = (49, 10),
    activation: str = "relu",
    normalization: str = "batch",
    initializer: str = "glorot_uniform",
    dropout_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone; the defaults are DS-CNN-S (1711.07128 Tab. 5).

    Args:
        width: channels of the stem and of each block; 172 in M, 276 in L.
        num_blocks: pairs of a depthwise and a pointwise convolution; 5 in L.
        stem_strides: over frames and bins; (2, 1) in M and L.
        block_strides: of the first block, over frames and bins; (2, 2) in M and L.
        input_shape: frames and bins (T, M); the paper's is (49, 10).
        activation: Keras activation name.
        normalization: "batch", "batch_stock", "layer", "group" or "none".
        initializer: Keras initializer name of the kernels; the authors' is Glorot's.
        dropout_rate: of whole channels after each block (1411.4280), [0, 1).

    Returns:
        Model from (B, T, M) to the output of the stem and of each block.

    >>> ds_cnn().output["block_4"].shape
    (None, 25, 5, 64)
    """
    after = {"normalization": normalization, "activation": activation}
    mel = keras.Input(input_shape, name="mel")  # (B, T, M)
    x = keras.layers.Reshape((-1, input_shape[-1], 1), name="map")(mel)  # (B, T, M, 1)
    x = keras.layers.Conv2D(
        width,
        (10, 4),
        strides=tuple(stem_strides),
        padding="same",
        kernel_initializer=initializer,
        name="stem_conv",
    )(x)
    x = _norm_act(x, name="stem", **after)
    features = {"stem": x}
    for index in range(1, num_blocks + 1):
        strides = tuple(block_strides) if index == 1 else (1, 1)
        x = _block(x, strides=strides, initializer=initializer, name=f"block{index}", **after)
        if dropout_rate:
            x = keras.layers.SpatialDropout2D(dropout_rate, name=f"block{index}_dropout")(x)
        features[f"block_{index}"] = x
    return keras.Model(mel, features, name="backbone")
