"""Causal attention in which several heads share keys and values (2305.13245), with rotary positions.

Axes: B examples, T tokens given now, S tokens attended to, H heads of queries, G heads of keys and
values, K width of a head.
"""

from typing import Any

import keras
from keras import ops

from zoo.layers.attention import cache_in_use, causal_bias
from zoo.layers.rotary import rotated


@keras.saving.register_keras_serializable(package="kerazoo")
class GroupedAttention(keras.layers.Layer):
    """Let every token look at itself and at those before it, H / G heads by the same keys.

    The layer has no weights: `Dense` layers before it give queries, keys and values, one behind it
    mixes the heads. It continues from a `KeyValueCache` in use, which then holds the G heads of keys
    and values. Softmax is computed in float32 under every policy.

    Args:
        num_heads: of queries; divides their last axis.
        num_key_value_heads: divides `num_heads`; None has as many.
        rotary_base: of rotary positions; 0 has none.
        dropout_rate: of the attention weights, [0, 1).
        **layer_arguments: `name`, `dtype` and the like.

    >>> layer = GroupedAttention(4, num_key_value_heads=2, rotary_base=10_000)
    >>> layer(ops.ones((1, 5, 24)), ops.ones((1, 5, 12)), ops.ones((1, 5, 12))).shape
    TensorShape([1, 5, 24])
    """

    def __init__(
        self,
        num_heads: int,
        *,
        num_key_value_heads: int | None = None,
        rotary_base: float = 0.0,
        dropout_rate: float = 0.0,
        **layer_arguments: Any,
    ):
        super().__init__(**layer_arguments)
        self.num_heads, self.num_key_value_heads = num_heads, num_key_value_heads or num_heads
        self.rotary_base, self.dropout_rate = rotary_base, dropout_rate
        self.dropout = keras.layers.Dropout(dropout_rate) if dropout_rate else None

    def call(self, query, keys, values, training: bool = False):
        """Return (B, T, H · K) for queries (B, T, H · K), keys and values (B, T, G · K)."""
        tokens, width = ops.shape(query)[1], query.shape[-1]
        query = _by_head(query, self.num_heads)  # (B, H, T, K)
        keys, values = (_by_head(part, self.num_key_value_heads) for part in (keys, values))
        start, cache = 0, cache_in_use()
        if cache is not None:
            start = cache.position
        if self.rotary_base:
            places = start + ops.arange(tokens)
            query = rotated(query, places, base=self.rotary_base)
            keys = rotated(keys, places, base=self.rotary_base)
        if cache is not None:
            keys, values = cache.extend(self.name, keys, values)  # (B, G, S, K)
        mixed = self._mixed(query, keys, values, start, training)  # (B, H, T, K)
        return ops.reshape(ops.transpose(mixed, (0, 2, 1, 3)), (-1, tokens, width))

    def _mixed(self, query, keys, values, start, training):
        groups, tokens, head = self.num_key_value_heads, ops.shape(query)[2], query.shape[-1]
        shared = self.num_heads // groups
        # Heads that share keys follow each other, so that one product serves all of them.
        query = ops.reshape(query * head**-0.5, (-1, groups, shared * tokens, head))
        scores = ops.matmul(query, ops.swapaxes(keys, -1, -2))  # (B, G, H / G · T, S)
        seen = ops.shape(keys)[2]
        scores = ops.reshape(scores, (-1, groups, shared, tokens, seen))
        scores = ops.cast(scores, "float32") + causal_bias(tokens, seen, start)
        weights = ops.cast(ops.softmax(scores, axis=-1), values.dtype)
        if self.dropout is not None:
            weights = self.dropout(weights, training=training)
        weights = ops.reshape(weights, (-1, groups, shared * tokens, seen))
        return ops.reshape(ops.matmul(weights, values), (-1, self.num_heads, tokens, head))

    def compute_output_shape(self, query_shape, *_):
        """Return the shape of the queries."""
        return query_shape

    def multiply_adds(self, query_shape: tuple[int, ...]) -> int:
        """Return those of scores and mixing for queries (1, T, H · K), masked places included."""
        return 2 * query_shape[1] ** 2 * query_shape[2]

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {
            "num_heads": self.num_heads,
            "num_key_value_heads": self.num_key_value_heads,
            "rotary_base": self.rotary_base,
            "dropout_rate": self.dropout_rate,
        }
        return super().get_config() | own


def _by_head(x: Any, heads: int) -> Any:
    """Return (B, heads, T, K) for (B, T, heads · K)."""
    x = ops.reshape(x, (-1, ops.shape(x)[1], heads, x.shape[-1] // heads))
    return ops.transpose(x, (0, 2, 1, 3))
