"""The head of contrastive learning: the inputs of an example as vectors of one space, B examples."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import keras
from keras import ops

from zoo.columns.assets import Assets
from zoo.heads.classification import pooled_feature
from zoo.heads.inputs import keras_inputs

LARGEST_SCALE = 100.0  # of the cosines (2103.00020 §2.5)
EMBEDDING = "_embedding"  # behind the name of an input, of its vector
SCALE = "scale"


@keras.saving.register_keras_serializable(package="kerazoo")
class UnitOrZero(keras.layers.Layer):
    """Divide vectors by their length; where an input is absent, give a vector of zeros.

    >>> found = UnitOrZero()(ops.array([[3.0, 4.0], [1.0, 1.0]]), ops.array([1.0, 0.0]))
    >>> [[round(float(value), 2) for value in vector] for vector in found]
    [[0.6, 0.8], [0.0, 0.0]]
    """

    def call(self, vectors, present):
        """Return vectors (B, D) of length 1, or of 0 where `present` (B,) is 0."""
        unit = ops.normalize(vectors, axis=-1)
        return ops.where(ops.expand_dims(present > 0, -1), unit, ops.zeros_like(unit))

    def compute_output_shape(self, vectors_shape, present_shape):
        """Return the shape of the vectors."""
        return vectors_shape


@keras.saving.register_keras_serializable(package="kerazoo")
class LogitScale(keras.layers.Layer):
    """The number that cosines are multiplied by, exp(t) with a learned t (2103.00020 §2.4).

    It is never larger than 100.

    Args:
        temperature: 1 / scale at first, 0.01 or more.

    >>> [round(float(scale), 3) for (scale,) in LogitScale(0.07)(ops.ones((2, 3)))]
    [14.286, 14.286]
    """

    def __init__(self, temperature: float, **layer_arguments: Any):
        super().__init__(**layer_arguments)
        self.temperature = temperature

    def build(self, input_shape):
        """Make t, whose values are cut off after each update."""
        self.log_scale = self.add_weight(
            shape=(),
            initializer=keras.initializers.Constant(-math.log(self.temperature)),
            constraint=_AtMost(math.log(LARGEST_SCALE)),
            name="log_scale",
        )

    def call(self, vectors):
        """Return the scale for each of the vectors (B, D), (B, 1)."""
        ones = ops.ones_like(vectors[:, :1])
        return ones * ops.exp(ops.cast(self.log_scale, ones.dtype))

    def compute_output_shape(self, vectors_shape):
        """Return (B, 1)."""
        return vectors_shape[0], 1

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return super().get_config() | {"temperature": self.temperature}


@keras.saving.register_keras_serializable(package="kerazoo")
class _AtMost(keras.constraints.Constraint):
    """Numbers above a limit become the limit."""

    def __init__(self, limit: float):
        self.limit = limit

    def __call__(self, w):
        return ops.minimum(w, self.limit)

    def get_config(self) -> dict[str, Any]:
        return {"limit": self.limit}


def contrastive_model(
    backbone: keras.Model,
    assets: Assets,
    fronts: Mapping[str, Callable[[Any], Any]],
    *,
    embedding_dim: int,
    temperature: float,
    dropout_rate: float = 0.0,
    name: str,
) -> keras.Model:
    """Return a model to "NAME_embedding" of each input and "scale".

    Args:
        backbone: gives a feature by the name of each input, which depends on that input alone.
        assets: declare the inputs.
        fronts: layers before it, by input name.
        embedding_dim: D, of the space that all inputs are mapped to.
        temperature: at first.
        dropout_rate: before the map, [0, 1).
        name: of the model.

    Returns:
        Model to float32 vectors (B, D) of length 1, of zeros where the input is absent, and the
        number (B, 1) that their cosines are multiplied by.
    """
    inputs = keras_inputs(assets)
    taken = {key: fronts[key](x) if key in fronts else x for key, x in inputs.items()}
    features, outputs = backbone(taken), {}
    for key in assets.x:
        x = pooled_feature(f"{key}_head", features[key])
        if dropout_rate:
            x = keras.layers.Dropout(dropout_rate, name=f"{key}_head_dropout")(x)
        how = {"use_bias": False, "dtype": "float32", "name": f"{key}_projection"}
        x = keras.layers.Dense(embedding_dim, **how)(x)
        unit = UnitOrZero(dtype="float32", name=f"{key}{EMBEDDING}")
        outputs[f"{key}{EMBEDDING}"] = unit(x, inputs[f"{key}.present"])
    scale = LogitScale(temperature, dtype="float32", name=SCALE)
    outputs[SCALE] = scale(next(iter(outputs.values())))
    return keras.Model(inputs, outputs, name=name)


def embeddings_of(outputs: Any) -> dict[str, Any]:
    """Return the vectors of each input by its name."""
    return {k.removesuffix(EMBEDDING): x for k, x in outputs.items() if k.endswith(EMBEDDING)}


def mean_embedding(outputs: Mapping[str, Any]) -> Any:
    """Return the direction of the mean over an example's inputs, (B, D); of a single one its vector."""
    total = keras.layers.Add(name="sum_of_embeddings")([*embeddings_of(outputs).values()])
    return keras.layers.UnitNormalization(dtype="float32", name="embedding")(total)
