"""PoolFormer (2111.11418): a transformer whose attention is replaced by average pooling.

Input (B, H, W, C) -> {"stride_4": (B, H/4, W/4, 64), "stride_8", "stride_16", "stride_32":
(B, H/32, W/32, 512), "pooled": (B, 512)}. Four stages of blocks (Fig. 2): pooling over 3×3 places minus
the place itself, then a feed-forward pair, each normalized over the whole map before and scaled after.
"pooled" is the normalized mean over the positions.
"""

from collections.abc import Sequence

import keras

from zoo.layers.convolution import convolution
from zoo.layers.feed_forward import feed_forward
from zoo.layers.normalization import normalization_layer
from zoo.layers.transformer_block import added

EXPANSION = 4  # of the feed-forward pair
POOL = 3


def _stem(image: keras.KerasTensor, width: int, kind: str) -> keras.KerasTensor:
    if kind == "small":  # nothing is thrown away before the first stage
        return convolution(image, width, 3, use_bias=True, name="stem")
    if kind != "standard":
        raise ValueError(f"stem must be standard or small, not {kind!r}")
    x = keras.layers.ZeroPadding2D(2, name="stem_pad")(image)
    return convolution(x, width, 7, strides=4, padding="valid", use_bias=True, name="stem")


def _norm(x: keras.KerasTensor, *, name: str) -> keras.KerasTensor:
    return keras.layers.GroupNormalization(groups=1, epsilon=1e-5, name=name)(x)


def _block(
    x: keras.KerasTensor, *, layer_scale: float, rate: float, name: str
) -> keras.KerasTensor:
    layers, kind = keras.layers, {"layer_scale": layer_scale, "rate": rate}
    y = _norm(x, name=f"{name}_norm1")
    mean = layers.AveragePooling2D(POOL, 1, padding="same", name=f"{name}_pool")(y)
    y = layers.Subtract(name=f"{name}_difference")([mean, y])  # the residual adds it again (Eq. 4)
    x = added(x, y, **kind, name=f"{name}_1")
    y = _norm(x, name=f"{name}_norm2")
    y = feed_forward(y, EXPANSION * x.shape[-1], name=f"{name}_mlp")
    return added(x, y, **kind, name=f"{name}_2")


def poolformer(
    *,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    depths: Sequence[int] = (2, 2, 6, 2),
    widths: Sequence[int] = (64, 128, 320, 512),
    layer_scale: float = 1e-5,
    stem: str = "standard",
    stochastic_depth_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone; the defaults are PoolFormer-S12.

    Args:
        input_shape: (H, W, C); H and W may be None.
        depths: blocks of each stage.
        widths: channels of each stage.
        layer_scale: what the factors at the end of each branch start at; 0 has none.
        stem: "standard" (7×7, stride 4) or "small" (3×3, stride 1, for images of 28 to 64 pixels).
        stochastic_depth_rate: of the last block, growing linearly from 0, [0, 1).

    Returns:
        Model from (B, H, W, C) to the output of each stage by its stride, and "pooled" (B, width).

    Raises:
        ValueError: another stem, or not one width for each stage.

    >>> poolformer(input_shape=(32, 32, 3), depths=(1, 1), widths=(8, 16)).output["stride_8"].shape
    (None, 4, 4, 16)
    """
    if len(depths) != len(widths):
        raise ValueError(f"{len(depths)} depths and {len(widths)} widths: each stage needs both")
    image = keras.Input(input_shape, name="image")
    x = _stem(image, widths[0], stem)  # (B, H/4, W/4, width)
    features: dict[str, keras.KerasTensor] = {}
    total, index, stride = sum(depths), 0, 1 if stem == "small" else 4
    for stage, (depth, width) in enumerate(zip(depths, widths, strict=True), start=1):
        if stage > 1:
            x = convolution(x, width, 3, strides=2, use_bias=True, name=f"stage{stage}_down")
            stride *= 2
        for block in range(1, depth + 1):
            rate = stochastic_depth_rate * index / max(total - 1, 1)
            index += 1
            x = _block(x, layer_scale=layer_scale, rate=rate, name=f"stage{stage}_block{block}")
        features[f"stride_{stride}"] = x  # (B, H/s, W/s, width)
    pooled = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    features["pooled"] = normalization_layer("layer", name="pool_norm")(pooled)  # (B, width)
    return keras.Model(image, features, name="backbone")
