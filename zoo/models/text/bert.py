"""BERT (1810.04805) and the encoders that share its block: RoBERTa, DistilBERT, ELECTRA, MiniLM.

Input ids (B, T), T up to `context_length` -> {"tokens": (B, T, D), "pooled": (B, D)}. Layers are
normalized after attention and feed-forward are added, as in 1706.03762. What makes the others, all
by arguments:

    RoBERTa (1907.11692)     padding has id 1, one type of tokens, no pooler
    DistilBERT (1910.01108)  no types of tokens, no pooler, half the layers
    ELECTRA (2003.10555)     narrow embeddings that a dense layer widens (small: 128 to 256), no pooler
    MiniLM (2002.10957)      384 wide with 12 heads; sentence encoders take the mean over tokens
"""

from typing import Any

import keras
from keras import ops

from zoo.layers.attention import PositionEmbedding
from zoo.layers.feed_forward import INITIALIZER, dense, feed_forward
from zoo.layers.masked_mean import MaskedMean
from zoo.layers.masking import PaddingMask
from zoo.layers.padded_attention import PaddedAttention

POOLINGS = ("pooler", "first", "mean")


def bert(
    *,
    vocabulary_size: int = 30_522,
    context_length: int = 512,
    num_layers: int = 12,
    num_heads: int = 12,
    hidden_dim: int = 768,
    feed_forward_dim: int | None = None,
    embedding_dim: int | None = None,
    num_token_types: int = 2,
    separator_id: int | None = None,
    padding_id: int = 0,
    pooling: str = "pooler",
    normalized: bool = False,
    epsilon: float = 1e-12,
    embedding_dropout_rate: float = 0.0,
    layer_dropout_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone; the defaults are BERT-Base's.

    Args:
        vocabulary_size: ids that there are, padding included.
        context_length: positions that a text may have.
        num_layers, num_heads: blocks of attention and feed-forward; heads divide `hidden_dim`.
        hidden_dim, feed_forward_dim: of a token's vector, and inside a block; None is four times it.
        embedding_dim: of the embeddings; a dense layer widens another one than `hidden_dim`.
        num_token_types: vectors for the first text, the second one and so on; 0 has none.
        separator_id: of the token that ends each text; None takes all tokens for the first text's.
        padding_id: other than 0, positions count on from the row behind it, as RoBERTa's do.
        pooling: "pooler" (dense and tanh on the first token), "first" (that token) or "mean".
        normalized: give the pooled vector the length 1.
        epsilon: of the layer norms.
        embedding_dropout_rate, layer_dropout_rate: of embeddings, and of what blocks add, [0, 1).

    Returns:
        Model from int32 (B, T) to {"tokens": (B, T, hidden_dim), "pooled": (B, hidden_dim)}.

    Raises:
        ValueError: `num_heads` does not divide `hidden_dim`, or there is no such pooling.

    >>> bert(vocabulary_size=9, num_layers=1).output["pooled"].shape
    (None, 768)
    """
    _check(num_heads, hidden_dim, pooling)
    ids = keras.Input((None,), dtype="int32", name="ids")
    is_text = PaddingMask(padding_id, name="mask")(ids)  # (B, T)
    x = _embedding(vocabulary_size, embedding_dim or hidden_dim)(ids)  # (B, T, E)
    x = _positions(context_length, padding_id + 1 if padding_id else 0)(x)
    if num_token_types:
        x = TokenTypes(num_token_types, separator_id, name="token_types")(x, ids)
    x = _norm(x, epsilon, name="embedding_norm")
    x = _dropout(x, embedding_dropout_rate, name="embedding_dropout")
    if embedding_dim not in (None, hidden_dim):
        x = dense(x, hidden_dim, name="embedding_project")  # (B, T, D)
    sizes = {"num_heads": num_heads, "inner": feed_forward_dim or 4 * hidden_dim}
    sizes |= {"epsilon": epsilon, "dropout_rate": layer_dropout_rate}
    for i in range(1, num_layers + 1):
        x = _block(x, is_text, **sizes, name=f"block{i}")
    pooled = _pooled(x, is_text, pooling, normalized=normalized)  # (B, D)
    return keras.Model(ids, {"tokens": x, "pooled": pooled}, name="backbone")


def _check(num_heads: int, hidden_dim: int, pooling: str) -> None:
    if hidden_dim % num_heads:
        raise ValueError(f"num_heads={num_heads} does not divide hidden_dim={hidden_dim}")
    if pooling not in POOLINGS:
        raise ValueError(f"pooling={pooling!r} is not one of {', '.join(POOLINGS)}")


def _positions(length: int, offset: int) -> PositionEmbedding:
    return PositionEmbedding(length + offset, INITIALIZER, offset, name="positions")


def _embedding(vocabulary_size: int, width: int) -> keras.layers.Embedding:
    how = {"embeddings_initializer": INITIALIZER, "name": "embedding"}
    return keras.layers.Embedding(vocabulary_size, width, **how)


def _block(
    x: keras.KerasTensor,
    is_text: keras.KerasTensor,
    *,
    num_heads: int,
    inner: int,
    epsilon: float,
    dropout_rate: float,
    name: str,
) -> keras.KerasTensor:
    """Attention and feed-forward, each added and then normalized; (B, T, D) both ways."""
    width = x.shape[-1]
    parts = (dense(x, width, name=f"{name}_{part}") for part in ("query", "key", "value"))
    y = PaddedAttention(num_heads, name=f"{name}_attention")(*parts, is_text)
    y = dense(y, width, name=f"{name}_project")
    y = _dropout(y, dropout_rate, name=f"{name}_attention_dropout")
    x = keras.layers.Add(name=f"{name}_attention_add")([x, y])
    x = _norm(x, epsilon, name=f"{name}_attention_norm")
    y = feed_forward(x, inner, name=f"{name}_mlp")
    y = _dropout(y, dropout_rate, name=f"{name}_mlp_dropout")
    x = keras.layers.Add(name=f"{name}_mlp_add")([x, y])
    return _norm(x, epsilon, name=f"{name}_mlp_norm")


def _pooled(
    x: keras.KerasTensor, is_text: keras.KerasTensor, pooling: str, *, normalized: bool
) -> keras.KerasTensor:
    """Return one vector per text, (B, D)."""
    first = FirstToken(name="first")  # [CLS]
    pooled = MaskedMean(name="mean")(x, is_text) if pooling == "mean" else first(x)
    if pooling == "pooler":
        how = {"activation": "tanh", "kernel_initializer": INITIALIZER, "name": "pooler"}
        pooled = keras.layers.Dense(x.shape[-1], **how)(pooled)
    return keras.layers.UnitNormalization(name="unit_length")(pooled) if normalized else pooled


def _norm(x: keras.KerasTensor, epsilon: float, *, name: str) -> keras.KerasTensor:
    return keras.layers.LayerNormalization(epsilon=epsilon, name=name)(x)


def _dropout(x: keras.KerasTensor, rate: float, *, name: str) -> keras.KerasTensor:
    return keras.layers.Dropout(rate, name=name)(x) if rate else x


@keras.saving.register_keras_serializable(package="kerazoo")
class TokenTypes(keras.layers.Layer):
    """Add a learned vector to each token: one for the tokens of the first text, one for the second.

    A separator belongs to the text that it ends (1810.04805 Fig. 2).

    Args:
        num_types: vectors that there are; further texts take the last one.
        separator_id: of the token that ends a text; None takes all tokens for those of the first.
        **layer_arguments: `name`, `dtype` and the like.
    """

    def __init__(self, num_types: int, separator_id: int | None = None, **layer_arguments: Any):
        super().__init__(**layer_arguments)
        self.num_types, self.separator_id = num_types, separator_id

    def build(self, x_shape, ids_shape):
        """Make the table (num_types, D)."""
        self.embeddings = self.add_weight(
            shape=(self.num_types, x_shape[-1]),
            initializer=keras.initializers.get(INITIALIZER),
            name="embeddings",
        )

    def call(self, x, ids):
        """Return `x` (B, T, D) plus the vectors of the texts that `ids` (B, T) belong to."""
        if self.separator_id is None:
            return x + self.embeddings[0]
        ends = ops.cast(ops.equal(ids, self.separator_id), "int32")
        texts = ops.cumsum(ends, axis=1) - ends  # separators before a token, (B, T)
        return x + ops.take(self.embeddings, ops.minimum(texts, self.num_types - 1), axis=0)

    def compute_output_shape(self, x_shape, ids_shape):
        """Return `x_shape`."""
        return x_shape

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {"num_types": self.num_types, "separator_id": self.separator_id}
        return super().get_config() | own


@keras.saving.register_keras_serializable(package="kerazoo")
class FirstToken(keras.layers.Layer):
    """Take the vector of the first token."""

    def call(self, x):
        """Return (B, D) for `x` (B, T, D)."""
        return x[:, 0]
