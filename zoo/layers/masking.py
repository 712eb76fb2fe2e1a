"""Masks: the positions of padded ids that hold text, and the frames of padded sounds that hold any.

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


@keras.saving.register_keras_serializable(package="kerazoo")
class FrameMask(keras.layers.Layer):
    """Tell the frames of a sound from padding behind them: frames that are 0 in all bins.

    Args:
        stride: frames from one position of the mask to the next.
        **layer_arguments: `name`, `dtype` and the like.

    >>> features = ops.array([[[1.0], [0.0], [2.0], [0.0]]])
    >>> FrameMask()(features).tolist()  # doctest: +SKIP
    [[True, True, True, False]]
    """

    def __init__(self, stride: int = 1, **layer_arguments: Any):
        super().__init__(**layer_arguments)
        self.stride = stride

    def call(self, features):
        """Return booleans (B, T / stride, rounded up) for features (B, T, bins)."""
        held = ops.any(features != 0, axis=-1)  # (B, T)
        places = ops.arange(1, ops.shape(held)[1] + 1, dtype="int32")
        frames = ops.max(ops.where(held, places, 0), axis=1, keepdims=True)  # (B, 1)
        return (places <= frames)[:, :: self.stride]

    def compute_output_spec(self, features):
        """Return booleans without the axis of the bins."""
        batch, frames = features.shape[:2]
        size = None if frames is None else -(-frames // self.stride)
        return keras.KerasTensor((batch, size), dtype="bool")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return super().get_config() | {"stride": self.stride}
