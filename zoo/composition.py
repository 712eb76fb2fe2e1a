"""Build a model by its registry name: backbone, preprocessing, head, weights."""

import numbers
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras

from zoo import registry
from zoo.backbones import head_feature, made_backbone
from zoo.cards import ModelCard, PretrainedCard, WeightCard
from zoo.columns import Label, Text
from zoo.columns.assets import Assets
from zoo.columns.modalities import input_of
from zoo.devices import enough_memory
from zoo.encoder_values import ARGUMENT, encoder_values
from zoo.errors import ArgumentError, WeightsError, unknown_name
from zoo.files import as_path
from zoo.heads.inputs import keras_inputs
from zoo.heads.several import own_logits
from zoo.named_weights import (
    as_published,
    as_recognized,
    as_trained,
    classes_of,
    load_named,
    named_weights,
    split_name,
)
from zoo.tasks.base import Task


def build(
    name: str,
    *,
    input_shape: tuple[int, ...] | None = None,
    num_classes: int | None = None,
    weights: str | Path | None = None,
    preprocessing: bool | Mapping[str, Any] = True,
    task: str | None = None,
    features_only: bool = False,
    seed: int | None = None,
    **arguments: Any,
) -> keras.Model:
    """Build a model by name.

    Args:
        name: "resnet20", "resnet20.fashion_mnist" with its shipped weights, or "resnet50.a1_in1k"
            with published ones, which are fetched once (`zoo list --pretrained`).
        input_shape: without the batch axis, by input for fusions. Texts have any number of tokens.
        num_classes: of the head, or vocabulary size; 0: pooled features (B, D), or a voice's "vector".
        weights: the second part of such a name ("fashion_mnist"), or a file of numbers.
        preprocessing: True takes images 0–255 or waveforms in [-1, 1]; False scaled images or log-mel
            features; {"mean": (0.5,)} overrides single values of `zoo.cards.ImagePreprocessing`.
        task, features_only: the task of the head, or features by name instead of logits.
        seed: of Python, NumPy and the backend, so that initial weights repeat.
        **arguments: the builder's own; `zoo info NAME` lists them.

    Returns:
        A functional model from (B, *input_shape) to logits, (B, num_classes) or (B, T, vocabulary
        size); with `features_only` to features by name. The backbone is its layer "backbone". Fusions
        take NAME and "NAME.present", 1 or 0, of each input; Whisper takes "audio" and "ids".

    Raises:
        UnknownNameError: no such model or weight, or no such task of the model.
        ArgumentError: the builder has no such argument, or a value is not valid.
        WeightsError: the file is missing, damaged, or of another model.

    >>> import zoo
    >>> zoo.build("resnet20", features_only=True).output["stride_4"].shape
    (None, 8, 8, 64)
    """
    base, source = split_name(name, weights)
    card = registry.model_card(base)
    _check(card, input_shape, num_classes, preprocessing, arguments)
    weight, card = _weight(card, source)
    task = _task_name(card, weight, task)
    if isinstance(weight, PretrainedCard):
        card, input_shape, num_classes = as_published(card, weight, input_shape, num_classes)
    elif weight:
        input_shape, arguments = as_trained(weight, input_shape, arguments)
    headless = features_only or num_classes == 0
    classes = num_classes or None if features_only else num_classes
    assets = _assets(card, weight, input_shape, classes, arguments, task=task)
    if seed is not None:
        keras.utils.set_random_seed(seed)
    made = registry.resolve(registry.task_card(task).task)()
    make = _features_model if features_only else _without_own_heads
    model = make(card, made, assets, arguments=arguments, preprocessing=preprocessing)
    if source is not None:
        load_named(model, card, weight or as_path(source), headless, num_classes)
    return model


def _without_own_heads(*parts: Any, **how: Any) -> keras.Model:
    """Return what `assemble` does; of a model of several inputs, the logits of all together alone."""
    model = assemble(*parts, **how)
    if not own_logits(model.output):
        return model
    return keras.Model(model.input, model.output["logits"], name=model.name)


