"""Self-attention inside windows with a learned bias for each relative place (2103.14030 Eq. 4)."""

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.layers.feed_forward import INITIALIZER
from zoo.layers.self_attention import attend, attention_multiply_adds
from zoo.layers.shifted_windows import border_mask


@keras.saving.register_keras_serializable(package="kerazoo")
class WindowAttention(keras.layers.Layer):
    """Let every place of a window look at the places of the same window.

    Dense layers before and behind it make queries, keys and values, and mix the heads.

    Args:
        num_heads: divides a third of the input's last axis.
        window: height and width.
        size: of the map that the windows were cut from, whole windows.
        shift: of the windows; parts of opposite borders do not see each other.
        heads_first: how the last axis is ordered, see `zoo.layers.self_attention.attend`.
        **layer_arguments: `name`, `dtype` and the like.

    >>> WindowAttention(2, (2, 2), size=(4, 4))(ops.ones((1, 4, 4, 24))).shape
    TensorShape([1, 4, 4, 8])
    """

    def __init__(
        self,
        num_heads: int,
        window: tuple[int, int],
        size: tuple[int, int],
        shift: tuple[int, int] = (0, 0),
        heads_first: bool = False,
        **layer_arguments: Any,
    ):
        super().__init__(**layer_arguments)
        self.num_heads, self.window, self.heads_first = num_heads, tuple(window), heads_first
        self.size, self.shift = tuple(size), tuple(shift)
        self._places = relative_places(self.window)
        self._mask = border_mask(self.size, self.window, self.shift) if any(self.shift) else None

    def build(self, input_shape):
        """Make the table of biases: one row for each difference of two places."""
        high, wide = self.window
        self.relative_bias = self.add_weight(
            shape=((2 * high - 1) * (2 * wide - 1), self.num_heads),
            initializer=INITIALIZER,
            name="relative_bias",
        )

    def call(self, qkv):
        """Return (B, windows, T, D) for queries, keys and values (B, windows, T, 3 D)."""
        bias = ops.take(ops.cast(self.relative_bias, "float32"), self._places, axis=0)
        bias = ops.transpose(bias, (2, 0, 1))[None]  # (1, H, T, T)
        if self._mask is not None:
            bias = bias + self._mask[:, None]  # (windows, H, T, T)
        return attend(qkv, self.num_heads, bias=bias, heads_first=self.heads_first)

    def compute_output_shape(self, input_shape):
        """Return (B, windows, T, D) for (B, windows, T, 3 D)."""
        return (*input_shape[:-1], input_shape[-1] // 3)

    def multiply_adds(self, input_shape: tuple[int, ...]) -> int:
        """Return those of scores and mixing for one input (1, windows, T, 3 D)."""
        return attention_multiply_adds(input_shape)

    def adapted(self, variable: str, array: np.ndarray) -> np.ndarray:
        """Resize the table of another window to this layer's; one without heads last is turned.

        Differences that are near stay as dense as they were: old places are spread in a geometric
        progression, and biases are interpolated between them, as BEiT (2106.08254) and timm do.

        Args:
            variable: name of the table.
            array: (differences, H) of a square window, or (H, down, right), where a difference is that
                of the key to the query instead of the query to the key, as MaxViT has them.

        Raises:
            ValueError: the table is not that of a square window, or of other heads.
        """
        if array.ndim == 3:
            table = np.moveaxis(array[:, ::-1, ::-1], 0, -1)
        else:
            side = math.isqrt(len(array))
            square = array.ndim == 2 and side * side == len(array)
            table = array.reshape(side, side, -1) if square else array
        if table.ndim != 3 or table.shape[-1] != self.num_heads:
            raise ValueError(f"{array.shape} is not a square table for {self.num_heads} heads")
        for axis, part in enumerate(self.window):
            table = np.apply_along_axis(_stretched, axis, table, 2 * part - 1)
        return table.reshape(-1, self.num_heads).astype(array.dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {
            "num_heads": self.num_heads,
            "window": list(self.window),
            "size": list(self.size),
            "shift": list(self.shift),
            "heads_first": self.heads_first,
        }
        return super().get_config() | own


def relative_places(window: tuple[int, int]) -> np.ndarray:
    """Return (T, T): the row of the table for each pair of places.

    >>> relative_places((1, 2)).tolist()
    [[1, 0], [2, 1]]
    """
    high, wide = window
    rows, columns = (axis.reshape(-1) for axis in np.indices((high, wide)))
    down = rows[:, None] - rows[None] + high - 1
    right = columns[:, None] - columns[None] + wide - 1
    return (down * (2 * wide - 1) + right).astype("int32")


def _stretched(values: np.ndarray, new: int) -> np.ndarray:
    """Resize the biases of one axis, whose middle is the difference 0."""
    half = len(values) // 2
    if len(values) == new:
        return values
    low, high = 1.01, 1.5
    while high - low > 1e-6:  # the ratio at which `half` steps reach as far as the new window
        ratio = (low + high) / 2
        reach = (1 - ratio**half) / (1 - ratio)
        low, high = (low, ratio) if reach > new // 2 else (ratio, high)
    steps = np.cumsum(ratio ** np.arange(half))
    places = np.concatenate([-steps[::-1], [0.0], steps])
    return np.interp(np.arange(new) - new // 2, places, values)
