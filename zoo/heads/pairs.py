"""The head of two towers: two vectors, compared, to the outputs of a task."""

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kerazoo")
class Compared(keras.layers.Layer):
    """Put two vectors side by side with their distance and their product (1705.02364 Fig. 1).

    A dense layer on this can tell texts that are alike from texts that differ, which it could not
    from the two vectors alone.
    """

    def call(self, u, v):
        """Return [u, v, |u - v|, u * v], (B, 4 D), for two vectors (B, D)."""
        return ops.concatenate([u, v, ops.abs(u - v), u * v], axis=-1)


def pair_head(
    first: Mapping[str, Any],
    second: Mapping[str, Any],
    outputs: int,
    *,
    feature: str | None = None,
    dropout_rate: float = 0.0,
) -> Any:
    """Compare one feature of a backbone for two inputs and map the result to logits.

    Args:
        first, second: named tensors of the backbone for each input, the deepest last: (B, D) or
            (B, T, D), of which the mean is taken.
        outputs: 0 gives what is compared, (B, 4 D).
        feature: the name of the one to take, `head_feature` of the model's card; None takes the
            deepest.
        dropout_rate: before the logits, [0, 1).

    Returns:
        float32 logits, (B, outputs).

    >>> import keras
    >>> u, v = keras.Input((8,)), keras.Input((8,))
    >>> pair_head({"pooled": u}, {"pooled": v}, 3, feature="pooled").shape
    (None, 3)
    """
    name = list(first)[-1] if feature is None else feature
    u, v = first[name], second[name]
    if len(u.shape) == 3:
        pool = keras.layers.GlobalAveragePooling1D(name="head_pool")
        u, v = pool(u), pool(v)  # (B, D) each
    x = Compared(name="head_compare")(u, v)  # (B, 4 D)
    if not outputs:
        return x
    if dropout_rate:
        x = keras.layers.Dropout(dropout_rate, name="head_dropout")(x)
    return keras.layers.Dense(outputs, dtype="float32", name="head_logits")(x)
