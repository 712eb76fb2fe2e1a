"""A Keras model of the user's own becomes a card, and is built again from what its card stands for.

The model is split where its head begins: the task's own head takes the place of a last dense layer, and
begins with its numbers. So freezing, fine-tuning and features work as they do for models of the catalog.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from recipes.own.configuration import config_of, foreign_in, rebuilt
from recipes.own.graph import size_of, split
from recipes.values.architecture import Architecture, Known, digest_of, known, remember
from recipes.values.load import load_recipe
from zoo import registry
from zoo.cards import ModelCard
from zoo.data.load import load_dataset
from zoo.errors import ArgumentError, RunError
from zoo.weights import load_into, tensor_keys

HEAD = ("head_logits/0.kernel", "head_logits/1.bias")
_BACKBONE = "backbone/"
_LIVE: dict[str, keras.Model] = {}  # backbones of this process, by name of the card


def give_back(model: keras.Model, folder: Path) -> None:
    """Give a run the model that it was trained from, whose layers its folder does not hold.

    Raises:
        ArgumentError: it is another model.
    """
    name = load_recipe(folder / "recipe.yaml").model.name
    found = known(name)
    if found is None:
        raise ArgumentError(
            f"{folder} is a run of {name}, which needs no model.", fix="leave model out"
        )
    backbone, head = split(model, registry.task_card(found.architecture.task).task)
    if digest_of(config_of(backbone), _outputs(head)) != found.architecture.digest:
        raise ArgumentError(
            f"{model.name} is not the model that {folder} was trained from.",
            expected=f"the same layers with the same arguments as {found.architecture.name}",
            fix="build it as you did then",
        )
    _LIVE[name] = backbone


def build(*, input_shape: tuple[int | None, ...] = (), own: str) -> keras.Model:
    """Return the backbone of a user's own model, with the numbers that it came with.

    Args:
        input_shape: of the data, without the batch axis.
        own: name of its card.

    Raises:
        ArgumentError: the model takes inputs of another shape.
        RunError: the folder of the run does not hold its layers.
    """
    found = known(own)
    architecture, tensors = found.architecture, found.tensors()
    fits = len(input_shape) == len(architecture.input_shape) and all(
        want in (None, size)
        for want, size in zip(architecture.input_shape, input_shape, strict=True)
    )
    if not fits:
        raise ArgumentError(
            f"it takes inputs of the shape {architecture.input_shape}; the data holds {input_shape}.",
            expected="one shape, without the batch axis",
            fix=f"build it with keras.Input({tuple(input_shape)}); images are resized by "
            "task.arguments.image_size",
        )
    if architecture.config is not None:
        backbone = rebuilt(architecture)
    elif own in _LIVE:
        backbone = _cloned(_LIVE[own], architecture)
    else:
        raise RunError(
            f"{architecture.name} has layers that are not Keras' own: "
            f"{', '.join(architecture.foreign)}.",
            expected="the model beside the folder, which holds its numbers alone",
            fix="zoo.load(FOLDER, model=model), with the model built as for training",
        )
    if tensors is not None:
        own_part = {k.removeprefix(_BACKBONE): v for k, v in tensors.items() if k not in HEAD}
        load_into(backbone, own_part)
    return backbone


def _cloned(backbone: keras.Model, architecture: Architecture) -> keras.Model:
    """Return a copy of a model with layers of its own, which keep the precision that they have."""
    policy = keras.config.dtype_policy().name
    if policy != "float32":
        raise ArgumentError(
            f"training.precision={policy} does not reach the layers of {architecture.name} that are "
            f"not Keras' own: {', '.join(architecture.foreign)}.",
            expected="training.precision=float32",
            fix="leave training.precision out",
        )
    return keras.models.clone_model(backbone)


def begin_head(model: keras.Model, name: str, *, outputs: int) -> None:
    """Let the task's head begin with the numbers of the user's own, if the model has one.

    Args:
        model: built, with the head of a task.
        name: of the model's card.
        outputs: that the task needs.

    Raises:
        ArgumentError: the head has another number of outputs.
    """
    found = known(name)
    given = found.architecture.outputs if found else 0
    if not given:
        return
    if given != outputs:
        raise ArgumentError(
            f"The model {found.architecture.name} has {given} outputs; the task needs {outputs} "
            "for this data.",
            expected=f"keras.layers.Dense({outputs}) at its end",
            fix="or let it return features by name, as keras.Model(inputs, {'pooled': x}); the task "
            "adds a head",
        )
    tensors, variables = found.tensors(), tensor_keys(model)
    if not set(HEAD) <= set(variables):
        raise ArgumentError(
            f"The head of this task is not one dense layer, as that of {found.architecture.name} is.",
            fix="let the model return features by name, as keras.Model(inputs, {'pooled': x})",
        )
    for key in HEAD if tensors is not None else ():
        variables[key].assign(tensors[key])


def remembered(model: keras.Model, task: Mapping[str, Any], data: Mapping[str, Any]) -> ModelCard:
    """Make the model known and return its card."""
    card = registry.task_card(task["name"])
    backbone, head = split(model, card.task)
    config = config_of(backbone)
    foreign = tuple(sorted(set(foreign_in(config))))
    shape = tuple(backbone.inputs[0].shape[1:])
    architecture = Architecture(
        name=re.sub(r"^(functional|sequential)_\d+$", r"\1", model.name),  # Keras counts them
        digest=digest_of(config, _outputs(head)),
        task=card.name,
        modality=card.modality or _modality(data),
        input_shape=shape,
        features=tuple((name, *size_of(shape, x.shape)) for name, x in backbone.output.items()),
        outputs=_outputs(head),
        config=None if foreign else config,
        foreign=foreign,
    )
    tensors = {f"{_BACKBONE}{k}": v.numpy() for k, v in tensor_keys(backbone).items()}
    if head is not None:
        tensors |= {k: v.numpy() for k, v in zip(HEAD, (head.kernel, head.bias), strict=True)}
    _LIVE[architecture.model_name] = backbone
    return remember(Known(architecture, tensors))


def _outputs(head: keras.layers.Dense | None) -> int:
    return 0 if head is None else head.units


def _modality(data: Mapping[str, Any]) -> str:
    """Return what the data's input is, for a task that takes any."""
    card = registry.DATASETS.get(data["name"])
    if card is not None:
        return card.modality
    columns = load_dataset(data["name"], **data.get("arguments", {})).features.values()
    return next((column.modality for column in columns if column.modality), "")
