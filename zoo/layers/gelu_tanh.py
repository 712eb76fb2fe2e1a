"""GELU (1606.08415 §2) by its approximation with tanh, which some published weights need."""

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="kerazoo")
def gelu_tanh(x: Any) -> Any:
    """Return GELU of `x`, approximated by tanh.

    >>> float(gelu_tanh(keras.ops.zeros(())))
    0.0
    """
    return keras.activations.gelu(x, approximate=True)
