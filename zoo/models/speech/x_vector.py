"""X-vectors (Snyder et al. 2018): a time-delay network whose frames become one vector of a voice.

Input (B, T, M), frames and mel bins or cepstral coefficients -> {"frames": (B, T, 1500), "pooled":
(B, embedding)}. Table 1: five time-delay layers see 15 frames together, mean and deviation over all of
them are joined, and a dense layer gives the vector. Departures: frames at the ends look at silence, and
what the paper has behind the vector (ReLU and another dense layer) belongs to training alone.
"""

from collections.abc import Sequence

import keras

from zoo.layers.statistics_pooling import StatisticsPooling
from zoo.layers.time_delay import time_delay


def x_vector(
    *,
    input_shape: tuple[int, int] = (298, 24),
    widths: Sequence[int] = (512, 512, 512, 512, 1500),
    kernel_sizes: Sequence[int] = (5, 3, 3, 1, 1),
    dilations: Sequence[int] = (1, 2, 3, 1, 1),
    embedding_dim: int = 512,
) -> keras.Model:
    """Build the backbone.

    Args:
        input_shape: frames and bins (T, M); T may be None.
        widths: channels of the time-delay layers.
        kernel_sizes: frames of their kernels.
        dilations: frames from one tap of a kernel to the next.
        embedding_dim: numbers of a vector.

    Returns:
        Model from (B, T, M) to the last time-delay layer's outputs and the vectors.

    Raises:
        ValueError: the three lists are of different lengths.

    >>> x_vector(widths=(8,), kernel_sizes=(5,), dilations=(1,)).output["pooled"].shape
    (None, 512)
    """
    x = mel = keras.Input(input_shape, name="mel")  # (B, T, M)
    layers = zip(widths, kernel_sizes, dilations, strict=True)
    for index, (width, frames, dilation) in enumerate(layers, start=1):
        x = time_delay(x, width, frames, dilation=dilation, name=f"layer{index}")  # (B, T, width)
    pooled = StatisticsPooling(name="statistics")(x)  # (B, 2 · width)
    pooled = keras.layers.Dense(embedding_dim, name="pooled")(pooled)
    return keras.Model(mel, {"frames": x, "pooled": pooled}, name="backbone")
