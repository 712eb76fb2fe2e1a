"""Masks: the positions of padded ids that hold text.

Masks are passed from layer to layer as tensors: Keras' implicit ones are lost in any layer that does
not know of them.
"""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kerazoo")
class PaddingMask(keras.layers.Layer):
    """Tell text from padding.

    Args:
        padding_id: that padding has.
        **layer_arguments: `name`, `dtype` and the like.

    >>> PaddingMask()(ops.array([[5, 2, 0]])).tolist()  # doctest: +SKIP
    [[True, True, False]]
    """

    def __init__(self, padding_id: int = 0, **layer_arguments: Any):
        super().__init__(**layer_arguments)
        self.padding_id = padding_id

    def call(self, ids):
        """Return booleans (B, T), False at padding, for ids (B, T)."""
        return ops.not_equal(ids, self.padding_id)

    def compute_output_spec(self, ids):
        """Return booleans of the shape of `ids`."""
        return keras.KerasTensor(ids.shape, dtype="bool")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return super().get_config() | {"padding_id": self.padding_id}
