"""The head of verification: one vector of length 1, and its cosines with those known in training."""

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from zoo.heads.classification import classification_head


@keras.saving.register_keras_serializable(package="kerazoo")
class Cosines(keras.layers.Layer):
    """Cosines of vectors of length 1 with one learned direction for each class (1801.07698 §2.1).

    Args:
        units: number of classes.

    >>> Cosines(3)(ops.ones((2, 4)) / 2).shape
    TensorShape([2, 3])
    """

    def __init__(self, units: int, **layer_arguments: Any):
        super().__init__(**layer_arguments)
        self.units = units

    def build(self, input_shape):
        """Make the directions, (D, units); their lengths do not matter."""
        self.kernel = self.add_weight(
            shape=(input_shape[-1], self.units), initializer="glorot_uniform", name="kernel"
        )

    def call(self, vectors):
        """Return the cosines, (B, units), for vectors (B, D) of length 1."""
        return ops.matmul(vectors, ops.normalize(self.kernel, axis=0))

    def compute_output_shape(self, input_shape):
        """Return (B, units)."""
        return *input_shape[:-1], self.units

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return super().get_config() | {"units": self.units}


def vector_head(
    features: Mapping[str, Any],
    known: int,
    *,
    feature: str | None = None,
    dropout_rate: float = 0.0,
) -> dict[str, Any]:
    """Pool one feature of a backbone and divide it by its length.

    Args:
        features: named tensors of a backbone, the deepest last.
        known: classes of training; 0 gives the vector alone.
        feature: the name of the one to take; None takes the deepest.
        dropout_rate: before the division, [0, 1).

    Returns:
        "vector" float32 (B, D) of length 1, and "logits" (B, known), its cosines with a direction for
        each class.

    >>> list(vector_head({"pooled": keras.Input((8,))}, 3))
    ['vector', 'logits']
    """
    x = classification_head(features, 0, feature=feature)
    if dropout_rate:
        x = keras.layers.Dropout(dropout_rate, name="head_dropout")(x)
    x = keras.layers.UnitNormalization(dtype="float32", name="head_vector")(x)
    if not known:
        return {"vector": x}
    return {"vector": x, "logits": Cosines(known, dtype="float32", name="head_cosines")(x)}