def _weight(
    card: ModelCard, source: str | Path | None
) -> tuple[WeightCard | PretrainedCard | None, ModelCard]:
    """Return the card of the weights, and the model's; that of a known file has its preprocessing."""
    if source is None:
        return None, card
    weight = named_weights(card.name, source)
    return weight, card if weight else as_recognized(card, as_path(source))


def build_for(
    name: str, *, num_classes: int | None = None
) -> tuple[keras.Model, ModelCard, PretrainedCard | None]:
    """Build the model that a file of weights is meant for; nothing is fetched or loaded.

    Args:
        name: of a model, or of published weights, whose arguments and preprocessing then hold.
        num_classes: as `build` takes it.

    Returns:
        The model, its card, and the card of the published weights.
    """
    base, source = split_name(name, None)
    card, weight, shape = registry.model_card(base), None, None
    _check_sizes(card, None, num_classes)
    if source is not None:
        weight = named_weights(base, source)
        if not isinstance(weight, PretrainedCard):
            raise WeightsError(
                f"{name} comes with kerazoo, in kerazoo's own form.",
                expected="a model's name, or that of published weights",
                fix=f"name the model: {base}",
            )
        card, shape, num_classes = as_published(card, weight, None, num_classes)
    arguments: dict[str, Any] = {}
    assets = _assets(card, weight, shape, num_classes, arguments, task=card.tasks[0])
    task = registry.resolve(registry.task_card(card.tasks[0]).task)()
    return assemble(card, task, assets, arguments=arguments), card, weight


def assemble(
    card: ModelCard,
    task: Task,
    assets: Assets,
    *,
    arguments: Mapping[str, Any],
    preprocessing: bool | Mapping[str, Any] = True,
) -> keras.Model:
    """Build a backbone and let the task attach its head.

    Args:
        card: of the model.
        task: gives the head.
        assets: input shapes and classes.
        arguments: of the builder; lists stand for tuples.
        preprocessing: whether to put layers between input and backbone, or their values.
    """
    assets = replace(assets, x=task.adopted(assets.x))  # a model by name knows one text alone
    with enough_memory(f"build {card.name}", lower="its arguments or input_shape"):
        backbone, fronts, assets = made_backbone(
            card, assets, arguments, preprocessing, regularization=task.regularization
        )
        return task.build(
            backbone, assets, fronts, head_feature=head_feature(card, backbone, arguments)
        )


def _features_model(
    card: ModelCard,
    task: Task,
    assets: Assets,
    *,
    arguments: Mapping[str, Any],
    preprocessing: bool | Mapping[str, Any],
) -> keras.Model:
    """Return a model from the inputs of `assets` to the features of the backbone by name."""
    with enough_memory(f"build {card.name}", lower="its arguments or input_shape"):
        backbone, fronts, assets = made_backbone(
            card, assets, arguments, preprocessing, regularization=task.regularization
        )
    inputs = keras_inputs(assets)
    fronted = {name: fronts.get(name, _as_it_is)(tensor) for name, tensor in inputs.items()}
    if len(inputs) == 1:
        (inputs,), (fronted,) = inputs.values(), fronted.values()
    return keras.Model(inputs, backbone(fronted), name="features")


def _as_it_is(tensor: Any) -> Any:
    return tensor


def _task_name(
    card: ModelCard, weight: WeightCard | PretrainedCard | None, task: str | None
) -> str:
    tasks = registry.tasks_of(card)
    if task is not None and task not in tasks:
        raise unknown_name(
            f"task of {card.name}", task, tasks, fix="zoo info shows what a model is for"
        )
    shipped = isinstance(weight, WeightCard)
    trained = weight.resolved_recipe.get("task", {}).get("name") if shipped else None
    if task and trained and task != trained:
        raise WeightsError(
            f"{weight.name} was trained for {trained}, not for {task}.",
            expected=f"task={trained!r}",
            fix="leave task out, or build without weights",
        )
    return task or trained or card.tasks[0]


