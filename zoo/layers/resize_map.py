"""Bilinear resizing inside a network.

`keras.layers.Resizing` is made for images before a network: called without `training`, it switches the
layers behind it to training, and batch norms then move their statistics during inference.
"""

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="kerazoo")
class ResizeMap(keras.layers.Layer):
    """Resize (B, H, W, C) to another height and width, without antialiasing.

    Args:
        size: height and width.
        **layer_arguments: `name`, `dtype` and the like.

    >>> ResizeMap((4, 6))(keras.ops.ones((1, 3, 5, 2))).shape
    TensorShape([1, 4, 6, 2])
    """

    def __init__(self, size: tuple[int, int], **layer_arguments: Any):
        super().__init__(**layer_arguments)
        self.size = tuple(size)

    def call(self, x):
        """Return `x`, resized as PyTorch does without aligned corners."""
        resized = keras.ops.image.resize(
            x, self.size, interpolation="bilinear", data_format="channels_last"
        )
        return keras.ops.cast(resized, x.dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return super().get_config() | {"size": list(self.size)}
