"""SqueezeNet: few 1×1 channels squeeze what 1×1 and 3×3 convolutions then expand (1602.07360 Tab. 1).

Input (B, H, W, C) -> {"stride_2": (B, H/2, W/2, 96), "stride_4", "stride_8", "stride_16": (B, H/16,
W/16, 512)}. A stem, then fire modules. Version 1.0 is the paper's; 1.1 (its repository's) has a smaller
stem and pools earlier, for 2.4 times fewer multiply-adds. The stem is not padded, and poolings keep a
last window that is cut off, so sizes are up to three positions below H over the stride.

The paper applies ReLU to the map of each class before its mean. Here a head takes the mean of the
features, then one dense layer: a 1×1 convolution and a mean could change places, but for the ReLU.
"""

from collections.abc import Sequence

import keras

from zoo.layers.convolution import convolution


def _conv_relu(
    x: keras.KerasTensor, filters: int, kernel_size: int, *, name: str, **values: int | str
) -> keras.KerasTensor:
    x = convolution(x, filters, kernel_size, use_bias=True, name=f"{name}_conv", **values)
    return keras.layers.Activation("relu", name=f"{name}_act")(x)


def _fire(x: keras.KerasTensor, squeezed: int, expanded: int, *, name: str) -> keras.KerasTensor:
    """Return (B, H, W, 2 · expanded)."""
    x = _conv_relu(x, squeezed, 1, name=f"{name}_squeeze")
    narrow = _conv_relu(x, expanded, 1, name=f"{name}_expand1")
    wide = _conv_relu(x, expanded, 3, name=f"{name}_expand3")
    return keras.layers.Concatenate(name=f"{name}_concat")([narrow, wide])


def _pool(x: keras.KerasTensor, *, name: str) -> keras.KerasTensor:
    """Pool 3×3 with stride 2; the last window may reach over the edge (all values are >= 0)."""
    x = keras.layers.ZeroPadding2D(((0, 1), (0, 1)), name=f"{name}_pad")(x)
    return keras.layers.MaxPooling2D(3, 2, name=name)(x)


def squeezenet(
    *,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    depths: Sequence[int] = (3, 4, 1),
    squeezed: Sequence[int] = (16, 16, 32, 32, 48, 48, 64, 64),
    expansion: int = 4,
    stem_width: int = 96,
    stem_kernel: int = 7,
    stem: str = "standard",
) -> keras.Model:
    """Build the backbone.

    Args:
        input_shape: (H, W, C); H and W may be None.
        depths: fire modules of each stage; a pooling of stride 2 is before each stage.
        squeezed: channels that each fire module squeezes to.
        expansion: channels of each of its two expanding convolutions over those.
        stem_width: channels of the stem.
        stem_kernel: its size.
        stem: "standard" (stride 2, not padded) or "small" (padded, stride 1 and without the first
            pooling, for images of 28 to 64 pixels).

    Returns:
        Model from (B, H, W, C) to the output of the standard stem and of each stage by its stride.

    Raises:
        ValueError: another stem, or widths that do not belong to the depths.

    >>> squeezenet(depths=(1, 1), squeezed=(4, 8)).output["stride_8"].shape
    (None, 27, 27, 64)
    """
    if len(squeezed) != sum(depths):
        raise ValueError(f"squeezed has {len(squeezed)} widths of {sum(depths)} fire modules")
    if stem not in ("standard", "small"):
        raise ValueError(f"stem must be standard or small, not {stem!r}")
    image = keras.Input(input_shape, name="image")
    features, number = {}, 0
    if stem == "standard":
        x = _conv_relu(image, stem_width, stem_kernel, strides=2, padding="valid", name="stem")
        features["stride_2"], stride = x, 2
    else:
        x, stride = _conv_relu(image, stem_width, stem_kernel, name="stem"), 1
    for stage, depth in enumerate(depths, start=1):
        if stage > 1 or stem == "standard":
            x = _pool(x, name=f"stage{stage}_pool")
            stride *= 2
        for index in range(1, depth + 1):
            width = squeezed[number]
            x = _fire(x, width, expansion * width, name=f"stage{stage}_fire{index}")
            number += 1
        features[f"stride_{stride}"] = x  # (B, H/s, W/s, 2 · expansion · width)
    return keras.Model(image, features, name="backbone")
