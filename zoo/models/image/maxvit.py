"""MaxViT (2204.01697): in every block a convolution, attention within windows, attention across a grid.

Input (B, H, W, C) -> {"stride_2": (B, H/2, W/2, 64), "stride_4", "stride_8", "stride_16", "stride_32":
(B, H/32, W/32, 512), "pooled": (B, 512)}. A stem of two convolutions, then four stages of blocks
(Fig. 2): an inverted residual, a transformer inside windows, and one whose windows hold places that lie
as far apart as the map has windows, so that two steps reach all of it. "pooled" is the mean over the
positions, normalized and mapped once more.
"""

from collections.abc import Sequence

import keras

from zoo.layers.convolution import conv_norm, convolution
from zoo.layers.feed_forward import dense, feed_forward
from zoo.layers.gelu_tanh import gelu_tanh
from zoo.layers.prenorm_inverted import PrenormForm, prenorm_inverted
from zoo.layers.shifted_windows import CutWindows, JoinWindows
from zoo.layers.transformer_block import added
from zoo.layers.window_attention import WindowAttention

EXPANSION = 4  # of the feed-forward pair
EPSILON = 1e-5  # of layer norms
BATCH_EPSILON = 1e-3
STRIDES = {"standard": (2, 2, 2, 2, 2), "small": (1, 1, 2, 2, 2)}  # the stem's first

FORM = PrenormForm(
    activation=gelu_tanh, of_output=True, pooled=False, padding="same", epsilon=BATCH_EPSILON
)


def _norm(x: keras.KerasTensor, *, name: str) -> keras.KerasTensor:
    return keras.layers.LayerNormalization(epsilon=EPSILON, name=name)(x)


def _within_windows(
    x: keras.KerasTensor, window: tuple[int, int], *, head_dim: int, name: str
) -> keras.KerasTensor:
    """Attend among the places of each window, (B, H, W, C) both ways."""
    size = tuple(x.shape[1:3])
    y = CutWindows(window, name=f"{name}_cut")(x)  # (B, windows, T, C)
    y = _attend(y, window, size, head_dim=head_dim, name=name)
    return JoinWindows(size, window, name=f"{name}_join")(y)


def _across_grid(
    x: keras.KerasTensor, grid: tuple[int, int], *, head_dim: int, name: str
) -> keras.KerasTensor:
    """Attend among places that are as far apart as `grid` divides the map, (B, H, W, C) both ways."""
    layers = keras.layers
    _, height, width, channels = x.shape
    rows, columns = height // grid[0], width // grid[1]  # between two places of a window
    y = layers.Reshape((grid[0], rows, grid[1], columns, channels), name=f"{name}_split")(x)
    y = layers.Permute((2, 4, 1, 3, 5), name=f"{name}_grid_last")(y)
    y = layers.Reshape((rows * columns, grid[0] * grid[1], channels), name=f"{name}_cut")(y)
    y = _attend(y, grid, (height, width), head_dim=head_dim, name=name)
    y = layers.Reshape((rows, columns, *grid, channels), name=f"{name}_places")(y)
    y = layers.Permute((3, 1, 4, 2, 5), name=f"{name}_grid_first")(y)
    return layers.Reshape((height, width, channels), name=f"{name}_join")(y)


