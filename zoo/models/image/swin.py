"""Swin Transformers (2103.14030): attention inside windows that shift from block to block.

Input (B, H, W, C) -> {"stride_4": (B, H/4, W/4, 96), "stride_8", "stride_16", "stride_32":
(B, H/32, W/32, 768)}. Patches of 4×4 pixels, then four stages. The blocks of a stage come in pairs: the
windows of the first lie on a grid, those of the second are shifted by half a window
(`zoo/layers/shifted_windows.py`). Between stages 2×2 places are merged into one (§3.1). "stride_32" is
normalized.
"""

from collections.abc import Sequence

import keras

from zoo.layers.feed_forward import INITIALIZER, dense, feed_forward
from zoo.layers.patch_embedding import patch_embedding
from zoo.layers.shifted_windows import CutWindows, JoinWindows, padded
from zoo.layers.transformer_block import added
from zoo.layers.window_attention import WindowAttention

EPSILON = 1e-5  # of layer norms
EXPANSION = 4  # of the feed-forward pair


def _norm(x: keras.KerasTensor, *, name: str) -> keras.KerasTensor:
    return keras.layers.LayerNormalization(epsilon=EPSILON, name=name)(x)


def _windows(
    size: tuple[int, int], window_size: int, *, shifted: bool
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return window and shift. A side that fits into one window has one, which is not shifted."""
    window = tuple(min(side, window_size) for side in size)
    shift = tuple(window_size // 2 if shifted and side > window_size else 0 for side in size)
    return window, shift


def _block(
    x: keras.KerasTensor,
    *,
    num_heads: int,
    window_size: int,
    shifted: bool,
    rate: float,
    name: str,
) -> keras.KerasTensor:
    """Attention within windows and feed-forward, (B, H, W, C) both ways."""
    _, height, width, channels = x.shape
    size = (height, width)
    window, shift = _windows(size, window_size, shifted=shifted)
    y = _norm(x, name=f"{name}_norm1")
    y = CutWindows(window, shift, name=f"{name}_cut")(y)  # (B, windows, T, C)
    y = dense(y, 3 * channels, name=f"{name}_qkv")
    attention = WindowAttention(
        num_heads, window, size=padded(size, window), shift=shift, name=f"{name}_attention"
    )
    y = dense(attention(y), channels, name=f"{name}_project")
    y = JoinWindows(size, window, shift, name=f"{name}_join")(y)
    x = added(x, y, layer_scale=0.0, rate=rate, name=f"{name}_1")
    y = _norm(x, name=f"{name}_norm2")
    y = feed_forward(y, EXPANSION * channels, name=f"{name}_mlp")
    return added(x, y, layer_scale=0.0, rate=rate, name=f"{name}_2")


def _merge(x: keras.KerasTensor, *, name: str) -> keras.KerasTensor:
    """Merge 2×2 places into one of twice the channels; odd sides are filled up with zeros."""
    layers = keras.layers
    _, height, width, channels = x.shape
    if height % 2 or width % 2:
        x = layers.ZeroPadding2D(((0, height % 2), (0, width % 2)), name=f"{name}_pad")(x)
    rows, columns = -(-height // 2), -(-width // 2)
    x = layers.Reshape((rows, 2, columns, 2, channels), name=f"{name}_split")(x)
    x = layers.Permute((1, 3, 4, 2, 5), name=f"{name}_order")(x)  # column by column of the 2×2
    x = layers.Reshape((rows, columns, 4 * channels), name=f"{name}_join")(x)
    x = _norm(x, name=f"{name}_norm")
    return layers.Dense(
        2 * channels, use_bias=False, kernel_initializer=INITIALIZER, name=f"{name}_reduce"
    )(x)


def _check(
    input_shape: tuple[int, int, int], patch_size: int, depths: Sequence[int], heads: Sequence[int]
) -> None:
    height, width, _ = input_shape
    if not height or not width or height % patch_size or width % patch_size:
        raise ValueError(
            f"images of {height}×{width} do not divide into patches of {patch_size}×{patch_size}"
        )
    if len(depths) != len(heads):
        raise ValueError(f"{len(depths)} depths and {len(heads)} num_heads: each stage needs both")


def swin(
    *,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    depths: Sequence[int] = (2, 2, 6, 2),
    num_heads: Sequence[int] = (3, 6, 12, 24),
    hidden_dim: int = 96,
    patch_size: int = 4,
    window_size: int = 7,
    stochastic_depth_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone; the defaults are Swin-T.

    Args:
        input_shape: (H, W, C), H and W multiples of `patch_size`.
        depths: blocks of each stage, of which every second one shifts its windows.
        num_heads: of attention in each stage.
        hidden_dim: channels of the first stage; each further one has twice as many.
        patch_size: pixels on a side; 1 or 2 suits images of 28 to 64.
        window_size: places on a side.
        stochastic_depth_rate: of the last block, growing linearly from 0, [0, 1).

    Returns:
        Model from (B, H, W, C) to the output of each stage by its stride.

    Raises:
        ValueError: the image does not divide into patches, or not one number of heads a stage.

    >>> swin(input_shape=(32, 32, 3), depths=(2, 2), num_heads=(3, 6)).output["stride_8"].shape
    (None, 4, 4, 192)
    """
    _check(input_shape, patch_size, depths, num_heads)
    image = keras.Input(input_shape, name="image")
    x = patch_embedding(image, hidden_dim, patch_size, name="patches")
    x = _norm(x, name="patches_norm")  # (B, H/4, W/4, C)
    features: dict[str, keras.KerasTensor] = {}
    total, index, stride = sum(depths), 0, patch_size
    for stage, (depth, heads) in enumerate(zip(depths, num_heads, strict=True), start=1):
        if stage > 1:
            x = _merge(x, name=f"stage{stage}_merge")
            stride *= 2
        for block in range(1, depth + 1):
            x = _block(
                x,
                num_heads=heads,
                window_size=window_size,
                shifted=block % 2 == 0,
                rate=stochastic_depth_rate * index / max(total - 1, 1),
                name=f"stage{stage}_block{block}",
            )
            index += 1
        features[f"stride_{stride}"] = x  # (B, H/s, W/s, C)
    features[f"stride_{stride}"] = _norm(x, name="final_norm")
    return keras.Model(image, features, name="backbone")
