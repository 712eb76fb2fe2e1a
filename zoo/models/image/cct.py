"""Compact convolutional transformers (2104.05704), which learn from small datasets.

Input (B, H, W, C) -> {"tokens": (B, T, D), "pooled": (B, D)}. Convolutions with pooling make the tokens
(§3.4), blocks of attention and feed-forward follow, and "pooled" is a mean of the tokens whose weights
are learned (sequence pooling, Eq. 5 to 7). A block normalizes before attention and once more behind it,
in the residual stream itself, as the authors' code does.
"""

import keras

from zoo.layers.convolution import convolution
from zoo.layers.feed_forward import INITIALIZER, dense, feed_forward
from zoo.layers.grid_positions import GridPositions
from zoo.layers.self_attention import SelfAttention
from zoo.layers.transformer_block import added

EPSILON = 1e-5  # of layer norms
TOKENIZER_WIDTH = 64  # of all its convolutions but the last
POSITION_DEVIATION = 0.2  # of the learned positions at the start


def _norm(x: keras.KerasTensor, *, name: str) -> keras.KerasTensor:
    return keras.layers.LayerNormalization(epsilon=EPSILON, name=name)(x)


def _tokenizer(
    x: keras.KerasTensor, *, hidden_dim: int, num_convolutions: int, kernel_size: int
) -> keras.KerasTensor:
    """Return the map of tokens, (B, H', W', hidden_dim)."""
    strides, layers = max(1, kernel_size // 2 - 1), keras.layers
    for i in range(1, num_convolutions + 1):
        width = hidden_dim if i == num_convolutions else TOKENIZER_WIDTH
        name = f"tokenizer{i}"
        x = convolution(x, width, kernel_size, strides=strides, name=name)
        x = layers.Activation("relu", name=f"{name}_act")(x)
        x = layers.ZeroPadding2D(1, name=f"{name}_pool_pad")(x)  # all values are >= 0
        x = layers.MaxPooling2D(3, 2, name=f"{name}_pool")(x)
    return x


def _block(
    x: keras.KerasTensor, *, num_heads: int, inner: int, rate: float, name: str
) -> keras.KerasTensor:
    """Attention and feed-forward, (B, T, D) both ways."""
    width = x.shape[-1]
    y = _norm(x, name=f"{name}_norm1")
    y = dense(y, 3 * width, use_bias=False, name=f"{name}_qkv")
    y = SelfAttention(num_heads, name=f"{name}_attention")(y)
    y = dense(y, width, name=f"{name}_project")
    x = added(x, y, layer_scale=0.0, rate=rate, name=f"{name}_1")
    x = _norm(x, name=f"{name}_norm2")
    y = feed_forward(x, inner, name=f"{name}_mlp")
    return added(x, y, layer_scale=0.0, rate=rate, name=f"{name}_2")


def _sequence_pool(x: keras.KerasTensor) -> keras.KerasTensor:
    """Return the mean of (B, T, D) over the tokens, by weights that a dense layer gives them."""
    layers = keras.layers
    scores = layers.Dense(1, kernel_initializer=INITIALIZER, name="pool_scores")(x)  # (B, T, 1)
    weights = layers.Softmax(axis=1, name="pool_weights")(scores)
    pooled = layers.Dot(axes=1, name="pool")([weights, x])  # (B, 1, D)
    return layers.Reshape((x.shape[-1],), name="pooled")(pooled)


def cct(
    *,
    input_shape: tuple[int, int, int] = (32, 32, 3),
    kernel_size: int = 3,
    num_convolutions: int = 1,
    num_layers: int = 7,
    num_heads: int = 4,
    hidden_dim: int = 256,
    expansion: int = 2,
    stochastic_depth_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone; the defaults are CCT-7/3×1.

    Args:
        input_shape: (H, W, C), H and W known.
        kernel_size: of the tokenizer's convolutions, odd; their stride is half of it, less one.
        num_convolutions: of the tokenizer, each followed by pooling of stride 2.
        num_layers: blocks.
        num_heads: of attention; divides `hidden_dim`.
        hidden_dim: of each token's vector.
        expansion: of the feed-forward layers over `hidden_dim`.
        stochastic_depth_rate: of the last block, growing linearly from 0, [0, 1).

    Returns:
        Model from (B, H, W, C) to {"tokens": (B, T, hidden_dim), "pooled": (B, hidden_dim)}.

    Raises:
        ValueError: a size is not known, an even kernel, or heads that do not divide `hidden_dim`.

    >>> cct(num_layers=1).output["tokens"].shape
    (None, 256, 256)
    """
    if None in input_shape:
        raise ValueError("height and width must be known, because each place has a learned vector")
    if kernel_size % 2 == 0 or hidden_dim % num_heads:
        raise ValueError(
            f"kernel_size={kernel_size} must be odd, and num_heads={num_heads} divide "
            f"hidden_dim={hidden_dim}"
        )
    image = keras.Input(input_shape, name="image")
    x = _tokenizer(
        image, hidden_dim=hidden_dim, num_convolutions=num_convolutions, kernel_size=kernel_size
    )
    grid = tuple(x.shape[1:3])
    x = keras.layers.Reshape((grid[0] * grid[1], hidden_dim), name="sequence")(x)  # (B, T, D)
    x = GridPositions(grid, deviation=POSITION_DEVIATION, name="positions")(x)
    for block in range(1, num_layers + 1):
        x = _block(
            x,
            num_heads=num_heads,
            inner=expansion * hidden_dim,
            rate=stochastic_depth_rate * (block - 1) / max(num_layers - 1, 1),
            name=f"block{block}",
        )
    x = _norm(x, name="final_norm")
    return keras.Model(image, {"tokens": x, "pooled": _sequence_pool(x)}, name="backbone")
