"""Self-attention that leaves out padding (1706.03762 §3.2): every token looks at all that is text.

Axes: B texts, T tokens, H heads, D width of the model.
"""

from typing import Any

import keras
from keras import ops

from zoo.layers.attention import FAR
from zoo.layers.self_attention import attention_multiply_adds, weighted_mean


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
        width = query.shape[-1]
        by_head = (-1, ops.shape(query)[1], self.num_heads, width // self.num_heads)
        parts = (ops.reshape(part, by_head) for part in (query, keys, values))
        bias = ops.where(is_text, 0.0, FAR)[:, None, None, :]  # (B, 1, 1, T)
        mixed = weighted_mean(*parts, bias=bias)  # (B, T, H, D / H)
        return ops.reshape(mixed, (-1, ops.shape(query)[1], width))

    def compute_output_shape(self, query_shape, keys_shape, values_shape, is_text_shape):
        """Return (B, T, D)."""
        return query_shape

    def multiply_adds(self, query_shape: tuple[int, ...]) -> int:
        """Return those of scores and mixing for one input (1, T, D), padding included."""
        return attention_multiply_adds((*query_shape[:-1], 3 * query_shape[-1]))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return super().get_config() | {"num_heads": self.num_heads}
