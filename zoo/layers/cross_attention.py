"""Attention to another sequence (1706.03762 §3.2.3), whose keys and values can be made once and kept.

Axes: B examples, T tokens that look, S places that they look at, H heads, D width of the model.
"""

import math
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kerazoo")
class SplitHeads(keras.layers.Layer):
    """Give every head its part of each token.

    Args:
        num_heads: divides D.
        **layer_arguments: `name`, `dtype` and the like.

    >>> SplitHeads(2)(ops.ones((1, 5, 8))).shape
    TensorShape([1, 2, 5, 4])
    """

    def __init__(self, num_heads: int, **layer_arguments: Any):
        super().__init__(**layer_arguments)
        self.num_heads = num_heads

    def call(self, x):
        """Return (B, H, T, D / H) for tokens (B, T, D)."""
        tokens, width = ops.shape(x)[1], x.shape[-1]
        x = ops.reshape(x, (-1, tokens, self.num_heads, width // self.num_heads))
        return ops.transpose(x, (0, 2, 1, 3))

    def compute_output_shape(self, input_shape):
        """Return (B, H, T, D / H) for (B, T, D)."""
        batch, tokens, width = input_shape
        return batch, self.num_heads, tokens, width // self.num_heads

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return super().get_config() | {"num_heads": self.num_heads}


@keras.saving.register_keras_serializable(package="kerazoo")
class CrossAttention(keras.layers.Layer):
    """Let every token look at all places of another sequence, or of its own.

    The layer has no weights: `Dense` layers before it give queries, keys and values, and `SplitHeads`
    parts them; one behind it mixes the heads. Softmax is computed in float32 under every policy.

    Args:
        **layer_arguments: `name`, `dtype` and the like.

    >>> tokens, places = ops.ones((1, 2, 3, 4)), ops.ones((1, 2, 9, 4))
    >>> CrossAttention()([tokens, places, places]).shape
    TensorShape([1, 3, 8])
    """

    def call(self, inputs):
        """Return (B, T, D) for queries (B, H, T, D / H), keys and values (B, H, S, D / H).

        Where there are fewer keys, (B / K, H, S, D / H), K queries in a row share each of them: texts
        that are written about one input read its keys once.
        """
        query, keys, values = inputs
        _, heads, _, part = query.shape
        tokens = ops.shape(query)[2]
        if query.shape[0] != keys.shape[0]:
            texts = ops.shape(query)[0] // ops.shape(keys)[0]
            query = ops.reshape(query, (-1, texts, heads, tokens, part))
            query = ops.transpose(query, (0, 2, 1, 3, 4))
            query = ops.reshape(query, (-1, heads, texts * tokens, part))  # (B / K, H, K T, D / H)
        scores = ops.matmul(query * part**-0.5, ops.swapaxes(keys, -1, -2))  # (B, H, T, S)
        weights = ops.cast(ops.softmax(ops.cast(scores, "float32"), axis=-1), values.dtype)
        mixed = ops.transpose(ops.matmul(weights, values), (0, 2, 1, 3))  # (B, T, H, D / H)
        return ops.reshape(mixed, (-1, tokens, heads * part))

    def compute_output_shape(self, input_shape):
        """Return (B, T, D) for queries, keys and values."""
        batch, heads, tokens, part = input_shape[0]
        return batch, tokens, heads * part

    def multiply_adds(self, input_shape: list[tuple[int, ...]]) -> int:
        """Return those of scores and mixing for one input, of queries, keys and values."""
        query, keys, _ = input_shape
        return 2 * math.prod(query[1:]) * keys[2]
