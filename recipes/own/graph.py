"""A user's own Keras model: the part before its head, copied, and what its head is."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import keras

from zoo import registry
from zoo.errors import ArgumentError


def size_of(taken: Sequence[int | None], shape: Sequence[int | None]) -> tuple[int | None, int]:
    """Return stride and width of a feature, from the shapes of the input and of the feature."""
    axes = shape[1:-1]
    if not axes:
        return None, shape[-1]
    sizes = [(whole, part) for whole, part in zip(taken, axes, strict=False) if whole and part]
    return (-(-sizes[0][0] // sizes[0][1]) if sizes else 1), shape[-1]


def split(model: keras.Model, task: str) -> tuple[keras.Model, Any]:
    """Return a copy of the part before the head, with features by name, and the last dense layer.

    That is None where the model itself returns features by name.

    Raises:
        ArgumentError: the model cannot be split so.
    """
    _check_graph(model)
    output = _output_of(model)
    if isinstance(output, dict):
        return _copied(model, output), None
    layer, after = output._keras_history.operation, []
    if isinstance(layer, keras.layers.Activation | keras.layers.Softmax):
        after = [_activation_of(layer)]
        layer = layer.input._keras_history.operation
    is_dense = isinstance(layer, keras.layers.Dense) and layer.use_bias
    if not is_dense or len(layer.output.shape) != 2:
        raise ArgumentError(
            f"The model {model.name} ends in {type(layer).__name__} "
            f"with the shape {tuple(layer.output.shape)}.",
            expected="a keras.layers.Dense with a bias, from (B, D) to (B, outputs)",
            fix="or let it return features by name, as keras.Model(inputs, {'pooled': x}); the task "
            "adds a head",
        )
    activations = [name for name in (_activation_of(layer), *after) if name != "linear"]
    dropped = _dropped_activations(task)
    if activations[1:] or not set(activations) <= set(dropped):
        raise ArgumentError(
            f"The last layer of {model.name} has the activation {' and '.join(activations)}.",
            expected=f"no activation{''.join(f', or {name}' for name in dropped)}",
            fix="leave activation out: the loss of the task applies its own",
        )
    return _copied(model, {"features": layer.input}), layer


def _output_of(model: keras.Model) -> Any:
    """Return the output of a model; a sequential one that was never called has no `output`."""
    return model.outputs[0] if isinstance(model, keras.Sequential) else model.output


def _activation_of(layer: keras.layers.Layer) -> str:
    """Return the name of what a layer applies last."""
    if isinstance(layer, keras.layers.Softmax):
        return "softmax"
    return getattr(layer.activation, "__name__", type(layer.activation).__name__)


def _dropped_activations(task: str) -> tuple[str, ...]:
    """Return the activations that the loss of a task applies itself."""
    from zoo.tasks.classification import Classification
    from zoo.tasks.multilabel_classification import MultilabelClassification

    found = registry.resolve(task)
    of = {Classification: "softmax", MultilabelClassification: "sigmoid"}
    return tuple(name for kind, name in of.items() if issubclass(found, kind))


def _check_graph(model: keras.Model) -> None:
    problem = None
    if not type(model).__module__.startswith("keras."):
        problem = f"is a subclass of keras.Model, {type(model).__name__}"
    elif not getattr(model, "inputs", None):
        problem = "says nothing about its input"
    elif len(model.inputs) != 1:
        problem = f"has {len(model.inputs)} inputs"
    elif not isinstance(_output_of(model), dict | keras.KerasTensor):
        problem = f"has {len(model.outputs)} outputs without names"
    if problem:
        raise ArgumentError(
            f"The model {model.name} {problem}.",
            expected="a functional or sequential model with one keras.Input, whose output is a "
            "tensor or features by name",
            fix="inputs = keras.Input(shape); model = keras.Model(inputs, layers(inputs))",
        )


def _copied(model: keras.Model, features: Mapping[str, Any]) -> keras.Model:
    """Return a copy with the same numbers, in which automatic names of layers count from 0.

    Keras counts them over the whole process, so that the same code would give other names.
    """
    (old,) = model.inputs
    part = keras.Model(old, dict(features), name="backbone")
    counts: dict[str, int] = {}

    def copy(operation: Any) -> Any:
        config, kind = operation.get_config(), _snake(type(operation).__name__)
        if re.fullmatch(rf"{kind}(_\d+)?", operation.name):
            counts[kind] = counts.get(kind, -1) + 1
            config["name"] = f"{kind}_{counts[kind]}"
        return type(operation).from_config(config)

    entry = keras.Input(batch_shape=old.shape, dtype=old.dtype, name="input")
    made = keras.models.clone_model(part, input_tensors=entry, clone_function=copy, recursive=True)
    made.set_weights(part.get_weights())
    return made


def _snake(name: str) -> str:
    """Return how Keras makes an automatic name of a class's.

    >>> _snake("GlobalAveragePooling2D"), _snake("Dense")
    ('global_average_pooling2d', 'dense')
    """
    name = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
