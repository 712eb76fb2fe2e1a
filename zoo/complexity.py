"""Parameters and multiply-adds of a Keras model, counted over its layers."""

import contextlib
import math
from collections.abc import Iterator, Mapping
from typing import Any

import keras
from keras.src.backend.common import global_state

_PENDING = "uninitialized_variables"  # Keras' list of variables that have a shape and no value yet


@contextlib.contextmanager
def shapes_only() -> Iterator[None]:
    """Build models whose variables have shapes but no values, and so take no memory.

    Such a model can be counted and its shapes read, inside the block and after it, but not run.

    >>> with shapes_only():
    ...     model = keras.Sequential([keras.Input((10**6,)), keras.layers.Dense(10**6)])
    >>> count_params(model)
    1000001000000
    """
    before = list(global_state.get_global_attribute(_PENDING, []))
    with keras.StatelessScope(initialize_variables=False):
        try:
            yield
        finally:  # else Keras would make up for it at its next symbolic call
            global_state.set_global_attribute(_PENDING, before)


def count_params(model: keras.Model) -> int:
    """Return trainable and frozen weights without normalization statistics, as papers count."""
    statistics = ("moving_mean", "moving_variance")
    return sum(
        math.prod(variable.shape) for variable in model.weights if variable.name not in statistics
    )


def multiply_adds(
    model: keras.Model,
    *,
    input_shape: tuple[int, ...] | Mapping[str, tuple[int, ...]] | None = None,
) -> int:
    """Return the multiply-adds of matrix products and convolutions for one input.

    Where a model writes about its input, this is for the first token that it writes.

    This counts convolutions, dense and recurrent layers, and layers with a method
    `multiply_adds(input_shape)`. It leaves out normalization, activations, pooling and table look-ups,
    as papers do for FLOPs.

    Args:
        model: functional. Of several inputs, unknown axes of all but the first count 1.
        input_shape: of the first input, without the batch axis, or of several by name; the model's
            own where it is known.

    Raises:
        ValueError: an axis of the first input is neither known nor given, or a layer inside takes
            what has no fixed size.

    >>> model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(3)])
    >>> multiply_adds(model)
    24
    """
    if isinstance(input_shape, Mapping):
        shapes = [input_shape.get(t.name, t.shape[1:]) for t in model.inputs]
        return _of_graph(model, [tuple(size or 1 for size in shape) for shape in shapes])
    shape = tuple(input_shape or model.inputs[0].shape[1:])
    if None in shape:
        raise ValueError(f"{model.name} takes {shape}: give input_shape, such as (64,) tokens")
    others = [tuple(size or 1 for size in tensor.shape[1:]) for tensor in model.inputs[1:]]
    return _of_graph(model, [shape, *others])


def _of_graph(model: keras.Model, shapes: list[tuple[int, ...]]) -> int:
    total = 0

    def call(layer: keras.layers.Layer, *args: Any, **kwargs: Any) -> Any:
        nonlocal total
        output = layer(*args, **kwargs)
        if isinstance(layer, keras.Model):
            tensors = keras.tree.flatten(args[0])
            total += _of_graph(layer, [tuple(tensor.shape[1:]) for tensor in tensors])
        elif kwargs.get("reverse"):  # an embedding that is used as the head
            total += math.prod(args[0].shape[1:]) * output.shape[-1]
        elif args:
            taken = [tuple(tensor.shape) for tensor in keras.tree.flatten(args[0])]
            if any(None in shape for shape in taken):  # such as of texts that are put together
                raise ValueError(f"{layer.name} takes {taken[0]}, whose size is not known")
            total += _layer(layer, taken if isinstance(args[0], list) else taken[0], output)
        return output

    # Walks the graph with the layers as they are, at this input's size; nothing is compiled again.
    keras.models.clone_model(
        keras.Model(model.inputs, model.outputs),
        input_tensors=[
            keras.Input(shape, batch_size=1, dtype=tensor.dtype)
            for shape, tensor in zip(shapes, model.inputs, strict=True)
        ],
        clone_function=lambda layer: layer,
        call_function=call,
    )
    return total


def leaf_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """Return the layers of a model and of the models nested in it, in graph order."""
    leaves = []
    for layer in model.layers:
        leaves += leaf_layers(layer) if isinstance(layer, keras.Model) else [layer]
    return leaves


def _layer(layer: keras.layers.Layer, taken: Any, output: Any) -> int:
    """Count one layer that takes (1, …), or a list of such tensors, and gives `output`."""
    if hasattr(layer, "multiply_adds"):
        return layer.multiply_adds(taken)
    if isinstance(layer, keras.layers.MultiHeadAttention):  # of a sequence to itself
        kernels = sum(math.prod(v.shape) for v in layer.weights if v.name == "kernel")
        heads = layer.num_heads * (layer.key_dim + layer.value_dim)
        return taken[1] * kernels + taken[1] ** 2 * heads
    if isinstance(layer, keras.layers.Bidirectional):
        return _recurrent(layer.forward_layer, taken) + _recurrent(layer.backward_layer, taken)
    if isinstance(layer, keras.layers.LSTM | keras.layers.GRU | keras.layers.SimpleRNN):
        return _recurrent(layer, taken)
    if isinstance(layer, keras.layers.DepthwiseConv2D | keras.layers.DepthwiseConv1D):
        return math.prod(layer.kernel.shape) * math.prod(output.shape[1:-1])
    if isinstance(layer, keras.layers.Dense | keras.layers.Conv1D | keras.layers.Conv2D):
        # kernel (…, C_in / groups, C_out): one multiply-add per weight and output position
        return math.prod(layer.kernel.shape) * math.prod(output.shape[1:-1])
    return 0


def _recurrent(layer: keras.layers.Layer, taken: tuple[int, ...]) -> int:
    cell = layer.cell  # both kernels are used once a step
    return taken[1] * (math.prod(cell.kernel.shape) + math.prod(cell.recurrent_kernel.shape))
