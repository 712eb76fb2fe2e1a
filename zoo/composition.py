"""Build a model by its registry name: backbone, preprocessing, head, weights."""

import inspect
import numbers
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras

from zoo import registry
from zoo.cards import ModelCard, WeightCard
from zoo.errors import ArgumentError, WeightsError
from zoo.regularization import NONE, Regularization
from zoo.tasks.base import Assets, Front, Spec, Task
from zoo.weights import load_model_weights

MASKS = ("frequency_masks", "frequency_mask_width", "time_masks", "time_mask_width")


def build(
    name: str,
    *,
    input_shape: tuple[int, ...] | None = None,
    num_classes: int | None = None,
    weights: str | Path | None = None,
    preprocessing: bool = True,
    seed: int | None = None,
    **arguments: Any,
) -> keras.Model:
    """Build a model by name.

    Args:
        name: "resnet20", or "resnet20.fashion_mnist" for its shipped weights.
        input_shape: without the batch axis; the card's (or the weight's) by default. Text models
            take any number of tokens.
        num_classes: of the head; 0 gives the pooled features (B, D) without a head. For language
            models the vocabulary size.
        weights: the dataset of a shipped weight ("fashion_mnist") or a safetensors file; None starts
            from random numbers.
        preprocessing: True takes images 0–255 or waveforms in [-1, 1]; False what the backbone
            itself takes: images in [-1, 1], log-mel features (B, frames, bins).
        seed: of Python, NumPy and the backend before building, so that initial weights repeat.
        **arguments: the builder's own; `zoo info NAME` lists them.

    Returns:
        A functional model from (B, *input_shape) to logits (B, num_classes), or (B, T, vocabulary
        size) for language models; the nested layer "backbone" gives named features.

    Raises:
        UnknownNameError: no such model or weight.
        ArgumentError: the builder has no such argument, or a value is not what it should be.
        WeightsError: the file is missing, damaged, or of another model.

    >>> import zoo
    >>> zoo.build("resnet20", input_shape=(28, 28, 1), num_classes=10).output.shape
    (None, 10)
    """
    base, source = _split(name, weights)
    card = registry.model_card(base)
    _check_sizes(card, input_shape, num_classes)
    weight = _shipped(base, source) if source is not None else None
    if weight:
        input_shape, arguments = _as_trained(weight, input_shape, arguments)
    assets = _assets(card, weight, input_shape, num_classes, arguments)
    task = registry.resolve(registry.task_card(card.tasks[0]).task)()
    if seed is not None:
        keras.utils.set_random_seed(seed)
    model = assemble(card, task, assets, arguments=arguments, preprocessing=preprocessing)
    if weight:
        _load_shipped(model, weight, headless=num_classes == 0)
    elif source is not None:
        load_model_weights(Path(source), model)
    return model


def assemble(
    card: ModelCard,
    task: Task,
    assets: Assets,
    *,
    arguments: Mapping[str, Any],
    preprocessing: bool = True,
) -> keras.Model:
    """Build a backbone and let the task attach its head.

    Args:
        card: of the model.
        task: gives the head.
        assets: input shapes and classes.
        arguments: of the builder; lists stand for tuples.
        preprocessing: put the modality's front layers between input and backbone.
    """
    builder = registry.resolve(card.builder)
    parameters = inspect.signature(builder).parameters
    registry.check_arguments(card.name, arguments, parameters)
    (name,) = assets.x  # every task so far takes one input
    front = fronts(assets, task.regularization)
    shape = assets.x[name].shape
    taken = tuple(front[name](keras.KerasTensor((None, *shape))).shape[1:]) if front else shape
    known = {key: size for key, size in assets.sizes.items() if key in parameters}
    if "input_shape" in parameters:
        known["input_shape"] = taken
    if not preprocessing:
        front, assets = {}, replace(assets, x={name: replace(assets.x[name], shape=taken)})
    try:
        backbone = builder(**known | dict(arguments))
    except (TypeError, ValueError) as error:
        told = ", ".join(f"{key}={value}" for key, value in known.items())
        raise ArgumentError(
            f"{card.name} cannot be built with {dict(arguments)} for {told}: {error}",
            fix=f"zoo info {card.name} lists the arguments with their defaults",
        ) from error
    return task.build(backbone, assets, front)


def fronts(assets: Assets, regularization: Regularization = NONE) -> dict[str, Front]:
    """Return what turns raw inputs into what backbones take, by input name.

    Pixels 0–255 become [-1, 1]. Waveforms become log-mel features as `assets.extra["front"]` says,
    and SpecAugment masks them in training where `regularization` asks for it.
    """
    if "image" in assets.x:
        return {"image": keras.layers.Rescaling(1 / 127.5, offset=-1, name="preprocessing")}
    if "audio" not in assets.x:
        return {}
    from zoo.layers.log_mel import LogMel
    from zoo.layers.spec_augment import SpecAugment

    layers = [LogMel(**assets.extra["front"], name="log_mel")]
    masks = {name: getattr(regularization, name) for name in MASKS}
    if masks["frequency_masks"] or masks["time_masks"]:
        layers.append(SpecAugment(**masks, name="spec_augment"))

    def front(audio: Any) -> Any:
        for layer in layers:
            audio = layer(audio)
        return audio

    return {"audio": front}


