"""Self-attention that leaves out padding (1706.03762 §3.2): every token looks at all that is text.

Axes: B texts, T tokens, H heads, D width of the model.
"""

from typing import Any

import keras
from keras import ops

from zoo.layers.attention import FAR
from zoo.layers.self_attention import (
    attention_multiply_adds,
    attention_weights,
    weighted_mean,
)


@keras.saving.register_keras_serializable(package="kerazoo")
class PaddedAttention(keras.layers.Layer):
    """Let every token look at all tokens that are text.

    The layer has no weights: three `Dense` layers before it give queries, keys and values, one behind
    it mixes the heads. Softmax is computed in float32 under every policy.

    Args:
        num_heads: divides D.
        **layer_arguments: `name`, `dtype` and the like.

    >>> x = ops.ones((1, 3, 8))
    >>> PaddedAttention(2)(x, x, x, ops.array([[True, True, False]])).shape
    TensorShape([1, 3, 8])
    """

    def __init__(self, num_heads: int, **layer_arguments: Any):
        super().__init__(**layer_arguments)
        self.num_heads = num_heads

    def call(self, query, keys, values, is_text):
        """Return (B, T, D) for queries, keys and values (B, T, D), and where there is text (B, T)."""
        parts = (self._by_head(part) for part in (query, keys, values))
        mixed = weighted_mean(*parts, bias=_without_padding(is_text))  # (B, T, H, D / H)
        return ops.reshape(mixed, (-1, ops.shape(query)[1], query.shape[-1]))

    def attention_weights(self, query, keys, values, is_text):
        """Return the share of each query's attention that each key gets, float32 (B, H, T, T)."""
        bias = _without_padding(is_text)
        return attention_weights(self._by_head(query), self._by_head(keys), bias=bias)

    def _by_head(self, x):
        return ops.reshape(x, (-1, ops.shape(x)[1], self.num_heads, x.shape[-1] // self.num_heads))

    def compute_output_shape(self, query_shape, keys_shape, values_shape, is_text_shape):
        """Return (B, T, D)."""
        return query_shape

    def multiply_adds(self, query_shape: tuple[int, ...]) -> int:
        """Return those of scores and mixing for one input (1, T, D), padding included."""
        return attention_multiply_adds((*query_shape[:-1], 3 * query_shape[-1]))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return super().get_config() | {"num_heads": self.num_heads}


def _without_padding(is_text):
    """Return what is added to scores (B, 1, 1, T) so that padding gets no attention."""
    return ops.where(is_text, 0.0, FAR)[:, None, None, :]
