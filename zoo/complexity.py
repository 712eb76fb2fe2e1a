"""Parameters and multiply-adds of a Keras model, counted over its layers."""

import math

import keras


def count_params(model: keras.Model) -> int:
    """Return trainable and frozen weights without normalization statistics, as papers count."""
    statistics = ("moving_mean", "moving_variance")
    return sum(
        math.prod(variable.shape) for variable in model.weights if variable.name not in statistics
    )


def multiply_adds(model: keras.Model) -> int:
    """Return the multiply-adds of convolutions and dense layers for one input.

    Normalization, activations and pooling are left out, as in the figures that papers call FLOPs.

    Args:
        model: functional, with known spatial sizes.
    """
    return sum(_layer(layer) for layer in leaf_layers(model))


def leaf_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """Return the layers of a model and of the models nested in it, in graph order."""
    leaves = []
    for layer in model.layers:
        leaves += leaf_layers(layer) if isinstance(layer, keras.Model) else [layer]
    return leaves


def _layer(layer: keras.layers.Layer) -> int:
    if isinstance(layer, keras.layers.Dense):
        # the kernel is used once for every position before the last axis
        return math.prod(layer.kernel.shape) * math.prod(layer.output.shape[1:-1])
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        return math.prod(layer.kernel.shape) * math.prod(layer.output.shape[1:3])
    if isinstance(layer, keras.layers.Conv1D | keras.layers.Conv2D):
        # kernel (…, C_in / groups, C_out): one multiply-add a weight and output position
        return math.prod(layer.kernel.shape) * math.prod(layer.output.shape[1:-1])
    return 0
