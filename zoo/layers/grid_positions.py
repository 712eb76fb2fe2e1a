"""Learned positions of the patches of an image (2010.11929 §3.1), for other sizes resized."""

import math
from typing import Any

import keras
import numpy as np


@keras.saving.register_keras_serializable(package="kerazoo")
class GridPositions(keras.layers.Layer):
    """Add a learned vector to each token by its place.

    Args:
        grid: rows and columns of patches.
        prefix: tokens before them, which have vectors of their own.
        deviation: of the numbers at the start.
        **layer_arguments: `name`, `dtype` and the like.

    >>> GridPositions((2, 2), prefix=1)(keras.ops.ones((1, 5, 3))).shape
    TensorShape([1, 5, 3])
    """

    def __init__(
        self,
        grid: tuple[int, int],
        prefix: int = 0,
        deviation: float = 0.02,
        **layer_arguments: Any,
    ):
        super().__init__(**layer_arguments)
        self.grid, self.prefix, self.deviation = tuple(grid), prefix, deviation

    def build(self, input_shape):
        """Make the table."""
        rows, columns = self.grid
        self.embeddings = self.add_weight(
            shape=(self.prefix + rows * columns, input_shape[-1]),
            initializer=keras.initializers.TruncatedNormal(stddev=self.deviation),
            name="embeddings",
        )

    def call(self, x):
        """Return `x` (B, prefix + rows · columns, D) plus the vectors of its places."""
        return x + keras.ops.cast(self.embeddings, x.dtype)

    def compute_output_shape(self, input_shape):
        """Return `input_shape`."""
        return input_shape

    def adapted(self, variable: str, array: np.ndarray) -> np.ndarray:
        """Resize the table of a square grid, (1, T, D) or (T, D), to this layer's grid.

        Raises:
            ValueError: the tokens make no square.
        """
        array = array.reshape(array.shape[-2:])
        first, patches = array[: self.prefix], array[self.prefix :]
        side = math.isqrt(len(patches))
        if side * side != len(patches) or array.shape[1] != self.embeddings.shape[1]:
            raise ValueError(
                f"{array.shape} is not a square grid of {self.embeddings.shape[1]} numbers each"
            )
        rows, columns = self.grid
        patches = patches.reshape(side, side, -1)
        patches = np.einsum("ri,cj,ijd->rcd", cubic(side, rows), cubic(side, columns), patches)
        return np.concatenate([first, patches.reshape(rows * columns, -1)]).astype(array.dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {"grid": list(self.grid), "prefix": self.prefix, "deviation": self.deviation}
        return super().get_config() | own


def cubic(old: int, new: int) -> np.ndarray:
    """Return the weights (new, old) of bicubic resizing, antialiased where `new` is the smaller.

    Keys' kernel with a = -0.5, stretched by old / new when that is above 1, as PyTorch and PIL do.
    """
    scale = old / new
    centres = (np.arange(new)[:, None] + 0.5) * scale
    x = np.abs(np.arange(old)[None] + 0.5 - centres) / max(scale, 1.0)
    inner = (1.5 * x - 2.5) * x**2 + 1
    outer = ((-0.5 * x + 2.5) * x - 4) * x + 2
    weights = np.where(x < 1, inner, np.where(x < 2, outer, 0.0))
    return weights / weights.sum(axis=1, keepdims=True)
