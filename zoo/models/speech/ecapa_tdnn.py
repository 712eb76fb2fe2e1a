"""ECAPA-TDNN (2005.07143): speaker vectors from squeezed, multi-scale time-delay blocks.

Input (B, T, M), frames and mel bins -> {"frames": (B, T, 1536), "pooled": (B, embedding)}. Fig. 2: a
time-delay layer of 5 frames; three SE-Res2Blocks of 3 frames, dilated by 2, 3 and 4; their outputs
together go through a layer of one frame; attention that knows mean and deviation of the whole clip
weighs frames channel by channel (§3.1), and the weighted mean and deviation become the vector. Every
convolution is followed by ReLU and batch normalization. As in SpeechBrain's code, the input of a block
is the output of the one before it; §3.3 also tries the sum of all of them.
"""

from typing import Any

import keras

from zoo.layers.normalization import normalization_layer
from zoo.layers.statistics_pooling import StatisticsPooling, WholeContext
from zoo.layers.time_delay import time_delay

_DILATIONS = (2, 3, 4)


@keras.saving.register_keras_serializable(package="kerazoo")
class ChannelPart(keras.layers.Layer):
    """Return one of equal parts of the channels: (B, T, C) -> (B, T, C / parts).

    >>> ChannelPart(1, 2)(ops.arange(4.0)[None, None])[0, 0].numpy().tolist()
    [2.0, 3.0]
    """

    def __init__(self, part: int, parts: int, **layer_arguments: Any):
        super().__init__(**layer_arguments)
        self.part, self.parts = part, parts

    def call(self, x):
        """Return the part of `x` (B, T, C)."""
        width = x.shape[-1] // self.parts
        return x[..., self.part * width : (self.part + 1) * width]

    def compute_output_shape(self, input_shape):
        """Return (B, T, C / parts)."""
        return *input_shape[:-1], input_shape[-1] // self.parts

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return super().get_config() | {"part": self.part, "parts": self.parts}


def _multi_scale(
    x: keras.KerasTensor, scale: int, dilation: int, *, name: str
) -> keras.KerasTensor:
    """Convolve part after part, each with the one before it added (1904.01169); the first passes."""
    width, done = x.shape[-1] // scale, []
    for part in range(scale):
        y = ChannelPart(part, scale, name=f"{name}_{part + 1}_part")(x)
        if part > 1:
            y = keras.layers.Add(name=f"{name}_{part + 1}_add")([y, done[-1]])
        if part > 0:
            y = time_delay(y, width, 3, dilation=dilation, name=f"{name}_{part + 1}")
        done.append(y)
    return keras.layers.Concatenate(name=f"{name}_join")(done)


def _squeeze(x: keras.KerasTensor, reduced: int, *, name: str) -> keras.KerasTensor:
    weight = keras.layers.GlobalAveragePooling1D(keepdims=True, name=f"{name}_pool")(x)
    weight = keras.layers.Dense(reduced, activation="relu", name=f"{name}_reduce")(weight)
    weight = keras.layers.Dense(x.shape[-1], activation="sigmoid", name=f"{name}_expand")(weight)
    return keras.layers.Multiply(name=f"{name}_scale")([x, weight])  # (B, T, C), (B, 1, C)


def _block(
    x: keras.KerasTensor, *, scale: int, dilation: int, reduced: int, name: str
) -> keras.KerasTensor:
    y = time_delay(x, x.shape[-1], name=f"{name}_in")
    y = _multi_scale(y, scale, dilation, name=f"{name}_scale")
    y = time_delay(y, x.shape[-1], name=f"{name}_out")
    y = _squeeze(y, reduced, name=f"{name}_squeeze")
    return keras.layers.Add(name=f"{name}_add")([x, y])


def ecapa_tdnn(
    *,
    input_shape: tuple[int, int] = (298, 80),
    width: int = 512,
    scale: int = 8,
    bottleneck_dim: int = 128,
    joined_dim: int = 1536,
    embedding_dim: int = 192,
) -> keras.Model:
    """Build the backbone; the defaults are the paper's of 512 channels.

    Args:
        input_shape: frames and bins (T, M); T may be None.
        width: channels of the blocks, a multiple of `scale`.
        scale: parts of the channels in a block.
        bottleneck_dim: units inside squeeze-and-excitation and the attention.
        joined_dim: channels of the layer that joins the blocks.
        embedding_dim: numbers of a vector.

    Returns:
        Model from (B, T, M) to the joined frames and the vectors.

    Raises:
        ValueError: `width` does not divide into `scale` parts.

    >>> ecapa_tdnn(width=16, joined_dim=12).output["pooled"].shape
    (None, 192)
    """
    if width % scale:
        raise ValueError(f"width={width} does not divide into scale={scale} parts")
    mel = keras.Input(input_shape, name="mel")  # (B, T, M)
    x = time_delay(mel, width, 5, name="stem")  # (B, T, width)
    outputs = []
    for block, dilation in enumerate(_DILATIONS, start=1):
        x = _block(x, scale=scale, dilation=dilation, reduced=bottleneck_dim, name=f"block{block}")
        outputs.append(x)  # (B, T, width)
    x = keras.layers.Concatenate(name="joined")(outputs)  # (B, T, 3 · width)
    x = time_delay(x, joined_dim, name="frames")  # (B, T, joined)
    scores = time_delay(WholeContext(name="context")(x), bottleneck_dim, name="attention")
    scores = keras.layers.Activation("tanh", name="attention_tanh")(scores)
    scores = keras.layers.Dense(joined_dim, name="attention_scores")(scores)
    pooled = StatisticsPooling(name="statistics")(x, scores)  # (B, 2 · joined)
    pooled = normalization_layer("batch", name="statistics_norm")(pooled)
    pooled = keras.layers.Dense(embedding_dim, name="pooled")(pooled)
    return keras.Model(mel, {"frames": x, "pooled": pooled}, name="backbone")
