"""Decoder-only transformers in the form of Llama (2302.13971 §2.2, 2307.09288 §2.2).

Input ids (B, T) of any T -> {"tokens": (B, T, D), "logits": (B, T, V)}; the logits at a token are of the
one after it. Padding behind a text changes nothing before it. Beside GPT-2: root mean square norms
(1910.07467) and no biases; rotary positions (2104.09864) instead of learned ones; a gated feed-forward
layer (SwiGLU, 2002.05202); heads that share keys and values (2305.13245). Departure: residual
projections are started smaller, as GPT-2's; the papers do not tell how theirs are.
"""

import math

import keras

from zoo.layers.grouped_attention import GroupedAttention

DEVIATION = 0.02  # of initial weights


def llama(
    *,
    vocabulary_size: int = 65,
    num_layers: int = 4,
    num_heads: int = 4,
    num_key_value_heads: int = 2,
    hidden_dim: int = 128,
    feed_forward_dim: int = 352,
    rotary_base: float = 10_000.0,
    epsilon: float = 1e-5,
    tied: bool = True,
    embedding_dropout_rate: float = 0.0,
    layer_dropout_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone; the defaults are about as large as `gpt_nano`.

    Args:
        vocabulary_size: ids that there are, padding included.
        num_layers: blocks of attention and feed-forward.
        num_heads: of queries; divides `hidden_dim`, into heads of an even width.
        num_key_value_heads: of keys and values; divides `num_heads`.
        hidden_dim: of each token's vector.
        feed_forward_dim: inside the feed-forward layers; two thirds of 4 · `hidden_dim` in the paper.
        rotary_base: of the angles of positions; larger ones suit longer texts.
        epsilon: of the norms.
        tied: predict with the matrix that embeds; False has another one for it.
        embedding_dropout_rate: of the token embeddings, [0, 1).
        layer_dropout_rate: of attention weights and of what both halves of a block add, [0, 1).

    Returns:
        Model from int32 (B, T) to {"tokens": (B, T, hidden_dim), "logits": (B, T,
        vocabulary_size)}, the logits in float32.

    Raises:
        ValueError: heads do not divide what they should, or have an odd width.

    >>> llama(vocabulary_size=9).output["logits"].shape
    (None, None, 9)
    """
    _check(num_heads, num_key_value_heads, hidden_dim)
    ids = keras.Input((None,), dtype="int32", name="ids")
    embedding = _embedding(vocabulary_size, hidden_dim)
    x = _dropout(embedding(ids), embedding_dropout_rate, name="embedding_dropout")  # (B, T, D)
    attention = {
        "num_heads": num_heads,
        "num_key_value_heads": num_key_value_heads,
        "rotary_base": rotary_base,
        "dropout_rate": layer_dropout_rate,
    }
    for i in range(1, num_layers + 1):
        how = {"epsilon": epsilon, "scale": 1 / math.sqrt(2 * num_layers), "name": f"block{i}"}
        x = _attention(x, attention, **how)
        x = _feed_forward(x, feed_forward_dim, dropout_rate=layer_dropout_rate, **how)
    x = keras.layers.RMSNormalization(epsilon=epsilon, name="final_norm")(x)
    if tied:
        logits = embedding(x, reverse=True)  # (B, T, V)
    else:
        logits = _dense(vocabulary_size, name="logits", dtype="float32")(x)
    return keras.Model(ids, {"tokens": x, "logits": logits}, name="backbone")


def _check(num_heads: int, num_key_value_heads: int, hidden_dim: int) -> None:
    if hidden_dim % num_heads:
        raise ValueError(f"num_heads={num_heads} does not divide hidden_dim={hidden_dim}")
    if num_heads % num_key_value_heads:
        raise ValueError(
            f"num_key_value_heads={num_key_value_heads} does not divide num_heads={num_heads}"
        )
    if hidden_dim // num_heads % 2:
        raise ValueError(
            f"num_heads={num_heads} makes heads of {hidden_dim // num_heads} numbers, which rotary "
            "positions cannot turn in pairs"
        )


def _embedding(vocabulary_size: int, width: int) -> keras.layers.ReversibleEmbedding:
    how = {"embeddings_initializer": _normal(), "reverse_dtype": "float32", "name": "embedding"}
    return keras.layers.ReversibleEmbedding(vocabulary_size, width, **how)


def _attention(
    x: keras.KerasTensor, attention: dict, *, epsilon: float, scale: float, name: str
) -> keras.KerasTensor:
    """Normalize, attend, add; (B, T, D) both ways."""
    width = x.shape[-1]
    of_keys = width // attention["num_heads"] * attention["num_key_value_heads"]
    y = keras.layers.RMSNormalization(epsilon=epsilon, name=f"{name}_attention_norm")(x)
    widths = {"query": width, "key": of_keys, "value": of_keys}
    parts = [_dense(units, name=f"{name}_{part}")(y) for part, units in widths.items()]
    y = GroupedAttention(**attention, name=f"{name}_attention")(*parts)
    y = _dense(width, scale, name=f"{name}_project")(y)
    y = _dropout(y, attention["dropout_rate"], name=f"{name}_attention_dropout")
    return keras.layers.Add(name=f"{name}_attention_add")([x, y])


def _feed_forward(
    x: keras.KerasTensor,
    inner: int,
    *,
    dropout_rate: float,
    epsilon: float,
    scale: float,
    name: str,
) -> keras.KerasTensor:
    """Normalize, gate one widened half by the other, narrow, add; (B, T, D) both ways."""
    y = keras.layers.RMSNormalization(epsilon=epsilon, name=f"{name}_mlp_norm")(x)
    gate = keras.layers.Activation("silu", name=f"{name}_gate_act")(
        _dense(inner, name=f"{name}_gate")(y)
    )
    y = keras.layers.Multiply(name=f"{name}_gated")([gate, _dense(inner, name=f"{name}_up")(y)])
    y = _dense(x.shape[-1], scale, name=f"{name}_down")(y)
    y = _dropout(y, dropout_rate, name=f"{name}_mlp_dropout")
    return keras.layers.Add(name=f"{name}_mlp_add")([x, y])


def _dense(
    units: int, scale: float = 1.0, *, name: str, dtype: str | None = None
) -> keras.layers.Dense:
    how = {"use_bias": False, "kernel_initializer": _normal(scale), "name": name, "dtype": dtype}
    return keras.layers.Dense(units, **how)


def _dropout(x: keras.KerasTensor, rate: float, *, name: str) -> keras.KerasTensor:
    return keras.layers.Dropout(rate, name=name)(x) if rate else x


def _normal(scale: float = 1.0) -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(stddev=DEVIATION * scale)
