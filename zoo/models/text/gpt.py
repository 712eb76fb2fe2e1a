"""Decoder-only transformers in GPT-2's form: its own sizes, and two that nanoGPT trains on characters.

Input ids (B, T), T up to `context_length` -> {"tokens": (B, T, D), "logits": (B, T, V)}; the logits
at a token are of the one after it. Padding behind a text changes nothing before it. As in GPT-2
(Radford et al. 2019 §2.3): learned positions, layers normalized before attention and feed-forward,
one matrix for embedding and logits, residual projections started smaller. The defaults are nanoGPT's,
without biases and with exact GELU; GPT-2 has `use_bias` and `activation="gelu_tanh"`.
"""

import math

import keras

from zoo.layers.attention import CausalSelfAttention, PositionEmbedding
from zoo.layers.gelu_tanh import gelu_tanh

ACTIVATIONS = {"gelu": "gelu", "gelu_tanh": gelu_tanh}
EPSILON = 1e-5  # of layer norms
DEVIATION = 0.02  # of initial weights


def gpt(
    *,
    vocabulary_size: int = 65,
    context_length: int = 64,
    num_layers: int = 4,
    num_heads: int = 4,
    hidden_dim: int = 128,
    use_bias: bool = False,
    activation: str = "gelu",
    embedding_dropout_rate: float = 0.0,
    layer_dropout_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone; the defaults are the size that nanoGPT trains on a CPU in minutes.

    Args:
        vocabulary_size: ids that there are, padding included.
        context_length: tokens that a prediction can look back on.
        num_layers: blocks of attention and feed-forward.
        num_heads: of attention; divides `hidden_dim`.
        hidden_dim: of each token's vector; feed-forward layers are four times as wide.
        use_bias: in dense layers and layer norms.
        activation: "gelu", the exact one, or "gelu_tanh", the approximation that GPT-2 has.
        embedding_dropout_rate: of the sum of token and position embeddings, [0, 1).
        layer_dropout_rate: of attention weights and of what both halves of a block add, [0, 1).

    Returns:
        Model from int32 (B, T) to {"tokens": (B, T, hidden_dim), "logits": (B, T,
        vocabulary_size)}, the logits in float32.

    Raises:
        ValueError: `num_heads` does not divide `hidden_dim`; there is no such activation.

    >>> gpt(vocabulary_size=9).output["logits"].shape
    (None, None, 9)
    """
    _check(num_heads, hidden_dim, activation)
    ids = keras.Input((None,), dtype="int32", name="ids")
    embedding = keras.layers.ReversibleEmbedding(
        vocabulary_size,
        hidden_dim,
        embeddings_initializer=_normal(),
        reverse_dtype="float32",
        name="embedding",
    )
    positions = PositionEmbedding(context_length, _normal(), name="position_embedding")
    x = positions(embedding(ids))  # (B, T, D)
    if embedding_dropout_rate:
        x = keras.layers.Dropout(embedding_dropout_rate, name="embedding_dropout")(x)
    for i in range(1, num_layers + 1):
        x = _block(
            x,
            num_heads=num_heads,
            use_bias=use_bias,
            activation=activation,
            dropout_rate=layer_dropout_rate,
            residual_scale=1 / math.sqrt(2 * num_layers),
            name=f"block{i}",
        )
    x = _norm(use_bias=use_bias, name="final_norm")(x)
    return keras.Model(ids, {"tokens": x, "logits": embedding(x, reverse=True)}, name="backbone")


def _check(num_heads: int, hidden_dim: int, activation: str) -> None:
    if hidden_dim % num_heads:
        raise ValueError(f"num_heads={num_heads} does not divide hidden_dim={hidden_dim}")
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation={activation!r} is not one of {', '.join(ACTIVATIONS)}")


def _block(
    x: keras.KerasTensor,
    *,
    num_heads: int,
    use_bias: bool,
    activation: str,
    dropout_rate: float,
    residual_scale: float,
    name: str,
) -> keras.KerasTensor:
    """Attention and feed-forward, each normalized before and added after; (B, T, D) both ways."""
    width = x.shape[-1]

    def dense(units: int, part: str, scale: float = 1.0) -> keras.layers.Dense:
        return keras.layers.Dense(
            units, use_bias=use_bias, kernel_initializer=_normal(scale), name=f"{name}_{part}"
        )

    y = _norm(use_bias=use_bias, name=f"{name}_attention_norm")(x)
    y = dense(3 * width, "attention_in")(y)  # queries, keys and values
    y = CausalSelfAttention(num_heads, dropout_rate, name=f"{name}_attention")(y)
    y = dense(width, "attention_out", residual_scale)(y)
    if dropout_rate:
        y = keras.layers.Dropout(dropout_rate, name=f"{name}_attention_dropout")(y)
    x = keras.layers.Add(name=f"{name}_attention_add")([x, y])
    y = _norm(use_bias=use_bias, name=f"{name}_mlp_norm")(x)
    y = dense(4 * width, "mlp_in")(y)
    y = keras.layers.Activation(ACTIVATIONS[activation], name=f"{name}_mlp_act")(y)
    y = dense(width, "mlp_out", residual_scale)(y)
    if dropout_rate:
        y = keras.layers.Dropout(dropout_rate, name=f"{name}_mlp_dropout")(y)
    return keras.layers.Add(name=f"{name}_mlp_add")([x, y])


def _norm(*, use_bias: bool, name: str) -> keras.layers.LayerNormalization:
    return keras.layers.LayerNormalization(epsilon=EPSILON, center=use_bias, name=name)


def _normal(scale: float = 1.0) -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(stddev=DEVIATION * scale)
