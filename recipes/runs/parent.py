"""The trained weights that a model begins with, brought to its own shapes and its own head."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from zoo.columns.assets import Assets

if TYPE_CHECKING:
    import keras

HEAD = "head_"  # how the names of a head's layers begin


def other_head(assets: Assets, others: Assets) -> bool:
    """Tell whether outputs stand for something else, or inputs differ: a head cannot be kept then."""
    kinds = [{column.kind for column in each.y.values()} for each in (assets, others)]
    if len(assets.x) != len(others.x):  # a text alone, or a pair of texts
        return True
    return assets.outputs != others.outputs or kinds[0] != kinds[1]


def fitted(
    model: "keras.Model", tensors: Mapping[str, np.ndarray], *, new_head: bool
) -> dict[str, np.ndarray]:
    """Return the tensors of a parent as a model takes them.

    Position embeddings and the like are resized to inputs of another size.

    Args:
        model: built.
        tensors: of the parent, by key.
        new_head: take the model's own head as it is.
    """
    from zoo.complexity import leaf_layers
    from zoo.weights import tensor_keys

    variables, tensors = tensor_keys(model), dict(tensors)
    layers = {layer.name: layer for layer in leaf_layers(model)}
    if new_head:
        tensors = {key: tensor for key, tensor in tensors.items() if not key.startswith(HEAD)}
        tensors |= {k: v.numpy() for k, v in variables.items() if k.startswith(HEAD)}
    for key in [key for key in tensors if key in variables]:
        layer, _, variable = key.rpartition("/")
        adapt = getattr(layers.get(layer.rpartition("/")[2]), "adapted", None)
        if adapt and tensors[key].shape != tuple(variables[key].shape):
            tensors[key] = adapt(variable.partition(".")[2], tensors[key])
    return tensors
