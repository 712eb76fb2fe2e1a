"""Whisper (2212.04356): a transformer that hears half a minute of speech and writes its words.

Inputs {"audio": (B, T, M) log-mel frames, "ids": (B, N) tokens written so far} -> {"frames": (B, T/2,
D), "tokens": (B, N, D), "logits": (B, N, V)}; the logits at a token are of the one after it. The paper
gives the sizes (Table 1), two convolutions with the second of stride 2, sinusoidal positions of the
frames, learned ones of the tokens, layers normalized before attention and feed-forward, and one matrix
for embedding and logits (§2.2). Its code adds: exact GELU, and no bias of keys.
"""

import keras

from zoo.layers.attention import CausalSelfAttention, PositionEmbedding
from zoo.layers.cross_attention import CrossAttention, SplitHeads
from zoo.layers.feed_forward import dense, feed_forward
from zoo.layers.sinusoid_positions import SinusoidPositions

EPSILON = 1e-5  # of layer norms
DEVIATION = 0.02  # of initial embeddings


def whisper(
    *,
    input_shape: tuple[int, int] = (3_000, 80),
    vocabulary_size: int = 51_865,
    context_length: int = 448,
    num_layers: int = 6,
    num_heads: int = 8,
    hidden_dim: int = 512,
) -> keras.Model:
    """Build the backbone; the defaults are those of the size "base".

    Args:
        input_shape: frames and mel bins (T, M), both known.
        vocabulary_size: ids that there are; 51,865 of the models of many languages.
        context_length: tokens that a transcript has at most, with those that precede it.
        num_layers: blocks of the encoder, and as many of the decoder.
        num_heads: of attention; divides `hidden_dim`.
        hidden_dim: of each frame's and token's vector, even; feed-forward layers are four times as
            wide.

    Returns:
        Model from {"audio": (B, T, M), "ids": int32 (B, N)} to frames, tokens and logits, the logits
        in float32.

    Raises:
        ValueError: `num_heads` does not divide `hidden_dim`, or that is odd.

    >>> sizes = {"num_layers": 1, "num_heads": 2, "hidden_dim": 8}
    >>> whisper(input_shape=(20, 10), vocabulary_size=9, **sizes).output["frames"].shape
    (None, 10, 8)
    """
    if hidden_dim % num_heads or hidden_dim % 2:
        raise ValueError(f"num_heads={num_heads} and 2 must divide hidden_dim={hidden_dim}")
    mel = keras.Input(input_shape, name="audio")  # (B, T, M)
    frames = _encoder(mel, num_layers=num_layers, num_heads=num_heads, width=hidden_dim)
    ids = keras.Input((None,), dtype="int32", name="ids")  # (B, N)
    embedding = keras.layers.ReversibleEmbedding(
        vocabulary_size,
        hidden_dim,
        embeddings_initializer=_normal(),
        reverse_dtype="float32",
        name="embedding",
    )
    x = PositionEmbedding(context_length, _normal(), name="positions")(embedding(ids))  # (B, N, D)
    for i in range(1, num_layers + 1):
        x = _decoder_block(x, frames, num_heads=num_heads, name=f"decoder_block{i}")
    x = _norm(x, name="decoder_norm")
    features = {"frames": frames, "tokens": x, "logits": embedding(x, reverse=True)}
    return keras.Model({"audio": mel, "ids": ids}, features, name="backbone")


def _encoder(
    mel: keras.KerasTensor, *, num_layers: int, num_heads: int, width: int
) -> keras.KerasTensor:
    """Return frames (B, T/2, D)."""
    x = mel
    for i, stride in enumerate((1, 2), start=1):
        x = keras.layers.ZeroPadding1D(1, name=f"stem{i}_pad")(x)
        x = keras.layers.Conv1D(width, 3, strides=stride, name=f"stem{i}_conv")(x)
        x = keras.layers.Activation("gelu", name=f"stem{i}_act")(x)
    x = SinusoidPositions(name="frame_positions")(x)  # (B, T/2, D)
    for i in range(1, num_layers + 1):
        name = f"encoder_block{i}"
        y = _norm(x, name=f"{name}_attention_norm")
        y = _attention(y, y, num_heads=num_heads, name=f"{name}_attention")
        x = keras.layers.Add(name=f"{name}_attention_add")([x, y])
        x = _feed_forward(x, name=name)
    return _norm(x, name="encoder_norm")


def _decoder_block(
    x: keras.KerasTensor, frames: keras.KerasTensor, *, num_heads: int, name: str
) -> keras.KerasTensor:
    """Look at the tokens so far, then at all frames, then at each token alone; (B, N, D) both ways."""
    part, width = f"{name}_attention", x.shape[-1]
    y = _norm(x, name=f"{part}_norm")
    y = keras.layers.Concatenate(name=f"{part}_qkv")(
        [
            dense(y, width, name=f"{part}_query"),
            dense(y, width, use_bias=False, name=f"{part}_key"),
            dense(y, width, name=f"{part}_value"),
        ]
    )
    y = CausalSelfAttention(num_heads, name=part)(y)
    x = keras.layers.Add(name=f"{part}_add")([x, dense(y, width, name=f"{part}_out")])
    y = _norm(x, name=f"{name}_cross_norm")
    y = _attention(y, frames, num_heads=num_heads, name=f"{name}_cross")
    x = keras.layers.Add(name=f"{name}_cross_add")([x, y])
    return _feed_forward(x, name=name)


def _attention(
    x: keras.KerasTensor, places: keras.KerasTensor, *, num_heads: int, name: str
) -> keras.KerasTensor:
    """Let tokens (B, N, D) look at places (B, S, D)."""
    width = x.shape[-1]
    parts = [
        dense(x, width, name=f"{name}_query"),
        dense(places, width, use_bias=False, name=f"{name}_key"),
        dense(places, width, name=f"{name}_value"),
    ]
    parts = [
        SplitHeads(num_heads, name=f"{name}_{kind}_heads")(part)
        for kind, part in zip(("query", "key", "value"), parts, strict=True)
    ]
    return dense(CrossAttention(name=name)(parts), width, name=f"{name}_out")


def _feed_forward(x: keras.KerasTensor, *, name: str) -> keras.KerasTensor:
    y = _norm(x, name=f"{name}_mlp_norm")
    y = feed_forward(y, 4 * x.shape[-1], name=f"{name}_mlp")
    return keras.layers.Add(name=f"{name}_mlp_add")([x, y])


def _norm(x: keras.KerasTensor, *, name: str) -> keras.KerasTensor:
    return keras.layers.LayerNormalization(epsilon=EPSILON, name=name)(x)


def _normal() -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(stddev=DEVIATION)
