"""DenseNet: each layer takes what all layers before it gave (1608.06993 Tab. 1).

Input (B, H, W, C) -> {"stride_2": (B, H/2, W/2, 2k), "stride_4", "stride_8", "stride_16", "stride_32":
(B, H/32, W/32, width)} with k, the growth. A stem, then stages of layers that each add k channels to
their input; between stages a transition halves channels and positions (DenseNet-BC). `stem="small"`
with three stages is the form for CIFAR (§3 and Tab. 2).
"""

from collections.abc import Sequence

import keras

from zoo.layers.convolution import batch_norm, conv_norm, convolution

BOTTLENECK = 4  # width of a layer's 1×1 convolution over the growth (§3)


def _stem(x: keras.KerasTensor, width: int, kind: str) -> tuple[keras.KerasTensor, int]:
    """Return the feature before pooling, and its stride."""
    if kind == "small":  # every layer begins with normalization, so the stem needs none
        return convolution(x, width, 3, name="stem_conv"), 1
    if kind != "standard":
        raise ValueError(f"stem must be standard or small, not {kind!r}")
    return conv_norm(x, width, 7, strides=2, activation="relu", name="stem"), 2


def _norm_relu_conv(
    x: keras.KerasTensor, filters: int, kernel_size: int, *, name: str
) -> keras.KerasTensor:
    x = batch_norm(x, name=f"{name}_norm")
    x = keras.layers.Activation("relu", name=f"{name}_act")(x)
    return convolution(x, filters, kernel_size, name=f"{name}_conv")


def _stage(
    x: keras.KerasTensor, depth: int, *, growth: int, dropout_rate: float, name: str
) -> keras.KerasTensor:
    for index in range(1, depth + 1):
        layer = f"{name}_layer{index}"
        new = _norm_relu_conv(x, BOTTLENECK * growth, 1, name=f"{layer}_1")
        new = _norm_relu_conv(new, growth, 3, name=f"{layer}_2")
        if dropout_rate:
            new = keras.layers.Dropout(dropout_rate, name=f"{layer}_drop")(new)
        x = keras.layers.Concatenate(name=f"{layer}_concat")([x, new])
    return x


def densenet(
    *,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    depths: Sequence[int] = (6, 12, 24, 16),
    growth: int = 32,
    compression: float = 0.5,
    stem: str = "standard",
    dropout_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone.

    Args:
        input_shape: (H, W, C); H and W may be None.
        depths: layers of each stage; each has a 1×1 and a 3×3 convolution.
        growth: channels that a layer adds.
        compression: channels after a transition over those before it, (0, 1].
        stem: "standard" (7×7, stride 4 with pooling) or "small" (3×3, stride 1, for images of 28 to
            64 pixels).
        dropout_rate: of what each layer adds, [0, 1); the paper has 0.2 where data is not augmented.

    Returns:
        Model from (B, H, W, C) to the output of the standard stem and of each stage by its stride; the
        last one is normalized.

    Raises:
        ValueError: another stem, or a compression out of range.

    >>> densenet(input_shape=(32, 32, 3), depths=(1, 2), growth=4, stem="small").output["stride_2"].shape
    (None, 16, 16, 14)
    """
    if not 0 < compression <= 1:
        raise ValueError(f"compression must be above 0 and at most 1, not {compression}")
    image = keras.Input(input_shape, name="image")
    x, stride = _stem(image, 2 * growth, stem)
    features = {}
    if stem == "standard":
        features["stride_2"] = x
        x = keras.layers.ZeroPadding2D(1, name="stem_pool_pad")(x)  # all values are >= 0
        x = keras.layers.MaxPooling2D(3, 2, name="stem_pool")(x)
        stride = 4
    for stage, depth in enumerate(depths, start=1):
        if stage > 1:
            name, width = f"transition{stage - 1}", int(x.shape[-1] * compression)
            x = _norm_relu_conv(x, width, 1, name=name)
            x = keras.layers.AveragePooling2D(2, name=f"{name}_pool")(x)
            stride *= 2
        x = _stage(x, depth, growth=growth, dropout_rate=dropout_rate, name=f"stage{stage}")
        if stage == len(depths):
            x = batch_norm(x, name="final_norm")
            x = keras.layers.Activation("relu", name="final_act")(x)
        features[f"stride_{stride}"] = x  # (B, H/s, W/s, width)
    return keras.Model(image, features, name="backbone")
