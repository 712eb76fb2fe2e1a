"""Vision transformers (2010.11929): an image is a sequence of patches.

Input (B, H, W, C) -> {"tokens": (B, 1 + HW/P², D), "pooled": (B, D)}. Each patch of P×P pixels becomes
one vector; a class token goes before them, learned positions are added, and blocks of attention and
feed-forward pairs follow, normalized before each part. "pooled" is the class token after the last norm.
DeiT (2012.12877) is the same network trained in another way; `layer_scale` makes DINOv2's
(2304.07193). Half the `expansion` and no `qkv_bias` make the one for CIFAR of 2112.13492.
"""

import keras

from zoo.layers.class_token import ClassToken
from zoo.layers.grid_positions import GridPositions
from zoo.layers.normalization import normalization_layer
from zoo.layers.patch_embedding import patch_embedding
from zoo.layers.transformer_block import transformer_block


def _grid(input_shape: tuple[int, int, int], patch_size: int) -> tuple[int, int]:
    height, width, _ = input_shape
    if not height or not width or height % patch_size or width % patch_size:
        raise ValueError(
            f"images of {height}×{width} do not divide into patches of {patch_size}×{patch_size}: "
            "the size must be known, because each place has a learned vector"
        )
    return height // patch_size, width // patch_size


def vit(
    *,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    patch_size: int = 16,
    num_layers: int = 12,
    num_heads: int = 3,
    hidden_dim: int = 192,
    expansion: int = 4,
    qkv_bias: bool = True,
    layer_scale: float = 0.0,
    stochastic_depth_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone; the defaults are ViT-Ti/16.

    Args:
        input_shape: (H, W, C), H and W multiples of `patch_size`.
        patch_size: pixels on a side; 4 suits images of 28 to 64.
        num_layers: blocks.
        num_heads: of attention; divides `hidden_dim`.
        hidden_dim: of each token's vector.
        expansion: inner units of the feed-forward pairs over `hidden_dim`.
        qkv_bias: add a bias to queries, keys and values.
        layer_scale: what factors at the end of each branch start at; 0 has none.
        stochastic_depth_rate: of the last block, growing linearly from 0, [0, 1).

    Returns:
        Model from (B, H, W, C) to {"tokens": (B, 1 + HW/P², hidden_dim), "pooled": (B, hidden_dim)}.

    Raises:
        ValueError: the image does not divide into patches, or `hidden_dim` into heads.

    >>> vit(input_shape=(32, 32, 3), patch_size=4, num_layers=1).output["tokens"].shape
    (None, 65, 192)
    """
    if hidden_dim % num_heads:
        raise ValueError(f"num_heads={num_heads} does not divide hidden_dim={hidden_dim}")
    grid = _grid(input_shape, patch_size)
    image = keras.Input(input_shape, name="image")
    x = patch_embedding(image, hidden_dim, patch_size, name="patches")
    x = keras.layers.Reshape((grid[0] * grid[1], hidden_dim), name="sequence")(x)  # (B, T, D)
    x = ClassToken(name="class_token")(x)
    x = GridPositions(grid, prefix=1, name="positions")(x)
    for block in range(1, num_layers + 1):
        x = transformer_block(
            x,
            num_heads=num_heads,
            inner=expansion * hidden_dim,
            qkv_bias=qkv_bias,
            layer_scale=layer_scale,
            rate=stochastic_depth_rate * (block - 1) / max(num_layers - 1, 1),
            name=f"block{block}",
        )
    x = normalization_layer("layer", name="final_norm")(x)
    first = keras.layers.Cropping1D((0, grid[0] * grid[1]), name="first")(x)  # (B, 1, D)
    pooled = keras.layers.Reshape((hidden_dim,), name="pooled")(first)
    return keras.Model(image, {"tokens": x, "pooled": pooled}, name="backbone")
