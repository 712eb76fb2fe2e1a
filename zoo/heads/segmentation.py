"""A class for each pixel, from the features of any backbone with several strides.

Axes B, H (height), W (width), C channels, K classes. Each head takes features from fine to coarse and
gives logits of the input's size; the names of its layers begin with "head_".
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras

from zoo.errors import ArgumentError
from zoo.layers.convolution import convolution
from zoo.layers.normalization import normalization_layer
from zoo.layers.resize_map import ResizeMap

NARROWEST, WIDEST = 8, 256  # channels of a U-Net's decoder
LATERAL = 128  # channels of the pyramid, as in the segmentation branch of 1901.02446 §3
ASPP, LOW_LEVEL = 128, 48  # channels of 1802.02611; 256 there, for wider backbones
RATES = (1, 2, 3)  # of dilation, on features of stride 32; 6, 12 and 18 on those of stride 16 there
LEAST_FEATURES = 2


def segmentation_head(
    features: Mapping[str, Any],
    num_classes: int,
    *,
    size: tuple[int, int],
    head: str = "unet",
    normalization: str = "batch",
    dropout_rate: float = 0.0,
) -> keras.KerasTensor:
    """Map the features of a backbone to logits of each pixel.

    Args:
        features: named tensors of a backbone; of those with positions, (B, h, w, C), the deepest of
            each size is taken.
        num_classes: K.
        size: (H, W) of the input.
        head: "unet" (1505.04597), "fpn" (1901.02446 §3) or "deeplab_v3_plus" (1802.02611).
        normalization: of the head: "batch", or "group" for batches of few images.
        dropout_rate: before the logits, [0, 1).

    Returns:
        float32 logits, (B, H, W, K).

    Raises:
        ArgumentError: the features have fewer than two sizes.

    >>> fine, coarse = keras.Input((8, 8, 4)), keras.Input((4, 4, 6))
    >>> segmentation_head({"stride_1": fine, "stride_2": coarse}, 3, size=(8, 8)).shape
    (None, 8, 8, 3)
    """
    pyramid = by_size(features)
    if len(pyramid) < LEAST_FEATURES:
        raise ArgumentError(
            f"This backbone gives features of {len(pyramid)} size(s): {', '.join(features)}.",
            expected=f"features of {LEAST_FEATURES} strides or more",
            fix="choose a convolutional network or a Swin transformer; zoo list --task "
            "image_segmentation shows them",
        )
    x = HEADS[head](pyramid, normalization)
    if dropout_rate:
        x = keras.layers.SpatialDropout2D(dropout_rate, name="head_dropout")(x)
    x = keras.layers.Conv2D(num_classes, 1, dtype="float32", name="head_logits")(x)
    return resized(x, size, name="head_full_size")


def by_size(features: Mapping[str, Any]) -> list[Any]:
    """Return the last feature of each height and width, the finest first."""
    sizes: dict[tuple[int, int], Any] = {}
    for tensor in features.values():
        if len(tensor.shape) == 4 and None not in tensor.shape[1:3]:
            sizes[tuple(tensor.shape[1:3])] = tensor
    return [sizes[size] for size in sorted(sizes, reverse=True)]


def unet(pyramid: Sequence[Any], normalization: str) -> Any:
    """Go up from the coarsest feature: enlarge, join the next one, convolve twice."""
    x = pyramid[-1]
    for level in reversed(range(len(pyramid) - 1)):
        finer = pyramid[level]
        width = min(WIDEST, max(NARROWEST, finer.shape[-1]))
        x = resized(x, finer.shape[1:3], name=f"head_up{level}")
        x = keras.layers.Concatenate(name=f"head_join{level}")([finer, x])
        for step in (1, 2):
            x = _block(x, width, normalization, name=f"head_level{level}_{step}")
    return x


def fpn(pyramid: Sequence[Any], normalization: str) -> Any:
    """Add coarse features to finer ones, and sum all of them at the finest size."""
    merged, x = [], None
    for level in reversed(range(len(pyramid))):
        side = convolution(pyramid[level], LATERAL, 1, use_bias=True, name=f"head_lateral{level}")
        if x is not None:
            x = resized(x, side.shape[1:3], name=f"head_up{level}")
            side = keras.layers.Add(name=f"head_add{level}")([side, x])
        x = side
        merged.append(_block(x, LATERAL, normalization, name=f"head_level{level}"))
    finest = pyramid[0].shape[1:3]
    same = [resized(x, finest, name=f"head_to_finest{i}") for i, x in enumerate(merged)]
    return keras.layers.Add(name="head_sum")(same)


def deeplab_v3_plus(pyramid: Sequence[Any], normalization: str) -> Any:
    """Look at the coarsest feature at several rates and as a whole, then join a fine one."""
    coarse, low = pyramid[-1], pyramid[min(1, len(pyramid) - 2)]
    views = [_block(coarse, ASPP, normalization, 1, name="head_rate0")]
    for rate in RATES:
        views.append(_block(coarse, ASPP, normalization, dilation=rate, name=f"head_rate{rate}"))
    whole = keras.layers.GlobalAveragePooling2D(keepdims=True, name="head_whole")(coarse)
    whole = keras.layers.Conv2D(ASPP, 1, activation="relu", name="head_whole_conv")(whole)
    views.append(resized(whole, coarse.shape[1:3], name="head_whole_up"))
    x = keras.layers.Concatenate(name="head_views")(views)
    x = _block(x, ASPP, normalization, 1, name="head_views_conv")
    x = resized(x, low.shape[1:3], name="head_up")
    low = _block(low, LOW_LEVEL, normalization, 1, name="head_low")
    x = keras.layers.Concatenate(name="head_join")([x, low])
    for step in (1, 2):
        x = _block(x, ASPP, normalization, name=f"head_decoder{step}")
    return x


def resized(x: Any, size: Sequence[int], *, name: str) -> Any:
    """Return a feature at a size, (h, w); one of that size stays as it is."""
    size = tuple(size)
    return x if tuple(x.shape[1:3]) == size else ResizeMap(size, name=name)(x)


def _block(
    x: Any,
    filters: int,
    normalization: str,
    kernel_size: int = 3,
    *,
    dilation: int = 1,
    name: str,
) -> Any:
    x = convolution(x, filters, kernel_size, dilation=dilation, name=f"{name}_conv")
    x = normalization_layer(normalization, name=f"{name}_norm")(x)
    return keras.layers.ReLU(name=f"{name}_act")(x)


HEADS: Mapping[str, Callable[[Sequence[Any], str], Any]] = {
    "unet": unet,
    "fpn": fpn,
    "deeplab_v3_plus": deeplab_v3_plus,
}
