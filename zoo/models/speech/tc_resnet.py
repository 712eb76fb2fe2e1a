"""Temporal convolution ResNets for keyword spotting (1904.03814): TC-ResNet 8 and 14.

Input (B, T, M), frames and cepstral coefficients -> {"stem": (B, T, 16), "block_1", …, "block_n":
(B, T', width)}. The coefficients are the channels of convolutions over time alone, so that already
the first layer sees all frequencies. A residual block has two convolutions of 9 frames; where the
width changes, both the first of them and the shortcut stride by 2, and the shortcut is normalized
and activated as well, as the authors' code has it. Their dropout of a half is that of the head.
"""

from collections.abc import Sequence

import keras

from zoo.layers.normalization import normalization_layer


def _conv(
    x: keras.KerasTensor,
    filters: int,
    kernel_size: int,
    *,
    strides: int = 1,
    normalization: str,
    activation: str | None,
    name: str,
) -> keras.KerasTensor:
    x = keras.layers.Conv1D(
        filters, kernel_size, strides=strides, padding="same", use_bias=False, name=f"{name}_conv"
    )(x)
    norm = normalization_layer(normalization, name=f"{name}_norm")
    x = norm(x) if norm else x
    return keras.layers.Activation(activation, name=f"{name}_act")(x) if activation else x


def tc_resnet(
    *,
    input_shape: tuple[int, int] = (98, 40),
    stem_width: int = 16,
    widths: Sequence[int] = (24, 32, 48),
    kernel_size: int = 9,
    activation: str = "relu",
    normalization: str = "batch",
) -> keras.Model:
    """Build the backbone; the defaults are TC-ResNet8.

    Args:
        input_shape: frames and coefficients (T, M); T may be None.
        stem_width: channels of the first convolution, of 3 frames.
        widths: channels of each block; a block that keeps the width does not stride. TC-ResNet14
            repeats each, and "1.5" in a name multiplies all widths.
        kernel_size: frames of the convolutions in blocks.
        activation: Keras activation name.
        normalization: "batch", "batch_stock", "layer" or "none".

    Returns:
        Model from (B, T, M) to the output of the stem and of each block.

    >>> tc_resnet().output["block_3"].shape
    (None, 13, 48)
    """
    after = {"normalization": normalization}
    mel = keras.Input(input_shape, name="mel")  # (B, T, M)
    x = _conv(mel, stem_width, 3, activation=activation, name="stem", **after)  # (B, T, stem_width)
    features = {"stem": x}
    for index, width in enumerate(widths, start=1):
        name, strides, shortcut = f"block{index}", 1, x
        if width != x.shape[-1]:
            strides = 2
            shortcut = _conv(
                x, width, 1, strides=2, activation=activation, name=f"{name}_shortcut", **after
            )
        x = _conv(
            x, width, kernel_size, strides=strides, activation=activation, name=f"{name}_1", **after
        )
        x = _conv(x, width, kernel_size, activation=None, name=f"{name}_2", **after)
        x = keras.layers.Add(name=f"{name}_add")([x, shortcut])
        x = keras.layers.Activation(activation, name=f"{name}_act")(x)  # (B, T', width)
        features[f"block_{index}"] = x
    return keras.Model(mel, features, name="backbone")
