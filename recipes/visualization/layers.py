"""The layers of a trained model by path, and what one of them gives for a batch."""

from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from recipes.explanations.layers import recorded
from recipes.runs.run import Run
from zoo.data.pipeline import stack
from zoo.errors import unknown_name


def layers_of(model: keras.Model, prefix: str = "") -> Iterator[tuple[str, keras.layers.Layer]]:
    """Yield the layers with their paths in the order of the graph; those of nested models, too.

    The path of a layer names the models around it: "backbone/stem_conv".
    """
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from layers_of(layer, f"{prefix}{layer.name}/")
        elif not isinstance(layer, keras.layers.InputLayer):
            yield prefix + layer.name, layer


def layer_named(run: Run, name: str) -> tuple[str, keras.layers.Layer]:
    """Return the path and the layer of a path, or of a layer's own name where no other has it.

    Raises:
        UnknownNameError: the model has no such layer, or several.
    """
    layers = dict(layers_of(run.model))
    if name in layers:
        return name, layers[name]
    found = [path for path in layers if path.rpartition("/")[2] == name]
    if len(found) == 1:
        return found[0], layers[found[0]]
    raise unknown_name(f"layer of {run.name}", name, [*layers], fix="give the whole path")


def encoded(run: Run, examples: Iterator[Mapping[str, Any]]) -> dict[str, np.ndarray]:
    """Return examples, as a dataset gives them, as the model takes them: tensor name to (B, …)."""
    rows = [run.task.encode(dict(example), run.assets, None)[0] for example in examples]
    specs = run.assets.specs()[0]
    return {key: stack([row[key] for row in rows], spec) for key, spec in specs.items()}


def output_of(run: Run, layer: keras.layers.Layer, x: Mapping[str, Any]) -> Any:
    """Return what a layer gives for a batch, (B, …); of a layer that is used twice, the first."""
    with recorded(layer) as found:
        run.model(x, training=False)
    return tf.cast(found[0], "float32")


def mean_of_unit(output: Any, unit: int) -> Any:
    """Return the mean over the positions of one channel, (B,)."""
    channel = output[..., unit]
    return tf.reduce_mean(tf.reshape(channel, (tf.shape(channel)[0], -1)), axis=1)


def is_over_time(run: Run) -> bool:
    """Tell whether the input is a curve over time, so that time is drawn to the right."""
    (column,) = run.assets.x.values()
    return len(column.specs()[""].shape) == 1 and column.specs()[""].dtype == "float32"
