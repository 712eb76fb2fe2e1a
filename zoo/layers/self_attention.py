"""Self-attention without an order (1706.03762 §3.2): every token looks at all the others.

Axes: … batch and, for windows, their number; T tokens, H heads, D width of the model.
"""

from typing import Any

import keras
from keras import ops


def attend(qkv: Any, num_heads: int, *, bias: Any = None, heads_first: bool = False) -> Any:
    """Return (…, T, D) for queries, keys and values side by side, (…, T, 3 D).

    Args:
        qkv: two axes or more before the last.
        num_heads: divides D.
        bias: added to the scores, broadcast to (…, H, T, T).
        heads_first: the last axis holds queries, keys and values of one head after another, instead
            of the queries of all heads, then their keys, then their values.

    >>> attend(ops.ones((1, 5, 24)), 2).shape
    TensorShape([1, 5, 8])
    """
    width = qkv.shape[-1] // 3
    whole = (-1, *ops.shape(qkv)[1:-1], width)
    parts = _by_head(qkv, num_heads, heads_first=heads_first)
    return ops.reshape(weighted_mean(*parts, bias=bias), whole)


def _by_head(qkv: Any, num_heads: int, *, heads_first: bool = False) -> list[Any]:
    """Return queries, keys and values by head, (…, T, H, D / H) each."""
    around, width = (-1, *ops.shape(qkv)[1:-1]), qkv.shape[-1] // 3
    if heads_first:
        by_head = ops.reshape(qkv, (*around, num_heads, 3 * width // num_heads))
        return ops.split(by_head, 3, axis=-1)
    by_head = (*around, num_heads, width // num_heads)
    return [ops.reshape(part, by_head) for part in ops.split(qkv, 3, axis=-1)]


def weighted_mean(query: Any, keys: Any, values: Any, *, bias: Any = None) -> Any:
    """Return the mean of values by how well their keys answer each query, (…, T, H, V).

    Args:
        query, keys: (…, T, H, K).
        values: (…, T, H, V).
        bias: added to the scores, broadcast to (…, H, T, T).
    """
    weights = ops.cast(attention_weights(query, keys, bias=bias), values.dtype)
    return ops.swapaxes(ops.matmul(weights, ops.swapaxes(values, -2, -3)), -2, -3)


def attention_weights(query: Any, keys: Any, *, bias: Any = None) -> Any:
    """Return what share of each query's attention each key gets, float32 (…, H, T, T).

    Args:
        query, keys, bias: as `weighted_mean`.
    """
    query, keys = (ops.swapaxes(part, -2, -3) for part in (query, keys))
    query = query * query.shape[-1] ** -0.5
    scores = ops.cast(ops.matmul(query, ops.swapaxes(keys, -1, -2)), "float32")  # (…, H, T, T)
    if bias is not None:
        scores = scores + ops.cast(bias, "float32")
    return ops.softmax(scores, axis=-1)


@keras.saving.register_keras_serializable(package="kerazoo")
class SelfAttention(keras.layers.Layer):
    """Let every token look at all tokens.

    The layer has no weights: a `Dense` layer before it gives queries, keys and values side by side,
    one behind it mixes the heads. Softmax is computed in float32 under every policy.

    Args:
        num_heads: divides a third of the input's last axis.
        **layer_arguments: `name`, `dtype` and the like.

    >>> SelfAttention(2)(ops.ones((1, 5, 24))).shape
    TensorShape([1, 5, 8])
    """

    def __init__(self, num_heads: int, **layer_arguments: Any):
        super().__init__(**layer_arguments)
        self.num_heads = num_heads

    def call(self, qkv):
        """Return (…, T, D) for queries, keys and values (…, T, 3 D)."""
        return attend(qkv, self.num_heads)

    def attention_weights(self, qkv):
        """Return the share of each query's attention that each key gets, float32 (…, H, T, T)."""
        query, keys, _ = _by_head(qkv, self.num_heads)
        return attention_weights(query, keys)

    def compute_output_shape(self, input_shape):
        """Return (…, T, D) for (…, T, 3 D)."""
        return (*input_shape[:-1], input_shape[-1] // 3)

    def multiply_adds(self, input_shape: tuple[int, ...]) -> int:
        """Return those of scores and mixing for one input (1, …, T, 3 D)."""
        return attention_multiply_adds(input_shape)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return super().get_config() | {"num_heads": self.num_heads}


def attention_multiply_adds(input_shape: tuple[int, ...]) -> int:
    """Return the multiply-adds of `attend` for one input (1, …, T, 3 D)."""
    total = 2 * input_shape[-2] ** 2 * (input_shape[-1] // 3)
    for size in input_shape[1:-2]:
        total *= size
    return total
