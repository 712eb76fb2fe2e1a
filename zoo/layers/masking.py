"""Masks: the positions of padded ids that hold text.

Masks are passed from layer to layer as tensors: Keras' implicit ones are lost in any layer that does
not know of them.
"""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kerazoo")
class PaddingMask(keras.layers.Layer):
    """Tell text from padding, whose id is 0.

    >>> PaddingMask()(ops.array([[5, 2, 0]])).tolist()  # doctest: +SKIP
    [[True, True, False]]
    """

    def call(self, ids):
        """Return booleans (B, T), False at padding, for ids (B, T)."""
        return ops.not_equal(ids, 0)

    def compute_output_spec(self, ids):
        """Return booleans of the shape of `ids`."""
        return keras.KerasTensor(ids.shape, dtype="bool")
