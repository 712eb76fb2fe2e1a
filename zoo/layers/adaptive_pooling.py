"""Average pooling to a size of the output, so that layers for one size of image take any."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from zoo.errors import ArgumentError


@keras.saving.register_keras_serializable(package="kerazoo")
class AdaptiveAveragePooling(keras.layers.Layer):
    """Average (B, H, W, C) over `size` windows, (B, height, width, C), as PyTorch's layer does.

    Window i of n covers the positions from floor(i · H / n) up to ceil((i + 1) · H / n). Windows of a
    map that is smaller than `size` overlap. Unlike Keras' own layer, this one takes H and W that are
    only known when it runs.

    Args:
        size: height and width of the output.
        keep_larger: leave an axis as it is where it has at least that many positions.
        **layer_arguments: `name`, `dtype` and the like.

    Raises:
        ArgumentError: a size below 1.

    >>> tuple(AdaptiveAveragePooling((7, 7), keep_larger=True)(ops.ones((1, 2, 9, 3))).shape)
    (1, 7, 9, 3)
    """

    def __init__(self, size: Sequence[int], keep_larger: bool = False, **layer_arguments: Any):
        super().__init__(**layer_arguments)
        if len(size) != 2 or min(size) < 1:
            raise ArgumentError(
                f"AdaptiveAveragePooling cannot pool to size={size!r}.",
                expected="height and width, both at least 1",
                fix="give two whole numbers such as (7, 7)",
            )
        self.size, self.keep_larger = tuple(size), keep_larger

    def call(self, x):
        """Return (B, height, width, C)."""
        for axis, count in enumerate(self.size, start=1):
            if self._is_kept(x.shape[axis], count):
                continue
            length = ops.shape(x)[axis]
            if self.keep_larger:  # a number stays one: JAX has no arrays of a traced length
                known = isinstance(length, int)
                count = max(count, length) if known else ops.maximum(count, length)
            windows = ops.cast(_windows(length, count), x.dtype)  # (count, length)
            x = ops.einsum("bhwc,nh->bnwc" if axis == 1 else "bhwc,nw->bhnc", x, windows)
        return x

    def _is_kept(self, length: int | None, count: int) -> bool:
        return length is not None and (length == count or (self.keep_larger and length > count))

    def compute_output_shape(self, input_shape):
        """Return (B, height, width, C); an axis that may be larger has None where H or W has."""
        sizes = [
            (None if length is None else max(count, length)) if self.keep_larger else count
            for count, length in zip(self.size, input_shape[1:3], strict=True)
        ]
        return (input_shape[0], *sizes, input_shape[3])

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return super().get_config() | {"size": self.size, "keep_larger": self.keep_larger}


def _windows(length, count):
    """Return the weight of each of `length` positions in each of `count` windows."""
    index, position = ops.arange(count, dtype="int32"), ops.arange(length, dtype="int32")
    starts = index * length // count
    ends = ((index + 1) * length + count - 1) // count
    inside = ops.logical_and(position >= starts[:, None], position < ends[:, None])
    inside = ops.cast(inside, "float32")
    return inside / ops.sum(inside, axis=1, keepdims=True)