def _assets(
    card: ModelCard,
    weight: WeightCard | PretrainedCard | None,
    input_shape: tuple[int, ...] | None,
    num_classes: int | None,
    arguments: dict[str, Any],
    *,
    task: str,
) -> Assets:
    """Return the assets of a model that is built by name, without any data."""
    classes = classes_of(card, weight, num_classes)
    writes = registry.resolve(registry.task_card(task).task).writes
    if isinstance(weight, WeightCard):
        trained = Assets.from_weight(weight).with_classes(classes)
        if num_classes == 0 and not writes:  # whatever its targets are, there is no head for them
            trained = replace(trained, y={"label": Label()})
        if input_shape is None:
            return trained
        x = {name: column.shaped(input_shape) for name, column in trained.x.items()}
        return replace(trained, x=x)
    shape = input_shape or card.input_shape
    x = input_of(card, shape if isinstance(shape, Mapping) else tuple(shape))
    if not writes:
        return Assets(x=x, y={"label": Label(classes)})
    if not classes:
        raise ArgumentError(
            f"{card.name} writes texts: its head is its vocabulary.",
            expected="num_classes=1, 2, …",
            fix="features_only=True gives features without a head",
        )
    arguments.setdefault("vocabulary_size", len(classes))
    ids = {"ids": Text()}
    return Assets(x={**x, **ids}, y=ids)


def _check(
    card: ModelCard,
    input_shape: Any,
    num_classes: Any,
    preprocessing: bool | Mapping[str, Any],
    arguments: Mapping[str, Any],
) -> None:
    _check_sizes(card, input_shape, num_classes)
    _check_encoders(card, arguments)
    if not isinstance(preprocessing, bool | Mapping):
        raise ArgumentError(
            f"preprocessing={preprocessing!r} is not True, False or a dictionary.",
            expected='{"scale": 1 / 255, "mean": (0.5,), "deviation": (0.5,)} or a part of it',
            fix="leave it out to take the model's own",
        )


def _check_encoders(card: ModelCard, arguments: Mapping[str, Any]) -> None:
    """Refuse weights of encoders, which are loaded when a training begins."""
    if ARGUMENT not in registry.builder_arguments(card.name):
        return
    for name, values in encoder_values(arguments).items():
        if values.weights:
            raise ArgumentError(
                f"encoders.{name}.weights={values.weights!r} would be ignored: zoo.build makes the "
                "encoders of a fusion with random numbers.",
                fix="zoo.train loads them; its run has the model: run.model",
            )


def _check_sizes(
    card: ModelCard, input_shape: Sequence[int | None] | None, num_classes: int | None
) -> None:
    """Raise ArgumentError unless both are None or valid."""
    own = card.input_shape
    given = own if input_shape is None else input_shape
    several = isinstance(own, Mapping)
    fits = isinstance(given, Mapping) == several and (not several or set(given) <= set(own))
    pairs = [(given[name], own[name]) for name in given] if several and fits else [(given, own)]
    if not fits or not all(_is_shape(one, len(other)) for one, other in pairs):
        raise ArgumentError(
            f"input_shape={input_shape!r} does not suit {card.name}.",
            expected=f"shapes by input, such as {dict(own)}"
            if several
            else f"{len(own)} sizes without the batch axis, such as {own}",
            fix=f"leave input_shape out to take {own}",
        )
    if num_classes is not None and not _is_count(num_classes):
        raise ArgumentError(
            f"num_classes={num_classes!r} is not a valid number of classes.",
            expected="1, 2, …, or 0 for features without a head",
            fix=f"leave num_classes out to take {card.num_classes}",
        )


def _is_shape(value: Any, axes: int) -> bool:
    """Tell whether a value is a shape of so many axes."""
    fits = isinstance(value, tuple | list) and len(value) == axes
    return fits and all(size is None or (_is_count(size) and size > 0) for size in value)


def _is_count(value: Any) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool) and value >= 0
