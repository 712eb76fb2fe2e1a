"""The maximum over the tokens of a text, without its padding."""

from typing import Any

import keras
from keras import ops

LOWEST = -1e4  # finite also in half precision, so that a row of padding alone is too


@keras.saving.register_keras_serializable(package="kerazoo")
class MaskedMax(keras.layers.Layer):
    """Maximum over the time steps that hold text."""

    def __init__(self, **layer_arguments: Any):
        super().__init__(**layer_arguments)
        self.supports_masking = True  # recurrent layers attach one, which ends here

    def compute_mask(self, *inputs):
        """Return None: the output has no time axis."""

    def call(self, x, is_text):
        """Return (B, D), the maximum of `x` (B, T, D) where `is_text` (B, T) is True."""
        return ops.max(ops.where(is_text[..., None], x, ops.cast(LOWEST, x.dtype)), axis=1)
