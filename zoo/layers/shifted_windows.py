"""Shifted windows (2103.14030 §3.2): attention stays inside windows, and windows move between blocks.

`CutWindows` shifts and cuts, `JoinWindows` puts back. Where windows are shifted, the last ones hold
what was at opposite borders; `border_mask` keeps these parts from seeing each other (Fig. 4).
"""

from typing import Any

import keras
import numpy as np
from keras import ops

FAR = -100.0  # added to scores across a border, as the authors do


def padded(size: tuple[int, int], window: tuple[int, int]) -> tuple[int, int]:
    """Return height and width filled up to whole windows.

    >>> padded((8, 14), (7, 7))
    (14, 14)
    """
    return tuple(-(-side // part) * part for side, part in zip(size, window, strict=True))


def border_mask(
    size: tuple[int, int], window: tuple[int, int], shift: tuple[int, int]
) -> np.ndarray:
    """Return (windows, T, T): 0 between places that were neighbours before the shift, else `FAR`.

    Args:
        size: of the map, whole windows.
        window: of T = height · width places.
        shift: of the windows.
    """
    labels = []
    for side, part, moved in zip(size, window, shift, strict=True):
        label = np.zeros(side, "int32")
        if moved:
            label[-part:] = 1  # the last window: what lay below the windows before it, …
            label[-moved:] = 2  # … and what came round from the other border
        labels.append(label)
    region = 3 * labels[0][:, None] + labels[1][None]  # (H, W)
    cut = region.reshape(size[0] // window[0], window[0], size[1] // window[1], window[1])
    cut = cut.transpose(0, 2, 1, 3).reshape(-1, window[0] * window[1])
    return np.where(cut[:, :, None] == cut[:, None, :], 0.0, FAR).astype("float32")


@keras.saving.register_keras_serializable(package="kerazoo")
class CutWindows(keras.layers.Layer):
    """Shift a map and cut it into windows, (B, H, W, C) -> (B, windows, height · width, C).

    Zeros fill the map up to whole windows.

    Args:
        window: height and width.
        shift: how far the windows are moved down and to the right.
        **layer_arguments: `name`, `dtype` and the like.

    >>> CutWindows((2, 2), (1, 1))(ops.ones((1, 4, 6, 5))).shape
    TensorShape([1, 6, 4, 5])
    """

    def __init__(
        self, window: tuple[int, int], shift: tuple[int, int] = (0, 0), **layer_arguments: Any
    ):
        super().__init__(**layer_arguments)
        self.window, self.shift = tuple(window), tuple(shift)

    def call(self, x):
        """Return the windows of `x`, row by row."""
        if any(self.shift):
            x = ops.roll(x, (-self.shift[0], -self.shift[1]), axis=(1, 2))
        _, height, width, channels = x.shape
        (rows, columns), (high, wide) = padded((height, width), self.window), self.window
        if (rows, columns) != (height, width):
            x = ops.pad(x, ((0, 0), (0, rows - height), (0, columns - width), (0, 0)))
        x = ops.reshape(x, (-1, rows // high, high, columns // wide, wide, channels))
        x = ops.transpose(x, (0, 1, 3, 2, 4, 5))  # (B, rows, columns, height, width, C)
        return ops.reshape(x, (-1, rows // high * (columns // wide), high * wide, channels))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {"window": list(self.window), "shift": list(self.shift)}
        return super().get_config() | own


@keras.saving.register_keras_serializable(package="kerazoo")
class JoinWindows(keras.layers.Layer):
    """Put windows together and shift back: undoes `CutWindows`.

    Args:
        size: of the map, height and width.
        window: as in `CutWindows`.
        shift: as in `CutWindows`.
        **layer_arguments: `name`, `dtype` and the like.

    >>> x = keras.random.uniform((1, 5, 6, 3))
    >>> cut = CutWindows((2, 2), (1, 1))(x)
    >>> bool(ops.all(JoinWindows((5, 6), (2, 2), (1, 1))(cut) == x))
    True
    """

    def __init__(
        self,
        size: tuple[int, int],
        window: tuple[int, int],
        shift: tuple[int, int] = (0, 0),
        **layer_arguments: Any,
    ):
        super().__init__(**layer_arguments)
        self.size, self.window, self.shift = tuple(size), tuple(window), tuple(shift)

    def call(self, x):
        """Return the map of windows `x` (B, windows, height · width, C)."""
        (rows, columns), (high, wide) = padded(self.size, self.window), self.window
        channels = x.shape[-1]
        x = ops.reshape(x, (-1, rows // high, columns // wide, high, wide, channels))
        x = ops.reshape(ops.transpose(x, (0, 1, 3, 2, 4, 5)), (-1, rows, columns, channels))
        x = x[:, : self.size[0], : self.size[1]]
        return ops.roll(x, self.shift, axis=(1, 2)) if any(self.shift) else x

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {"size": list(self.size), "window": list(self.window), "shift": list(self.shift)}
        return super().get_config() | own
