"""Causal self-attention (1706.03762 §3.2) that can cache keys and values during generation.

Axes: B examples, T tokens given now, S tokens attended to, H heads, D width of the model.
"""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any, final

import keras
import numpy as np
from keras import ops

FAR = -1e9  # added to the scores of what must not be seen; finite, so that no row is NaN


@final
class KeyValueCache:
    """The keys and values that attention layers have seen so far, by the layer's name.

    Inside `with cache.used():` a model of `CausalSelfAttention` and `PositionEmbedding` layers takes
    only the tokens that are new, and every layer adds their keys and values here. The arrays have
    one size from the start, so that a compiled step serves all positions.

    Args:
        position: how many tokens came before those given now, an integer scalar (a tensor in
            compiled code).
        length: of the arrays: tokens that there is room for.
        arrays: layer name to keys and values, (B, H, length, D / H) each; empty at the start.

    >>> layer, qkv = CausalSelfAttention(1, name="attention"), ops.ones((1, 3, 6))
    >>> cache = KeyValueCache(position=0, length=4)
    >>> with cache.used():
    ...     first = layer(qkv)
    >>> cache.arrays["attention"][0].shape
    TensorShape([1, 1, 4, 2])
    """

    def __init__(
        self, *, position: Any, length: int, arrays: dict[str, tuple[Any, Any]] | None = None
    ):
        self.position, self.length, self.arrays = position, length, dict(arrays or {})

    @contextlib.contextmanager
    def used(self) -> Iterator[None]:
        """Let the layers that this thread calls meanwhile continue from this cache."""
        token = _CACHE.set(self)
        try:
            yield
        finally:
            _CACHE.reset(token)

    def extend(self, name: str, keys: Any, values: Any) -> tuple[Any, Any]:
        """Put new keys and values (B, H, T, D / H) behind those of layer `name`; return all."""
        if name not in self.arrays:
            batch, heads, _, width = ops.shape(keys)
            empty = ops.zeros((batch, heads, self.length, width), keys.dtype)
            self.arrays[name] = (empty, empty)
        start = (0, 0, self.position, 0)
        new = zip(self.arrays[name], (keys, values), strict=True)
        self.arrays[name] = tuple(ops.slice_update(old, start, part) for old, part in new)
        return self.arrays[name]


_CACHE: ContextVar[KeyValueCache | None] = ContextVar("key_value_cache", default=None)


def cache_in_use() -> KeyValueCache | None:
    """Return the cache that layers of this thread continue from, or None where there is none."""
    return _CACHE.get()


@keras.saving.register_keras_serializable(package="kerazoo")
class CausalSelfAttention(keras.layers.Layer):
    """Let every token look at itself and at those before it.

    The layer has no weights: a `Dense` layer before it gives queries, keys and values side by side,
    one behind it mixes the heads. Softmax is computed in float32 under every policy.

    Args:
        num_heads: divides a third of the input's last axis.
        dropout_rate: of the attention weights, [0, 1).
        **layer_arguments: `name`, `dtype` and the like.

    >>> CausalSelfAttention(2)(ops.ones((1, 5, 24))).shape
    TensorShape([1, 5, 8])
    """

    def __init__(self, num_heads: int, dropout_rate: float = 0.0, **layer_arguments: Any):
        super().__init__(**layer_arguments)
        self.num_heads, self.dropout_rate = num_heads, dropout_rate
        self.dropout = keras.layers.Dropout(dropout_rate) if dropout_rate else None

    def call(self, qkv, training: bool = False):
        """Return (B, T, D) for queries, keys and values (B, T, 3 D)."""
        tokens, width = ops.shape(qkv)[1], qkv.shape[-1] // 3
        # Split, not sliced: the gradient of three slices adds up three padded arrays.
        query, keys, values = (self._heads(part) for part in ops.split(qkv, 3, axis=-1))
        start, cache = 0, _CACHE.get()
        if cache is not None:
            start = cache.position
            keys, values = cache.extend(self.name, keys, values)  # (B, H, S, D / H)
        query = query * (width // self.num_heads) ** -0.5
        scores = ops.matmul(query, ops.swapaxes(keys, -1, -2))  # (B, H, T, S)
        scores = ops.cast(scores, "float32") + causal_bias(tokens, ops.shape(keys)[2], start)
        weights = ops.cast(ops.softmax(scores, axis=-1), qkv.dtype)
        if self.dropout is not None:
            weights = self.dropout(weights, training=training)
        mixed = ops.transpose(ops.matmul(weights, values), (0, 2, 1, 3))  # (B, T, H, D / H)
        return ops.reshape(mixed, (-1, tokens, width))

    def _heads(self, x):
        tokens, width = ops.shape(x)[1], x.shape[-1]
        x = ops.reshape(x, (-1, tokens, self.num_heads, width // self.num_heads))
        return ops.transpose(x, (0, 2, 1, 3))

    def compute_output_shape(self, input_shape):
        """Return (B, T, D) for (B, T, 3 D)."""
        return (*input_shape[:-1], input_shape[-1] // 3)

    def multiply_adds(self, input_shape: tuple[int, ...]) -> int:
        """Return those of scores and mixing for one input (1, T, 3 D), masked places included."""
        return 2 * input_shape[1] ** 2 * (input_shape[2] // 3)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {"num_heads": self.num_heads, "dropout_rate": self.dropout_rate}
        return super().get_config() | own


def causal_bias(tokens: Any, seen: Any, start: Any) -> Any:
    """Return (T, S): 0 where token `start + t` may look at token s, `FAR` where not."""
    if all(isinstance(size, int) for size in (tokens, seen, start)):
        return np.where(np.tri(tokens, seen, start, dtype="bool"), 0.0, FAR).astype("float32")
    now = start + ops.arange(tokens)[:, None]
    return ops.where(ops.arange(seen)[None] <= now, 0.0, FAR)


@keras.saving.register_keras_serializable(package="kerazoo")
class PositionEmbedding(keras.layers.Layer):
    """Add a learned vector to each token by its position, counted on from a cache in use.

    Args:
        length: positions that there are; more tokens raise an error.
        initializer: of the table (length, D).
        offset: row of the first token; those before it are not used.
        **layer_arguments: `name`, `dtype` and the like.
    """

    def __init__(
        self,
        length: int,
        initializer: Any = "uniform",
        offset: int = 0,
        **layer_arguments: Any,
    ):
        super().__init__(**layer_arguments)
        self.length, self.initializer = length, keras.initializers.get(initializer)
        self.offset = offset

    def build(self, input_shape):
        """Make the table."""
        self.embeddings = self.add_weight(
            shape=(self.length, input_shape[-1]), initializer=self.initializer, name="embeddings"
        )

    def call(self, x):
        """Return `x` (B, T, D) plus the vectors of its positions."""
        tokens, cache = ops.shape(x)[1], _CACHE.get()
        if cache is None:
            return x + self.embeddings[self.offset : self.offset + tokens]
        places = self.offset + cache.position + ops.arange(tokens)
        return x + ops.take(self.embeddings, places, axis=0)

    def compute_output_shape(self, input_shape):
        """Return `input_shape`."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {
            "length": self.length,
            "initializer": keras.initializers.serialize(self.initializer),
            "offset": self.offset,
        }
        return super().get_config() | own
