"""ConvNeXt (2201.03545): a convolutional network with the proportions of a Swin Transformer.

Input (B, H, W, C) -> {"stride_4": (B, H/4, W/4, 96), "stride_8", "stride_16", "stride_32":
(B, H/32, W/32, 768), "pooled": (B, 768)}. Patches of 4×4 pixels, then four stages of residual blocks
(Fig. 4): a depthwise 7×7 convolution, LayerNorm, and a feed-forward pair of four times the width.
Patches of 2×2 positions lead from stage to stage. "pooled" is the normalized mean over the positions.
`response_norm` makes ConvNeXt V2 (2301.00808): normalization by the image's response in place of
LayerScale.
"""

from collections.abc import Sequence

import keras

from zoo.layers.feed_forward import INITIALIZER, feed_forward
from zoo.layers.layer_scale import LayerScale
from zoo.layers.normalization import normalization_layer
from zoo.layers.patch_embedding import patch_embedding
from zoo.layers.response_norm import GlobalResponseNorm
from zoo.layers.stochastic_depth import StochasticDepth

PATCHES = {"standard": 4, "small": 1}  # pixels on a side, by the kind of stem
EXPANSION = 4  # of the feed-forward pair
KERNEL = 7


def _norm(x: keras.KerasTensor, *, name: str) -> keras.KerasTensor:
    return normalization_layer("layer", name=name)(x)


def _block(
    x: keras.KerasTensor, *, layer_scale: float, response_norm: bool, rate: float, name: str
) -> keras.KerasTensor:
    y = keras.layers.DepthwiseConv2D(
        KERNEL, padding="same", depthwise_initializer=INITIALIZER, name=f"{name}_conv"
    )(x)
    y = _norm(y, name=f"{name}_norm")
    between = GlobalResponseNorm(name=f"{name}_response") if response_norm else None
    y = feed_forward(y, EXPANSION * x.shape[-1], between=between, name=f"{name}_mlp")
    if layer_scale:
        y = LayerScale(layer_scale, name=f"{name}_scale")(y)
    if rate:
        y = StochasticDepth(rate, name=f"{name}_drop")(y)
    return keras.layers.Add(name=f"{name}_add")([x, y])


def convnext(
    *,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    depths: Sequence[int] = (3, 3, 9, 3),
    widths: Sequence[int] = (96, 192, 384, 768),
    layer_scale: float = 1e-6,
    response_norm: bool = False,
    stem: str = "standard",
    stochastic_depth_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone; the defaults are ConvNeXt-T.

    Args:
        input_shape: (H, W, C); H and W may be None.
        depths: blocks of each stage.
        widths: channels of each stage.
        layer_scale: what the factors at the end of each branch start at; 0 has none.
        response_norm: between the dense layers of each block.
        stem: "standard" (patches of 4×4 pixels) or "small" (of one pixel, for images of 28 to 64).
        stochastic_depth_rate: of the last block, growing linearly from 0, [0, 1).

    Returns:
        Model from (B, H, W, C) to the output of each stage by its stride, and "pooled" (B, width).

    Raises:
        ValueError: another stem, or not one width for each stage.

    >>> convnext(input_shape=(32, 32, 3), depths=(1, 1), widths=(8, 16)).output["stride_8"].shape
    (None, 4, 4, 16)
    """
    if stem not in PATCHES:
        raise ValueError(f"stem must be standard or small, not {stem!r}")
    if len(depths) != len(widths):
        raise ValueError(f"{len(depths)} depths and {len(widths)} widths: each stage needs both")
    image = keras.Input(input_shape, name="image")
    stride = PATCHES[stem]
    x = patch_embedding(image, widths[0], stride, name="stem")
    x = _norm(x, name="stem_norm")  # (B, H/4, W/4, width)
    features: dict[str, keras.KerasTensor] = {}
    total, index = sum(depths), 0
    for stage, (depth, width) in enumerate(zip(depths, widths, strict=True), start=1):
        if stage > 1:
            x = _norm(x, name=f"stage{stage}_down_norm")
            x = patch_embedding(x, width, 2, name=f"stage{stage}_down")
            stride *= 2
        for block in range(1, depth + 1):
            rate = stochastic_depth_rate * index / max(total - 1, 1)
            index += 1
            name = f"stage{stage}_block{block}"
            kind = {"layer_scale": layer_scale, "response_norm": response_norm}
            x = _block(x, **kind, rate=rate, name=name)
        features[f"stride_{stride}"] = x  # (B, H/s, W/s, width)
    pooled = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    features["pooled"] = _norm(pooled, name="pool_norm")  # (B, width)
    return keras.Model(image, features, name="backbone")
