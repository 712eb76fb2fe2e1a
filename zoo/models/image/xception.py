"""Xception: depthwise separable convolutions with shortcuts (1610.02357 Fig. 5).

Input (B, H, W, C) -> {"stride_2", "stride_4", "stride_8", "stride_16", "stride_32"}; of a 299×299 image
(B, 147, 147, 64), (B, 74, 74, 128), (B, 37, 37, 256), (B, 19, 19, 728) and (B, 10, 10, 2048). An entry
flow of three blocks that halve the size, a middle flow of blocks that keep it, and an exit flow. As in
Keras, where the network was born, the first two convolutions are not padded, and all others with "same".
"""

from collections.abc import Sequence

import keras

from zoo.layers.convolution import batch_norm, conv_norm, convolution

NORM = {"epsilon": 1e-3, "momentum": 0.99}


def _relu(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return keras.layers.Activation("relu", name=f"{name}_act")(x)


def _separable(x: keras.KerasTensor, filters: int, name: str) -> keras.KerasTensor:
    """Convolve each channel 3×3, then all of them 1×1, without ReLU in between (§4.7)."""
    x = convolution(x, x.shape[-1], 3, groups=x.shape[-1], padding="same", name=f"{name}_depthwise")
    x = convolution(x, filters, 1, name=f"{name}_pointwise")
    return batch_norm(x, name=f"{name}_norm", **NORM)


def _reduction(
    x: keras.KerasTensor, widths: Sequence[int], *, active: bool, name: str
) -> keras.KerasTensor:
    """Halve the size; `active` has ReLU before the first convolution too."""
    shortcut = conv_norm(
        x, widths[-1], 1, strides=2, padding="same", name=f"{name}_shortcut", **NORM
    )
    for index, width in enumerate(widths, start=1):
        part = f"{name}_sepconv{index}"
        if active or index > 1:
            x = _relu(x, part)
        x = _separable(x, width, part)
    x = keras.layers.MaxPooling2D(3, 2, padding="same", name=f"{name}_pool")(x)
    return keras.layers.Add(name=f"{name}_add")([x, shortcut])


def _middle(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    shortcut, width = x, x.shape[-1]
    for index in (1, 2, 3):
        part = f"{name}_sepconv{index}"
        x = _separable(_relu(x, part), width, part)
    return keras.layers.Add(name=f"{name}_add")([x, shortcut])


def xception(
    *,
    input_shape: tuple[int, int, int] = (299, 299, 3),
    entry_widths: Sequence[int] = (128, 256, 728),
    middle_depth: int = 8,
    exit_widths: Sequence[int] = (1024, 1536, 2048),
    stem: str = "standard",
) -> keras.Model:
    """Build the backbone.

    Args:
        input_shape: (H, W, C); H and W may be None.
        entry_widths: channels of the blocks of the entry flow.
        middle_depth: blocks of the middle flow, each of three separable convolutions.
        exit_widths: channels of the exit flow: of its block, and of two separable convolutions.
        stem: "standard" (stride 2, not padded) or "small" (padded, stride 1, for images of 28 to 64
            pixels).

    Returns:
        Model from (B, H, W, C) to the output of the stem, the blocks that halve the size, the middle
        flow and the exit flow, by stride.

    Raises:
        ValueError: another stem, or not three exit widths.

    >>> model = xception(input_shape=(32, 32, 3), middle_depth=1, stem="small")
    >>> model.output["stride_16"].shape
    (None, 2, 2, 2048)
    """
    if stem not in ("standard", "small"):
        raise ValueError(f"stem must be standard or small, not {stem!r}")
    if len(exit_widths) != 3:
        raise ValueError(f"the exit flow has 3 widths, not {len(exit_widths)}")
    image = keras.Input(input_shape, name="image")
    stride = 2 if stem == "standard" else 1
    padding = "valid" if stem == "standard" else "same"
    same = {"padding": padding, "activation": "relu", **NORM}
    x = conv_norm(image, 32, 3, strides=stride, name="stem1", **same)
    x = conv_norm(x, 64, 3, name="stem2", **same)
    features = {f"stride_{stride}": x}
    for block, width in enumerate(entry_widths, start=2):  # the stem is the first block
        x = _reduction(x, (width, width), active=block > 2, name=f"block{block}")
        stride *= 2
        features[f"stride_{stride}"] = x  # (B, H/s, W/s, width)
    entry = 1 + len(entry_widths)
    for block in range(entry + 1, entry + middle_depth + 1):
        x = _middle(x, f"block{block}")
    features[f"stride_{stride}"] = x
    last, (first, *others) = entry + middle_depth + 1, exit_widths
    x = _reduction(x, (entry_widths[-1], first), active=True, name=f"block{last}")
    for index, width in enumerate(others, start=1):
        part = f"block{last + 1}_sepconv{index}"
        x = _relu(_separable(x, width, part), part)
    features[f"stride_{2 * stride}"] = x
    return keras.Model(image, features, name="backbone")
