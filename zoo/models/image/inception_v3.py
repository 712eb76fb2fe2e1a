"""Inception-v3: blocks of parallel convolutions, large ones factorized (1512.00567 Tab. 1).

Input (B, H, W, C) -> {"stride_2", "stride_4", "stride_8", "stride_16", "stride_32"}; of a 299×299 image
(B, 147, 147, 64), (B, 71, 71, 192), (B, 35, 35, 288), (B, 17, 17, 768) and (B, 8, 8, 2048). Convolutions
with a stride, and some of the stem, are not padded, so sizes are up to four positions below H over the
stride. The stages have blocks with 5×5 and twice 3×3 convolutions (Fig. 5), with 1×7 and 7×1 (Fig. 6)
and with 1×3 beside 3×1 (Fig. 7). The auxiliary classifier, of use in training only, is left out.
"""

from collections.abc import Callable, Sequence

import keras

from zoo.layers.convolution import conv_norm

EPSILON = 1e-3
Layer = Callable[..., keras.KerasTensor]


def _convolutions(multiplier: float) -> Layer:
    """Return what convolves, normalizes and applies ReLU, with channels times the multiplier."""

    def layer(x, filters, kernel_size, *, name, strides=1, padding="symmetric"):
        return conv_norm(
            x,
            max(1, int(filters * multiplier)),
            kernel_size,
            strides=strides,
            padding=padding,
            activation="relu",
            epsilon=EPSILON,
            name=name,
        )

    return layer


def _concat(parts: Sequence[keras.KerasTensor], name: str) -> keras.KerasTensor:
    return keras.layers.Concatenate(name=f"{name}_concat")(list(parts))


