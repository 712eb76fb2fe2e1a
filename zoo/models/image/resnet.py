"""Residual networks for photographs (1512.03385 Tab. 1), and what became of them.

Input (B, H, W, C) -> {"stride_2": (B, H/2, W/2, 64), "stride_4", "stride_8", "stride_16", "stride_32":
(B, H/32, W/32, width)}. A stem, then four stages of residual blocks: basic ones in ResNet-18 and 34,
bottlenecks in the others, with the stride on the 3×3 convolution (torchvision's form, "v1.5").
`stem="deep"` makes ResNet-D (1812.01187 §4), `groups` ResNeXt (1611.05431), `width_per_group` Wide
ResNet-50-2 (1605.07146), `squeeze_ratio` SE-ResNet (1709.01507).
"""

from collections.abc import Sequence

import keras

from zoo.layers.convolution import conv_norm
from zoo.layers.squeeze_excite import squeeze_excite
from zoo.layers.stochastic_depth import StochasticDepth

STEM_WIDTH = 64
EXPANSION = 4  # of a bottleneck's output over its width


def _stem(x: keras.KerasTensor, kind: str) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Return the feature before pooling, and what the first stage takes."""
    if kind == "small":  # as for CIFAR: nothing is thrown away before the first stage
        x = conv_norm(x, STEM_WIDTH, 3, activation="relu", name="stem")
        return x, x
    if kind == "deep":
        x = conv_norm(x, STEM_WIDTH // 2, 3, strides=2, activation="relu", name="stem1")
        x = conv_norm(x, STEM_WIDTH // 2, 3, activation="relu", name="stem2")
        x = conv_norm(x, STEM_WIDTH, 3, activation="relu", name="stem3")
    elif kind == "standard":
        x = conv_norm(x, STEM_WIDTH, 7, strides=2, activation="relu", name="stem")
    else:
        raise ValueError(f"stem must be standard, deep or small, not {kind!r}")
    padded = keras.layers.ZeroPadding2D(1, name="stem_pool_pad")(x)  # all values are >= 0
    return x, keras.layers.MaxPooling2D(3, 2, name="stem_pool")(padded)


def _shortcut(
    x: keras.KerasTensor, filters: int, *, strides: int, pooled: bool, name: str
) -> keras.KerasTensor:
    if strides == 1 and x.shape[-1] == filters:
        return x
    if pooled and strides > 1:  # ResNet-D: no pixel is left out
        x = keras.layers.AveragePooling2D(strides, padding="same", name=f"{name}_pool")(x)
        strides = 1
    return conv_norm(x, filters, 1, strides=strides, name=name)


def _basic(x: keras.KerasTensor, width: int, *, strides: int, name: str) -> keras.KerasTensor:
    x = conv_norm(x, width, 3, strides=strides, activation="relu", name=f"{name}_1")
    return conv_norm(x, width, 3, zero=True, name=f"{name}_2")


def _bottleneck(
    x: keras.KerasTensor, width: int, *, inner: int, groups: int, strides: int, name: str
) -> keras.KerasTensor:
    x = conv_norm(x, inner, 1, activation="relu", name=f"{name}_1")
    x = conv_norm(x, inner, 3, strides=strides, groups=groups, activation="relu", name=f"{name}_2")
    return conv_norm(x, EXPANSION * width, 1, zero=True, name=f"{name}_3")


def resnet(
    *,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    depths: Sequence[int] = (3, 4, 6, 3),
    bottleneck: bool = True,
    groups: int = 1,
    width_per_group: int = 64,
    squeeze_ratio: float = 0.0,
    stem: str = "standard",
    stochastic_depth_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone.

    Args:
        input_shape: (H, W, C); H and W may be None.
        depths: blocks of each stage.
        bottleneck: blocks of 1×1, 3×3, 1×1 convolutions; False takes two of 3×3.
        groups: of a bottleneck's 3×3 convolution.
        width_per_group: its channels per group in the first stage.
        squeeze_ratio: channels inside squeeze-and-excitation over those of the block; 0 has none.
        stem: "standard" (7×7, stride 4 with pooling), "deep" (ResNet-D, with pooled shortcuts) or
            "small" (3×3, stride 1, for images of 28 to 64 pixels).
        stochastic_depth_rate: of the last block, growing linearly from 0, [0, 1).

    Returns:
        Model from (B, H, W, C) to the output of the stem and of each stage by its stride.

    >>> resnet(input_shape=(32, 32, 3), depths=(1, 1), stem="small").output["stride_2"].shape
    (None, 16, 16, 512)
    """
    image = keras.Input(input_shape, name="image")
    before, x = _stem(image, stem)
    stride = 1 if stem == "small" else 4
    features = {} if stem == "small" else {"stride_2": before}
    total, index = sum(depths), 0
    for stage, depth in enumerate(depths, start=1):
        width = STEM_WIDTH * 2 ** (stage - 1)
        for block in range(1, depth + 1):
            index += 1
            name = f"stage{stage}_block{block}"
            strides = 2 if stage > 1 and block == 1 else 1
            filters = EXPANSION * width if bottleneck else width
            shortcut = _shortcut(
                x, filters, strides=strides, pooled=stem == "deep", name=f"{name}_shortcut"
            )
            if bottleneck:
                inner = width * width_per_group // 64 * groups
                x = _bottleneck(x, width, inner=inner, groups=groups, strides=strides, name=name)
            else:
                x = _basic(x, width, strides=strides, name=name)
            if squeeze_ratio:
                x = squeeze_excite(x, round(filters * squeeze_ratio), name=f"{name}_se")
            rate = stochastic_depth_rate * index / total
            if rate:
                x = StochasticDepth(rate, name=f"{name}_drop")(x)
            x = keras.layers.Add(name=f"{name}_add")([shortcut, x])
            x = keras.layers.Activation("relu", name=f"{name}_act")(x)
        stride *= 2 if stage > 1 else 1
        features[f"stride_{stride}"] = x  # (B, H/s, W/s, filters)
    return keras.Model(image, features, name="backbone")
