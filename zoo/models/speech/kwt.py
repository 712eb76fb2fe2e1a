"""Keyword transformers (2104.00769): KWT-1 to KWT-3, attention over the frames of a clip.

Input (B, T, M), frames and cepstral coefficients -> {"frames": (B, T, D), "pooled": (B, D)}. Each
frame becomes one vector; a class token goes before them and learned positions are added. Blocks
normalize after each part and its shortcut (§3.1), queries, keys and values have no bias, and "pooled"
is the class token of the last block, which "frames" leaves out. A head has 64 units in every variant.
"""

import keras

from zoo.layers.class_token import ClassToken
from zoo.layers.feed_forward import dense, feed_forward
from zoo.layers.grid_positions import GridPositions
from zoo.layers.normalization import normalization_layer
from zoo.layers.self_attention import SelfAttention


def _added(
    x: keras.KerasTensor, branch: keras.KerasTensor, rate: float, *, name: str
) -> keras.KerasTensor:
    if rate:
        branch = keras.layers.Dropout(rate, name=f"{name}_dropout")(branch)
    x = keras.layers.Add(name=f"{name}_add")([x, branch])
    return normalization_layer("layer", name=f"{name}_norm")(x)


def kwt(
    *,
    input_shape: tuple[int, int] = (98, 40),
    num_layers: int = 12,
    num_heads: int = 1,
    hidden_dim: int = 64,
    expansion: int = 4,
    layer_dropout_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone; the defaults are KWT-1.

    Args:
        input_shape: frames and coefficients (T, M), both known: each frame has a learned position.
        num_layers: blocks.
        num_heads: of attention; divides `hidden_dim`.
        hidden_dim: of each frame's vector; 128 in KWT-2, 192 in KWT-3.
        expansion: inner units of the feed-forward pairs over `hidden_dim`.
        layer_dropout_rate: of both parts of a block, [0, 1).

    Returns:
        Model from (B, T, M) to {"frames": (B, T, hidden_dim), "pooled": (B, hidden_dim)}.

    Raises:
        ValueError: the number of frames is not known, or heads do not divide `hidden_dim`.

    >>> kwt(num_layers=1).output["frames"].shape
    (None, 98, 64)
    """
    frames, _ = input_shape
    if not frames:
        raise ValueError("the number of frames must be known, because each has a learned position")
    if hidden_dim % num_heads:
        raise ValueError(f"num_heads={num_heads} does not divide hidden_dim={hidden_dim}")
    mel = keras.Input(input_shape, name="mel")  # (B, T, M)
    x = dense(mel, hidden_dim, name="embedding")  # (B, T, D)
    x = ClassToken(name="class_token")(x)
    x = GridPositions((frames, 1), prefix=1, name="positions")(x)  # (B, 1 + T, D)
    for block in range(1, num_layers + 1):
        name = f"block{block}"
        y = dense(x, 3 * hidden_dim, use_bias=False, name=f"{name}_qkv")
        y = SelfAttention(num_heads, name=f"{name}_attention")(y)
        y = dense(y, hidden_dim, name=f"{name}_project")
        x = _added(x, y, layer_dropout_rate, name=f"{name}_1")
        y = feed_forward(x, expansion * hidden_dim, name=f"{name}_mlp")
        x = _added(x, y, layer_dropout_rate, name=f"{name}_2")
    first = keras.layers.Cropping1D((0, frames), name="first")(x)  # (B, 1, D)
    pooled = keras.layers.Reshape((hidden_dim,), name="pooled")(first)
    x = keras.layers.Cropping1D((1, 0), name="frames")(x)  # (B, T, D)
    return keras.Model(mel, {"frames": x, "pooled": pooled}, name="backbone")