def _attend(
    x: keras.KerasTensor,
    window: tuple[int, int],
    size: tuple[int, int],
    *,
    head_dim: int,
    name: str,
) -> keras.KerasTensor:
    channels = x.shape[-1]
    y = dense(x, 3 * channels, name=f"{name}_qkv")
    y = WindowAttention(channels // head_dim, window, size=size, name=f"{name}_attention")(y)
    return dense(y, channels, name=f"{name}_project")


def _block(
    x: keras.KerasTensor,
    filters: int,
    *,
    strides: int,
    window: tuple[int, int],
    head_dim: int,
    rate: float,
    name: str,
) -> keras.KerasTensor:
    x = prenorm_inverted(x, filters, strides=strides, form=FORM, rate=rate, name=f"{name}_conv")
    for kind, attend in (("window", _within_windows), ("grid", _across_grid)):
        part = f"{name}_{kind}"
        y = _norm(x, name=f"{part}_norm1")
        y = attend(y, window, head_dim=head_dim, name=part)
        x = added(x, y, layer_scale=0.0, rate=rate, name=f"{part}_1")
        y = _norm(x, name=f"{part}_norm2")
        y = feed_forward(y, EXPANSION * filters, activation=gelu_tanh, name=f"{part}_mlp")
        x = added(x, y, layer_scale=0.0, rate=rate, name=f"{part}_2")
    return x


def _window(
    input_shape: tuple[int, int, int],
    depths: Sequence[int],
    widths: Sequence[int],
    head_dim: int,
    stem: str,
) -> tuple[int, int]:
    """Check the arguments and return the size of windows, that of the last map."""
    height, width, _ = input_shape
    if stem not in STRIDES:
        raise ValueError(f"stem must be standard or small, not {stem!r}")
    least = 32 if stem == "standard" else 8
    if not height or not width or height % least or width % least:
        raise ValueError(
            f"images of {height}×{width}: both must be known, and multiples of {least}, so that maps "
            "divide into windows"
        )
    if len(depths) != 4 or len(widths) != 4:
        raise ValueError(f"{len(depths)} depths and {len(widths)} widths: there are four stages")
    for channels in widths:
        if channels % head_dim:
            raise ValueError(f"head_dim={head_dim} does not divide the width {channels}")
    return height // least, width // least


def maxvit(
    *,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    depths: Sequence[int] = (2, 2, 5, 2),
    widths: Sequence[int] = (64, 128, 256, 512),
    stem_width: int = 64,
    head_dim: int = 32,
    stem: str = "standard",
    stochastic_depth_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone; the defaults are MaxViT-T.

    Args:
        input_shape: (H, W, C), H and W multiples of 32, or of 8 with the small stem.
        depths: blocks of each stage.
        widths: channels of each stage.
        stem_width: channels of the stem's two convolutions.
        head_dim: channels of each head of attention; divides the widths.
        stem: "standard" or "small", whose stem and first stage keep the size, for 32 to 64 pixels.
        stochastic_depth_rate: of the last block, growing linearly from 0, [0, 1).

    Returns:
        Model from (B, H, W, C) to the output of the stem and of each stage by its stride, and
        "pooled" (B, width).

    Raises:
        ValueError: a size that does not divide into windows, another stem, another number of stages,
            or widths that do not divide into heads.

    >>> model = maxvit(input_shape=(32, 32, 3), depths=(1, 1, 1, 1), stem="small")
    >>> model.output["stride_8"].shape
    (None, 4, 4, 512)
    """
    window = _window(input_shape, depths, widths, head_dim, stem)
    stride, *steps = STRIDES[stem]
    image = keras.Input(input_shape, name="image")
    same = {"padding": "same", "use_bias": True}
    x = conv_norm(
        image, stem_width, 3, strides=stride, activation=gelu_tanh, epsilon=BATCH_EPSILON,
        **same, name="stem1",
    )  # fmt: skip
    x = convolution(x, stem_width, 3, **same, name="stem2_conv")
    features = {f"stride_{stride}": x}
    total, index = sum(depths), 0
    for stage, (depth, width, step) in enumerate(zip(depths, widths, steps, strict=True), start=1):
        for block in range(1, depth + 1):
            rate = stochastic_depth_rate * index / max(total - 1, 1)
            name, strides = f"stage{stage}_block{block}", step if block == 1 else 1
            kind = {"window": window, "head_dim": head_dim, "rate": rate}
            x = _block(x, width, strides=strides, name=name, **kind)
            index += 1
        stride *= step
        features[f"stride_{stride}"] = x  # (B, H/s, W/s, width)
    pooled = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    pooled = dense(_norm(pooled, name="pool_norm"), widths[-1], name="pool_dense")
    features["pooled"] = keras.layers.Activation("tanh", name="pool_act")(pooled)  # (B, width)
    return keras.Model(image, features, name="backbone")
