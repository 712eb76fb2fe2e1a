"""Broadcasted residual networks for keyword spotting (2106.04140): BC-ResNet-1 to -8.

Input (B, T, M), frames and mel bins -> {"stem": (B, T, M/2, 2 w), "stage_1" … "stage_4": (B, T, M', C),
"final": (B, T, 4 w)}, w being the width. A block (Fig. 2) convolves over frequencies, takes the mean of
them, convolves the rest over time, and adds its result to every frequency again. Table 1 has the stages;
those after the first dilate over time by 2, 4 and 8. Sub-spectral normalization (2103.13620) keeps
statistics for each of five bands.
"""

import keras

from zoo.layers.normalization import normalization_layer

_LAYERS = (2, 2, 4, 4)  # of the stages, Tab. 1
_STRIDED = (2, 3)  # stages whose first block halves the frequencies
_BANDS = 5  # of sub-spectral normalization, §3.1
_REDUCTION = 8  # of the frequencies, by the stem and the strided stages


def _sub_spectral_norm(x: keras.KerasTensor, *, name: str) -> keras.KerasTensor:
    """Normalize the channels of (B, T, M, C) by band; a channel's bands lie side by side."""
    bins, channels = x.shape[2:]
    by_band = (-1, bins // _BANDS, channels * _BANDS)
    x = keras.layers.Reshape((-1, _BANDS, bins // _BANDS, channels), name=f"{name}_split")(x)
    x = keras.layers.Permute((1, 3, 4, 2), name=f"{name}_gather")(x)  # (B, T, M/5, C, 5)
    x = keras.layers.Reshape(by_band, name=f"{name}_bands")(x)  # (B, T, M/5, 5 C)
    x = normalization_layer("batch", name=f"{name}_norm")(x)
    x = keras.layers.Reshape((*by_band[:2], channels, _BANDS), name=f"{name}_unbands")(x)
    x = keras.layers.Permute((1, 4, 2, 3), name=f"{name}_spread")(x)  # (B, T, 5, M/5, C)
    return keras.layers.Reshape((-1, bins, channels), name=f"{name}_join")(x)


def _pointwise(x: keras.KerasTensor, width: int, *, name: str) -> keras.KerasTensor:
    return keras.layers.Conv2D(width, 1, use_bias=False, name=name)(x)


def _block(
    x: keras.KerasTensor,
    width: int,
    *,
    strided: bool,
    dilation: int,
    dropout_rate: float,
    name: str,
) -> keras.KerasTensor:
    """One block; without the shortcut where the width changes (Fig. 2b)."""
    shortcut = x if width == x.shape[-1] else None
    if shortcut is None:
        x = _pointwise(x, width, name=f"{name}_widen")
        x = normalization_layer("batch", name=f"{name}_widen_norm")(x)
        x = keras.layers.Activation("relu", name=f"{name}_widen_act")(x)
    x = keras.layers.DepthwiseConv2D(
        (1, 3), padding="same", use_bias=False, name=f"{name}_frequency"
    )(x)
    if strided:  # TensorFlow strides depthwise layers alike over both axes: this takes every second
        x = keras.layers.MaxPooling2D(1, (1, 2), name=f"{name}_stride")(x)
    x = spread = _sub_spectral_norm(x, name=f"{name}_frequency")  # (B, T, M', width)
    x = keras.layers.AveragePooling2D((1, x.shape[2]), name=f"{name}_mean")(x)  # (B, T, 1, width)
    x = keras.layers.DepthwiseConv2D(
        (3, 1),
        padding="same",
        dilation_rate=(dilation, 1),
        use_bias=False,
        name=f"{name}_time",
    )(x)
    x = normalization_layer("batch", name=f"{name}_time_norm")(x)
    x = keras.layers.Activation("silu", name=f"{name}_time_act")(x)
    x = _pointwise(x, width, name=f"{name}_mix")
    if dropout_rate:
        x = keras.layers.SpatialDropout2D(dropout_rate, name=f"{name}_dropout")(x)
    parts = [x, spread] if shortcut is None else [x, spread, shortcut]
    x = keras.layers.Add(name=f"{name}_add")(parts)  # broadcast over M'
    return keras.layers.Activation("relu", name=f"{name}_act")(x)


def bc_resnet(
    *,
    input_shape: tuple[int, int] = (101, 40),
    width: int = 8,
    dropout_rate: float = 0.1,
) -> keras.Model:
    """Build the backbone; the defaults are BC-ResNet-1.

    Args:
        input_shape: frames and bins (T, M); T may be None, M is a multiple of 40.
        width: 8 times the number in a variant's name.
        dropout_rate: of whole channels in each block, [0, 1).

    Returns:
        Model from (B, T, M) to the output of the stem, of each stage and of the last layer.

    Raises:
        ValueError: the bins do not divide into five bands after three halvings.

    >>> bc_resnet().output["final"].shape
    (None, 101, 32)
    """
    bins = input_shape[-1]
    if bins % (_BANDS * _REDUCTION):
        raise ValueError(f"num_mels must be a multiple of {_BANDS * _REDUCTION}, not {bins}")
    mel = keras.Input(input_shape, name="mel")  # (B, T, M)
    x = keras.layers.Reshape((-1, bins, 1), name="map")(mel)  # (B, T, M, 1)
    x = keras.layers.ZeroPadding2D(2, name="stem_pad")(x)
    x = keras.layers.Conv2D(2 * width, 5, strides=(1, 2), use_bias=False, name="stem_conv")(x)
    x = normalization_layer("batch", name="stem_norm")(x)
    x = keras.layers.Activation("relu", name="stem_act")(x)  # (B, T, M/2, 2 w)
    features = {"stem": x}
    widths = (width, int(1.5 * width), 2 * width, int(2.5 * width))
    for stage, (layers, channels) in enumerate(zip(_LAYERS, widths, strict=True), start=1):
        for block in range(1, layers + 1):
            x = _block(
                x,
                channels,
                strided=stage in _STRIDED and block == 1,
                dilation=2 ** (stage - 1),
                dropout_rate=dropout_rate,
                name=f"stage{stage}_block{block}",
            )
        features[f"stage_{stage}"] = x  # (B, T, M', channels)
    x = keras.layers.ZeroPadding2D((2, 0), name="final_pad")(x)
    x = keras.layers.DepthwiseConv2D((5, x.shape[2]), use_bias=False, name="final_depthwise")(x)
    x = _pointwise(x, 4 * width, name="final_pointwise")
    x = normalization_layer("batch", name="final_norm")(x)
    x = keras.layers.Activation("relu", name="final_act")(x)  # (B, T, 1, 4 w)
    features["final"] = keras.layers.Reshape((-1, 4 * width), name="final")(x)
    return keras.Model(mel, features, name="backbone")