def _averaged(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """Average 3×3 windows; the zeros around the image count, as in PyTorch."""
    x = keras.layers.ZeroPadding2D(1, name=f"{name}_avg_pad")(x)
    return keras.layers.AveragePooling2D(3, 1, name=f"{name}_avg")(x)


def _block_35(x: keras.KerasTensor, conv: Layer, pool_width: int, name: str) -> keras.KerasTensor:
    """Fig. 5: 1×1, 5×5, twice 3×3, pooling."""
    one = conv(x, 64, 1, name=f"{name}_branch1x1")
    five = conv(x, 48, 1, name=f"{name}_branch5x5_1")
    five = conv(five, 64, 5, name=f"{name}_branch5x5_2")
    three = conv(x, 64, 1, name=f"{name}_branch3x3dbl_1")
    three = conv(three, 96, 3, name=f"{name}_branch3x3dbl_2")
    three = conv(three, 96, 3, name=f"{name}_branch3x3dbl_3")
    pool = conv(_averaged(x, name), pool_width, 1, name=f"{name}_branch_pool")
    return _concat([one, five, three, pool], name)


def _reduction_17(x: keras.KerasTensor, conv: Layer, name: str) -> keras.KerasTensor:
    one = conv(x, 384, 3, strides=2, padding="valid", name=f"{name}_branch3x3")
    three = conv(x, 64, 1, name=f"{name}_branch3x3dbl_1")
    three = conv(three, 96, 3, name=f"{name}_branch3x3dbl_2")
    three = conv(three, 96, 3, strides=2, padding="valid", name=f"{name}_branch3x3dbl_3")
    pool = keras.layers.MaxPooling2D(3, 2, name=f"{name}_pool")(x)
    return _concat([one, three, pool], name)


def _block_17(x: keras.KerasTensor, conv: Layer, width: int, name: str) -> keras.KerasTensor:
    """Fig. 6 with n = 7: 1×1, factorized 7×7 once and twice, pooling."""
    one = conv(x, 192, 1, name=f"{name}_branch1x1")
    once = conv(x, width, 1, name=f"{name}_branch7x7_1")
    once = conv(once, width, (1, 7), name=f"{name}_branch7x7_2")
    once = conv(once, 192, (7, 1), name=f"{name}_branch7x7_3")
    twice = conv(x, width, 1, name=f"{name}_branch7x7dbl_1")
    twice = conv(twice, width, (7, 1), name=f"{name}_branch7x7dbl_2")
    twice = conv(twice, width, (1, 7), name=f"{name}_branch7x7dbl_3")
    twice = conv(twice, width, (7, 1), name=f"{name}_branch7x7dbl_4")
    twice = conv(twice, 192, (1, 7), name=f"{name}_branch7x7dbl_5")
    pool = conv(_averaged(x, name), 192, 1, name=f"{name}_branch_pool")
    return _concat([one, once, twice, pool], name)


def _reduction_8(x: keras.KerasTensor, conv: Layer, name: str) -> keras.KerasTensor:
    three = conv(x, 192, 1, name=f"{name}_branch3x3_1")
    three = conv(three, 320, 3, strides=2, padding="valid", name=f"{name}_branch3x3_2")
    seven = conv(x, 192, 1, name=f"{name}_branch7x7x3_1")
    seven = conv(seven, 192, (1, 7), name=f"{name}_branch7x7x3_2")
    seven = conv(seven, 192, (7, 1), name=f"{name}_branch7x7x3_3")
    seven = conv(seven, 192, 3, strides=2, padding="valid", name=f"{name}_branch7x7x3_4")
    pool = keras.layers.MaxPooling2D(3, 2, name=f"{name}_pool")(x)
    return _concat([three, seven, pool], name)


def _block_8(x: keras.KerasTensor, conv: Layer, name: str) -> keras.KerasTensor:
    """Fig. 7: the last convolutions stand side by side, 1×3 and 3×1."""
    one = conv(x, 320, 1, name=f"{name}_branch1x1")
    three = conv(x, 384, 1, name=f"{name}_branch3x3_1")
    twice = conv(x, 448, 1, name=f"{name}_branch3x3dbl_1")
    twice = conv(twice, 384, 3, name=f"{name}_branch3x3dbl_2")
    parts = [one]
    for branch, y in ((f"{name}_branch3x3_2", three), (f"{name}_branch3x3dbl_3", twice)):
        parts.append(conv(y, 384, (1, 3), name=f"{branch}a"))
        parts.append(conv(y, 384, (3, 1), name=f"{branch}b"))
    parts.append(conv(_averaged(x, name), 192, 1, name=f"{name}_branch_pool"))
    return _concat(parts, name)


def _stem(
    x: keras.KerasTensor, conv: Layer, kind: str
) -> tuple[keras.KerasTensor, dict[str, keras.KerasTensor]]:
    """Return what the first stage takes, and the features before it."""
    features, small = {}, kind == "small"
    first = {} if small else {"strides": 2, "padding": "valid"}
    unpadded = {} if small else {"padding": "valid"}
    x = conv(x, 32, 3, name="stem1", **first)
    x = conv(x, 32, 3, name="stem2", **unpadded)
    x = conv(x, 64, 3, name="stem3")
    if not small:
        features["stride_2"] = x
        x = keras.layers.MaxPooling2D(3, 2, name="stem3_pool")(x)
    x = conv(x, 80, 1, name="stem4")
    x = conv(x, 192, 3, name="stem5", **unpadded)
    features["stride_1" if small else "stride_4"] = x
    return keras.layers.MaxPooling2D(3, 2, name="stem5_pool")(x), features


def inception_v3(
    *,
    input_shape: tuple[int, int, int] = (299, 299, 3),
    pool_widths: Sequence[int] = (32, 64, 64),
    factorized_widths: Sequence[int] = (128, 160, 160, 192),
    last_depth: int = 2,
    width_multiplier: float = 1.0,
    stem: str = "standard",
) -> keras.Model:
    """Build the backbone.

    Args:
        input_shape: (H, W, C), at least 75 with the standard stem; H and W may be None.
        pool_widths: channels after the pooling of each block of the first stage.
        factorized_widths: channels within the 7×7 convolutions of each block of the second.
        last_depth: blocks of the third.
        width_multiplier: of all channels; 1.0 is the paper's.
        stem: "standard" (stride 8 with both poolings) or "small" (padded, stride 2, for images of 28
            to 64 pixels).

    Returns:
        Model from (B, H, W, C) to the features before the stem's poolings and the output of each stage
        by its stride.

    Raises:
        ValueError: another stem, or too small an image.

    >>> model = inception_v3(input_shape=(32, 32, 3), width_multiplier=0.125, stem="small")
    >>> model.output["stride_8"].shape
    (None, 3, 3, 256)
    """
    if stem not in ("standard", "small"):
        raise ValueError(f"stem must be standard or small, not {stem!r}")
    least = 75 if stem == "standard" else 16
    if any(size is not None and size < least for size in input_shape[:2]):
        raise ValueError(f"an image of {input_shape[:2]} is smaller than {least} pixels")
    image, conv = keras.Input(input_shape, name="image"), _convolutions(width_multiplier)
    x, features = _stem(image, conv, stem)
    stride = 8 if stem == "standard" else 2
    for block, width in enumerate(pool_widths, start=1):
        x = _block_35(x, conv, width, f"stage1_block{block}")
    features[f"stride_{stride}"] = x  # (B, 35, 35, 288)
    x = _reduction_17(x, conv, "stage2_reduction")
    for block, width in enumerate(factorized_widths, start=1):
        x = _block_17(x, conv, width, f"stage2_block{block}")
    features[f"stride_{2 * stride}"] = x  # (B, 17, 17, 768)
    x = _reduction_8(x, conv, "stage3_reduction")
    for block in range(1, last_depth + 1):
        x = _block_8(x, conv, f"stage3_block{block}")
    features[f"stride_{4 * stride}"] = x  # (B, 8, 8, 2048)
    return keras.Model(image, features, name="backbone")
