"""Transformer encoders of the sizes of BERT-Tiny and BERT-Mini (1810.04805, 1908.08962 Table 1).

Input ids (B, T), T up to `context_length`, 0 is padding -> {"tokens": (B, T, D), "pooled": (B, D)}.
"pooled" is the mean over the tokens that are text. Departures from BERT, all for training from
random numbers: layers are normalized before attention and feed-forward (2002.04745), there are no
token types, and the mean takes the place of the pooler on a first sign of no meaning.
"""

from typing import Any

import keras
from keras import ops

from zoo.layers.masked_mean import MaskedMean
from zoo.layers.masking import PaddingMask

EPSILON = 1e-6  # of layer norms


def transformer_encoder(
    *,
    vocabulary_size: int = 20_000,
    context_length: int = 512,
    num_layers: int = 2,
    num_heads: int = 2,
    hidden_dim: int = 128,
    embedding_dropout_rate: float = 0.0,
    layer_dropout_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone; the defaults are the size of BERT-Tiny.

    Args:
        vocabulary_size: ids that there are, padding included.
        context_length: positions that are learned; longer texts do not fit.
        num_layers: blocks of attention and feed-forward.
        num_heads: of attention; divides `hidden_dim`.
        hidden_dim: of each token's vector; feed-forward layers are four times as wide.
        embedding_dropout_rate: of the normalized embeddings, [0, 1).
        layer_dropout_rate: of what attention and feed-forward add, [0, 1).

    Returns:
        Model from int32 (B, T) to {"tokens": (B, T, hidden_dim), "pooled": (B, hidden_dim)}.

    Raises:
        ValueError: `num_heads` does not divide `hidden_dim`.

    >>> transformer_encoder(vocabulary_size=9).output["pooled"].shape
    (None, 128)
    """
    if hidden_dim % num_heads:
        raise ValueError(f"num_heads={num_heads} does not divide hidden_dim={hidden_dim}")
    layers = keras.layers
    ids = keras.Input((None,), dtype="int32", name="ids")
    mask = PaddingMask(name="mask")(ids)  # (B, T)
    x = layers.Embedding(vocabulary_size, hidden_dim, name="embedding")(ids)  # (B, T, D)
    x = LearnedPositions(context_length, name="positions")(x)
    x = layers.LayerNormalization(epsilon=EPSILON, name="embedding_norm")(x)
    if embedding_dropout_rate:
        x = layers.Dropout(embedding_dropout_rate, name="embedding_dropout")(x)
    seen = layers.Reshape((1, -1), name="attention_mask")(mask)  # (B, 1, T)
    for i in range(1, num_layers + 1):
        x = _block(x, seen, num_heads=num_heads, dropout_rate=layer_dropout_rate, name=f"block{i}")
    x = layers.LayerNormalization(epsilon=EPSILON, name="final_norm")(x)
    pooled = MaskedMean(name="pooled")(x, mask)  # (B, D)
    return keras.Model(ids, {"tokens": x, "pooled": pooled}, name="backbone")


def _block(
    x: keras.KerasTensor,
    seen: keras.KerasTensor,
    *,
    num_heads: int,
    dropout_rate: float,
    name: str,
) -> keras.KerasTensor:
    """Attention and feed-forward, each normalized before and added after; (B, T, D) both ways."""
    layers, hidden_dim = keras.layers, x.shape[-1]
    y = layers.LayerNormalization(epsilon=EPSILON, name=f"{name}_attention_norm")(x)
    attention = layers.MultiHeadAttention(
        num_heads, hidden_dim // num_heads, name=f"{name}_attention"
    )
    y = attention(y, y, attention_mask=seen)
    if dropout_rate:
        y = layers.Dropout(dropout_rate, name=f"{name}_attention_dropout")(y)
    x = layers.Add(name=f"{name}_attention_add")([x, y])
    y = layers.LayerNormalization(epsilon=EPSILON, name=f"{name}_mlp_norm")(x)
    y = layers.Dense(4 * hidden_dim, activation="gelu", name=f"{name}_mlp_in")(y)
    y = layers.Dense(hidden_dim, name=f"{name}_mlp_out")(y)
    if dropout_rate:
        y = layers.Dropout(dropout_rate, name=f"{name}_mlp_dropout")(y)
    return layers.Add(name=f"{name}_mlp_add")([x, y])


@keras.saving.register_keras_serializable(package="kerazoo")
class LearnedPositions(keras.layers.Layer):
    """Add a learned vector to each position, as in 1810.04805.

    Args:
        length: positions that there are.
        **layer_arguments: `name`, `dtype` and the like.
    """

    def __init__(self, length: int, **layer_arguments: Any):
        super().__init__(**layer_arguments)
        self.length = length

    def build(self, input_shape):
        """Make the table (length, D)."""
        self.positions = self.add_weight(
            shape=(self.length, input_shape[-1]),
            initializer=keras.initializers.RandomUniform(-0.05, 0.05),  # as Embedding's own
            name="positions",
        )

    def call(self, x):
        """Return `x` (B, T, D) plus the first T rows of the table."""
        return x + ops.cast(self.positions, x.dtype)[: ops.shape(x)[1]]

    def compute_output_shape(self, input_shape):
        """Return `input_shape`."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return super().get_config() | {"length": self.length}
