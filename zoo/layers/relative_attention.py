"""Self-attention by content and by distance (1901.02860 §3.3), which leaves out padding.

Axes: B sounds, T frames, H heads, D width of the model.
"""

import math
from typing import Any

import keras
from keras import ops

from zoo.layers.attention import FAR
from zoo.layers.self_attention import attention_multiply_adds

LONGEST = 10_000.0  # ratio of the longest wavelength to the shortest


@keras.saving.register_keras_serializable(package="kerazoo")
class RelativeAttention(keras.layers.Layer):
    """Let every frame look at all that hold sound, by what they hold and how far away they are.

    `Dense` layers before it give queries, keys and values, one behind it mixes the heads. Its own
    weights are those of the distances: `kernel` makes a key of the sines and cosines of each, and
    `content_bias` and `distance_bias` are added to the queries. Softmax is computed in float32
    under every policy.

    Args:
        num_heads: divides D, which is even.
        **layer_arguments: `name`, `dtype` and the like.

    >>> x = ops.ones((1, 3, 8))
    >>> RelativeAttention(2)(x, x, x, ops.array([[True, True, False]])).shape
    TensorShape([1, 3, 8])
    """

    def __init__(self, num_heads: int, **layer_arguments: Any):
        super().__init__(**layer_arguments)
        self.num_heads = num_heads

    def build(self, query_shape, keys_shape, values_shape, is_sound_shape):
        """Make the kernel (D, D) and the biases (H, D / H)."""
        width = query_shape[-1]
        self.kernel = self.add_weight(
            shape=(width, width), initializer="glorot_uniform", name="kernel"
        )
        by_head = (self.num_heads, width // self.num_heads)
        self.content_bias, self.distance_bias = (
            self.add_weight(shape=by_head, initializer="zeros", name=f"{name}_bias")
            for name in ("content", "distance")
        )

    def call(self, query, keys, values, is_sound):
        """Return (B, T, D) for queries, keys and values (B, T, D), and where there is sound (B, T)."""
        frames, width = ops.shape(query)[1], query.shape[-1]
        part = width // self.num_heads
        query, keys, values = (
            ops.reshape(x, (-1, frames, self.num_heads, part)) for x in (query, keys, values)
        )
        waves = ops.cast(_waves(frames, width), query.dtype)  # (2 T - 1, D)
        distances = ops.reshape(ops.matmul(waves, self.kernel), (-1, self.num_heads, part))
        content = ops.einsum("bihp,bjhp->bhij", query + self.content_bias, keys)
        far = ops.einsum("bihp,rhp->bhir", query + self.distance_bias, distances)
        scores = ops.cast(content + _by_place(far, frames), "float32") / math.sqrt(part)
        scores = scores + ops.where(is_sound, 0.0, FAR)[:, None, None, :]
        weights = ops.cast(ops.softmax(scores, axis=-1), values.dtype)
        return ops.reshape(ops.einsum("bhij,bjhp->bihp", weights, values), (-1, frames, width))

    def compute_output_shape(self, query_shape, keys_shape, values_shape, is_sound_shape):
        """Return (B, T, D)."""
        return query_shape

    def multiply_adds(self, query_shape: tuple[int, ...]) -> int:
        """Return those of one input (1, T, D), padding and all distances included."""
        _, frames, width = query_shape
        scores = attention_multiply_adds((1, frames, 3 * width))
        return scores + (2 * frames - 1) * width * (width + frames)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return super().get_config() | {"num_heads": self.num_heads}


def _waves(frames: Any, width: int) -> Any:
    """Return the sines, then the cosines, of the distances T - 1 … 1 - T, float32 (2 T - 1, D)."""
    distances = ops.cast(ops.arange(frames - 1, -frames, -1), "float32")
    rates = LONGEST ** (-ops.arange(0, width, 2, dtype="float32") / width)  # (D / 2,)
    angles = distances[:, None] * rates
    return ops.concatenate([ops.sin(angles), ops.cos(angles)], axis=-1)


def _by_place(x: Any, frames: Any) -> Any:
    """Turn scores by distance, (B, H, T, 2 T - 1), into scores by place, (B, H, T, T).

    Row i of the result begins at distance i. A column more and another shape move each row by one.
    """
    heads = x.shape[1]
    x = ops.pad(x, [[0, 0], [0, 0], [0, 0], [1, 0]])
    x = ops.reshape(x, (-1, heads, 2 * frames, frames))[:, :, 1:]
    return ops.reshape(x, (-1, heads, frames, 2 * frames - 1))[..., :frames]
