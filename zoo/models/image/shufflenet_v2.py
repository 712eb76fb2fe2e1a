"""ShuffleNetV2 (1807.11164 Tab. 5): half of the channels pass by, and both halves are shuffled.

Input (B, H, W, C) -> {"stride_2": (B, H/2, W/2, 24), "stride_4": 24, "stride_8": 116, "stride_16": 232,
"stride_32": (B, H/32, W/32, 1024)}, the channels of the 1× variant. A stem with pooling, three stages
of units (Fig. 3 c and d), and a 1×1 convolution.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from zoo.layers.convolution import conv_norm

STEM_WIDTH = 24


@keras.saving.register_keras_serializable(package="kerazoo")
class ChannelHalf(keras.layers.Layer):
    """Return the first or second half of the channels: (B, H, W, C) -> (B, H, W, C / 2)."""

    def __init__(self, second: bool, **layer_arguments: Any):
        super().__init__(**layer_arguments)
        self.second = second

    def call(self, x):
        half = x.shape[-1] // 2
        return x[..., half:] if self.second else x[..., :half]

    def compute_output_shape(self, input_shape):
        return *input_shape[:-1], input_shape[-1] // 2

    def get_config(self):
        return super().get_config() | {"second": self.second}


@keras.saving.register_keras_serializable(package="kerazoo")
class ChannelShuffle(keras.layers.Layer):
    """Take the channels of both halves in turn, first the first of each (1707.01083 §3.1).

    >>> ChannelShuffle()(ops.reshape(ops.arange(6), (1, 1, 1, 6)))[0, 0, 0].numpy().tolist()
    [0, 3, 1, 4, 2, 5]
    """

    def call(self, x):
        halves = ops.split(x, 2, axis=-1)
        return ops.reshape(ops.stack(halves, axis=-1), ops.shape(x))  # (B, H, W, C / 2, 2) before

    def compute_output_shape(self, input_shape):
        return input_shape


def _unit(
    x: keras.KerasTensor, filters: int, *, strides: int, name: str, **norm: str | float
) -> keras.KerasTensor:
    """Return (B, H/s, W/s, filters), the half of which is what entered, if it has no stride."""
    half, active = filters // 2, {"activation": "relu", **norm}
    if strides == 1:
        passed = ChannelHalf(False, name=f"{name}_passed")(x)
        y = ChannelHalf(True, name=f"{name}_taken")(x)
    else:
        channels, spatial = x.shape[-1], {"strides": strides, **norm}
        passed = conv_norm(x, channels, groups=channels, name=f"{name}_passed1", **spatial)
        passed = conv_norm(passed, half, 1, name=f"{name}_passed2", **active)
        y = x
    y = conv_norm(y, half, 1, name=f"{name}_1", **active)
    y = conv_norm(y, half, strides=strides, groups=half, name=f"{name}_2", **norm)
    y = conv_norm(y, half, 1, name=f"{name}_3", **active)
    joined = keras.layers.Concatenate(name=f"{name}_join")([passed, y])
    return ChannelShuffle(name=f"{name}_shuffle")(joined)


def shufflenet_v2(
    *,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    depths: Sequence[int] = (4, 8, 4),
    widths: Sequence[int] = (116, 232, 464),
    last_width: int = 1024,
    stem: str = "standard",
    padding: str = "symmetric",
    norm_epsilon: float = 1e-5,
) -> keras.Model:
    """Build the backbone.

    Args:
        input_shape: (H, W, C); H and W may be None.
        depths: units of each stage; the first has the stride.
        widths: their channels, each even.
        last_width: channels of the last convolution.
        stem: "standard" (stride 32 in all) or "small" (no stride and no pooling: 8, for images of 28
            to 64 pixels).
        padding: "symmetric" as PyTorch's weights need it, or "same".
        norm_epsilon: of the normalization.

    Returns:
        Model from (B, H, W, C) to the stem, the pooling and each stage by its stride; the deepest is
        the last convolution.

    >>> shufflenet_v2(input_shape=(64, 64, 3)).output["stride_8"].shape
    (None, 8, 8, 116)
    """
    if stem not in ("standard", "small"):
        raise ValueError(f"stem must be standard or small, not {stem!r}")
    if len(depths) != len(widths) or any(width % 2 for width in widths):
        raise ValueError("depths and widths must be of equally many stages, and widths even")
    norm = {"padding": padding, "epsilon": norm_epsilon}
    active, stride = {"activation": "relu", **norm}, 1 if stem == "small" else 2
    image = keras.Input(input_shape, name="image")
    x = conv_norm(image, STEM_WIDTH, strides=stride, name="stem", **active)
    features = {f"stride_{stride}": x}
    if stem == "standard":
        padded = keras.layers.ZeroPadding2D(1, name="stem_pool_pad")(x)  # all values are >= 0
        x = features["stride_4"] = keras.layers.MaxPooling2D(3, 2, name="stem_pool")(padded)
        stride = 4
    for stage, (depth, width) in enumerate(zip(depths, widths, strict=True), start=1):
        for number in range(1, depth + 1):
            strides, name = 2 if number == 1 else 1, f"stage{stage}_block{number}"
            x = _unit(x, width, strides=strides, name=name, **norm)
        stride *= 2
        features[f"stride_{stride}"] = x  # (B, H/s, W/s, width)
    features[f"stride_{stride}"] = conv_norm(x, last_width, 1, name="last", **active)
    return keras.Model(image, features, name="backbone")