def _assets(
    card: ModelCard,
    weight: WeightCard | None,
    input_shape: tuple[int, ...] | None,
    num_classes: int | None,
    arguments: dict[str, Any],
) -> Assets:
    """Return the assets of a model that is built by name, without any data."""
    classes = _classes(card, weight, num_classes)
    if weight:
        trained = Assets.from_dict(weight.assets)
        (name,) = trained.x
        x = {name: replace(trained.x[name], shape=input_shape)} if input_shape else trained.x
        return replace(trained, x=x, classes=classes)
    shape = tuple(input_shape or card.input_shape)
    y = {"label": Spec((), "int64")}
    if card.modality == "image":
        return Assets(x={"image": Spec(shape, "uint8")}, y=y, classes=classes)
    if card.modality == "speech":
        front = {"front": dict(card.front)}
        return Assets(x={"audio": Spec(shape, "float32")}, y=y, classes=classes, extra=front)
    x = {"ids": Spec((None,), "int32")}
    if card.tasks[0] != "language_modeling":
        return Assets(x=x, y=y, classes=classes)
    if not classes:
        raise ArgumentError(
            f"{card.name} is a language model: its head is its vocabulary.",
            expected="num_classes=1, 2, …",
            fix='take model.get_layer("backbone") for features without a head',
        )
    arguments.setdefault("vocabulary_size", len(classes))
    return Assets(x=x, y={"ids": x["ids"]})


def _split(name: str, weights: str | Path | None) -> tuple[str, str | Path | None]:
    """Return the model that `name` begins with, and the weights that one of the two names."""
    base, dot, _ = name.partition(".")
    if dot and weights is not None:
        raise ArgumentError(
            f"{name!r} names weights already; weights={str(weights)!r} would be left out.",
            fix=f"build {base!r} with weights={str(weights)!r}, or leave weights out",
        )
    return base, name if dot else weights


def _shipped(model: str, source: str | Path) -> WeightCard | None:
    """Return the card that `source` names, or None where it is a file."""
    text = str(source)
    if text.startswith(f"{model}."):
        return registry.weight_card(text)
    if f"{model}.{text}" in registry.weight_cards():
        return registry.weight_card(f"{model}.{text}")
    if not Path(text).suffix and not Path(text).exists():
        return registry.weight_card(f"{model}.{text}")  # raises, naming the nearest
    if Path(text).suffix == ".keras":
        raise WeightsError(
            f"{text} is a .keras file; loading one can run code.",
            expected="a safetensors file of numbers",
            fix="load it yourself with keras.saving.load_model if you trust where it came from",
        )
    return None


def _as_trained(
    weight: WeightCard, input_shape: tuple[int, ...] | None, arguments: dict[str, Any]
) -> tuple[tuple[int, ...] | None, dict[str, Any]]:
    shape = tuple(next(iter(weight.assets["x"].values()))["shape"])
    if input_shape is not None and len(shape) == 3 and input_shape[-1] != shape[-1]:
        raise WeightsError(
            f"{weight.name} was trained on {shape[-1]} channel(s), not {input_shape[-1]}.",
            expected=f"input_shape=(H, W, {shape[-1]})",
            fix="leave input_shape out to take the weight's own",
        )
    return input_shape, dict(weight.resolved_recipe["model"]["arguments"]) | arguments


def _check_sizes(
    card: ModelCard, input_shape: Sequence[int | None] | None, num_classes: int | None
) -> None:
    """Raise ArgumentError unless both are None or what they should be."""
    sizes = card.input_shape if input_shape is None else input_shape
    fits = isinstance(sizes, tuple | list) and len(sizes) == len(card.input_shape)
    if not fits or not all(size is None or (_is_count(size) and size > 0) for size in sizes):
        raise ArgumentError(
            f"input_shape={input_shape!r} does not suit {card.name}.",
            expected=f"{len(card.input_shape)} sizes without the batch axis, "
            f"such as {card.input_shape}",
            fix=f"leave input_shape out to take {card.input_shape}",
        )
    if num_classes is not None and not _is_count(num_classes):
        raise ArgumentError(
            f"num_classes={num_classes!r} is no number of classes.",
            expected="1, 2, …, or 0 for features without a head",
            fix=f"leave num_classes out to take {card.num_classes}",
        )


def _is_count(value: Any) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool) and value >= 0


def _classes(
    card: ModelCard, weight: WeightCard | None, num_classes: int | None
) -> tuple[str, ...]:
    if num_classes == 0:
        return ()
    if weight:
        classes = tuple(weight.assets["classes"])
        if num_classes not in (None, len(classes)):
            raise WeightsError(
                f"{weight.name} has {len(classes)} classes, not {num_classes}.",
                expected=f"num_classes={len(classes)}, or 0 for features without a head",
                fix="build with num_classes=0 and add a head of your own",
            )
        return classes
    return tuple(map(str, range(card.num_classes if num_classes is None else num_classes)))


def _load_shipped(model: keras.Model, weight: WeightCard, *, headless: bool) -> None:
    from zoo.weights import load_into, read_tensors

    tensors, _ = read_tensors(Path(weight.file), sha256=weight.sha256)
    if headless:  # features only: the head's numbers are not needed
        tensors = {key: value for key, value in tensors.items() if not key.startswith("head_")}
    load_into(model, tensors)
