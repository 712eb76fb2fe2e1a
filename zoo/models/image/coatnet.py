"""CoAtNet (2106.04803): convolutions where maps are large, then attention with relative positions.

Input (B, H, W, C) -> {"stride_2": (B, H/2, W/2, 64), "stride_4", "stride_8", "stride_16", "stride_32":
(B, H/32, W/32, 768)}. A stem of two convolutions, two stages of inverted residuals and two of
transformers that look at the whole map (the paper's C-C-T-T, §2.2). Attention adds a learned bias for
the distance of two places to the scores (Eq. 3, as in `zoo/layers/window_attention.py`). "stride_32" is
normalized.
"""

from collections.abc import Sequence

import keras

from zoo.layers.convolution import conv_norm, convolution
from zoo.layers.feed_forward import dense, feed_forward
from zoo.layers.normalization import normalization_layer
from zoo.layers.prenorm_inverted import PrenormForm, pooled_shortcut, prenorm_inverted
from zoo.layers.transformer_block import added
from zoo.layers.window_attention import WindowAttention

ACTIVATION = "silu"  # of convolutions; the feed-forward pairs of transformers have GELU
EXPANSION = 4  # of the feed-forward pair
CONVOLUTIONAL = 2  # stages before those with attention
STRIDES = {"standard": (2, 2, 2, 2, 2), "small": (1, 1, 2, 2, 2)}  # the stem's first


def _stem(image: keras.KerasTensor, widths: Sequence[int], *, strides: int) -> keras.KerasTensor:
    x = conv_norm(image, widths[0], 3, strides=strides, activation=ACTIVATION, name="stem1")
    return convolution(x, widths[1], 3, name="stem2_conv")


def _transformer(
    x: keras.KerasTensor,
    filters: int,
    *,
    strides: int,
    head_dim: int,
    use_bias: bool,
    rate: float,
    name: str,
) -> keras.KerasTensor:
    """Attention among all places and a feed-forward pair, (B, H, W, C) -> (B, H', W', filters)."""
    layers = keras.layers
    shortcut = pooled_shortcut(x, filters, strides=strides, use_bias=use_bias, name=name)
    y = normalization_layer("layer", name=f"{name}_norm1")(x)
    if strides > 1:
        y = layers.AveragePooling2D(strides, name=f"{name}_pool")(y)
    _, height, width, channels = y.shape
    size = (height, width)
    y = dense(y, 3 * channels, name=f"{name}_qkv")
    y = layers.Reshape((1, height * width, 3 * channels), name=f"{name}_sequence")(y)
    attention = WindowAttention(
        channels // head_dim, size, size=size, heads_first=True, name=f"{name}_attention"
    )
    y = layers.Reshape((height, width, channels), name=f"{name}_map")(attention(y))
    y = dense(y, filters, name=f"{name}_project")
    x = added(shortcut, y, layer_scale=0.0, rate=rate, name=f"{name}_1")
    y = normalization_layer("layer", name=f"{name}_norm2")(x)
    y = feed_forward(y, EXPANSION * filters, name=f"{name}_mlp")
    return added(x, y, layer_scale=0.0, rate=rate, name=f"{name}_2")


def _stage(
    x: keras.KerasTensor,
    filters: int,
    *,
    strides: int,
    rates: Sequence[float],
    form: PrenormForm,
    head_dim: int | None,
    name: str,
) -> keras.KerasTensor:
    """Run a block for each rate: transformers with a `head_dim`, inverted residuals without."""
    for block, rate in enumerate(rates, start=1):
        same = {
            "strides": strides if block == 1 else 1,
            "rate": rate,
            "name": f"{name}_block{block}",
        }
        if head_dim:
            x = _transformer(x, filters, head_dim=head_dim, use_bias=form.use_bias, **same)
        else:
            x = prenorm_inverted(x, filters, form=form, **same)
    return x


def _rates(last: float, total: int) -> list[float]:
    return [last * index / max(total - 1, 1) for index in range(total)]


def _check(
    input_shape: tuple[int, int, int],
    depths: Sequence[int],
    widths: Sequence[int],
    head_dim: int,
    stem: str,
) -> None:
    height, width, _ = input_shape
    if stem not in STRIDES:
        raise ValueError(f"stem must be standard or small, not {stem!r}")
    if not height or not width:
        raise ValueError("height and width must be known: each distance has a learned bias")
    least = 32 if stem == "standard" else 8
    if min(height, width) < least:
        raise ValueError(f"images of {height}×{width} are smaller than {least}×{least}")
    if len(depths) != 4 or len(widths) != 4:
        raise ValueError(f"{len(depths)} depths and {len(widths)} widths: there are four stages")
    for channels in widths[CONVOLUTIONAL - 1 :]:  # of what enters a transformer, too
        if channels % head_dim:
            raise ValueError(f"head_dim={head_dim} does not divide the width {channels}")


def coatnet(
    *,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    depths: Sequence[int] = (2, 3, 7, 2),
    widths: Sequence[int] = (96, 192, 384, 768),
    stem_widths: tuple[int, int] = (32, 64),
    head_dim: int = 32,
    norm_activation: bool = True,
    squeeze_first: bool = True,
    squeeze_activation: str = "relu",
    use_bias: bool = False,
    stem: str = "standard",
    stochastic_depth_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone; the defaults are timm's CoAtNet-0-RW.

    Args:
        input_shape: (H, W, C), H and W known and at least 32, or 8 with the small stem.
        depths: blocks of each stage.
        widths: channels of each stage.
        stem_widths: channels of the stem's two convolutions.
        head_dim: channels of each head of attention; divides the widths from the second on.
        norm_activation: activate after the first normalization of an inverted residual.
        squeeze_first: squeeze before its second normalization, not after it.
        squeeze_activation: between the two layers of squeeze-and-excitation.
        use_bias: in its projection, and in the shortcuts of all blocks.
        stem: "standard" or "small", whose stem and first stage keep the size, for 28 to 64 pixels.
        stochastic_depth_rate: of the last block, growing linearly from 0, [0, 1).

    Returns:
        Model from (B, H, W, C) to the output of the stem and of each stage by its stride.

    Raises:
        ValueError: a size that is not known or too small, another stem, another number of stages, or
            widths that do not divide into heads.

    >>> coatnet(input_shape=(32, 32, 3), depths=(1, 1, 1, 1), stem="small").output["stride_8"].shape
    (None, 4, 4, 768)
    """
    _check(input_shape, depths, widths, head_dim, stem)
    form = PrenormForm(
        activation=ACTIVATION,
        norm_activation=norm_activation,
        squeeze_first=squeeze_first,
        squeeze_activation=squeeze_activation,
        use_bias=use_bias,
    )
    stride, *steps = STRIDES[stem]
    image = keras.Input(input_shape, name="image")
    x = _stem(image, stem_widths, strides=stride)
    features = {f"stride_{stride}": x}
    rates = _rates(stochastic_depth_rate, sum(depths))
    for stage, (depth, width, step) in enumerate(zip(depths, widths, steps, strict=True), start=1):
        own, rates = rates[:depth], rates[depth:]
        kind = {"form": form, "head_dim": head_dim if stage > CONVOLUTIONAL else None}
        x = _stage(x, width, strides=step, rates=own, name=f"stage{stage}", **kind)
        stride *= step
        features[f"stride_{stride}"] = x  # (B, H/s, W/s, width)
    features[f"stride_{stride}"] = normalization_layer("layer", name="final_norm")(x)
    return keras.Model(image, features, name="backbone")
