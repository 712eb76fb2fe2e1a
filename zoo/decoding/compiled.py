"""A function of tensors, compiled by the backend."""

from collections.abc import Callable
from typing import Any

import keras


def compiled(function: Callable[..., Any], *, xla: bool = False) -> Callable[..., Any]:
    """Return a function of tensors and nested dictionaries of them that is compiled for each shape.

    Args:
        function: without side effects.
        xla: compile with XLA under TensorFlow too; JAX always does.

    >>> compiled(lambda x: x + 1)(keras.ops.ones(2)).shape
    TensorShape([2])
    """
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.function(function, autograph=False, jit_compile=xla or None)
    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(function)
    return function
