"""Backbones by card: the builder's arguments, the layers before it, and encoders side by side."""

import contextlib
import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import keras

from zoo import registry
from zoo.cards import ModelCard
from zoo.catalog.multimodal import ENCODERS
from zoo.columns import Column, Vector, is_presence
from zoo.columns.assets import Assets
from zoo.encoder_values import ARGUMENT, EncoderValues, encoder_values
from zoo.errors import ArgumentError, unknown_name
from zoo.heads.towers import Encoder
from zoo.image_sizes import build_at_size
from zoo.preprocessing import front_layers, preprocessing_of
from zoo.regularization import Regularization
from zoo.tasks.base import Front


def made_backbone(
    card: ModelCard,
    assets: Assets,
    arguments: Mapping[str, Any],
    preprocessing: bool | Mapping[str, Any],
    *,
    regularization: Regularization,
    named: bool = False,
) -> tuple[keras.Model, dict[str, Front], Assets]:
    """Return the backbone, the layers before it by input name, and the assets of the whole model.

    Args:
        card: of the model.
        assets: declare the inputs.
        arguments: of the builder, over those of the card.
        preprocessing: whether to put layers before the backbone, or their values.
        regularization: what the layers before it do in training.
        named: call those layers after their input, even if there is one alone.
    """
    builder = registry.resolve(card.builder)
    parameters = inspect.signature(builder).parameters
    registry.check_arguments(card.name, arguments, parameters)
    registry.check_values(card.name, arguments)
    if ARGUMENT in parameters:
        encoders, fronts, assets = _encoders(
            card, assets, arguments, preprocessing, regularization=regularization
        )
        with _as_argument_error(card, arguments, {}):
            made = builder(**{**card.arguments, **arguments, ARGUMENT: encoders})
        return _checked(card, made), fronts, assets
    values = preprocessing if isinstance(preprocessing, Mapping) else None
    fronts = front_layers(preprocessing_of(card, assets, values), regularization, named=named)
    shapes = {name: spec.shape for name, spec in assets.specs()[0].items() if not is_presence(name)}
    with _as_argument_error(card, arguments, shapes):
        taken = {
            name: tuple(fronts[name](keras.KerasTensor((None, *shape))).shape[1:])
            if name in fronts
            else shape
            for name, shape in shapes.items()
        }
    known = {key: size for key, size in assets.sizes.items() if key in parameters}
    if "input_shapes" in parameters:
        known["input_shapes"] = taken
    elif "input_shape" in parameters:
        known["input_shape"] = next(iter(taken.values()))
    if preprocessing is False:
        raw = {name: Vector(taken[name], optional=assets.x[name].optional) for name in fronts}
        fronts, assets = {}, replace(assets, x={**assets.x, **raw})
    with _as_argument_error(card, arguments, known):

        def built(shape: Any) -> keras.Model:
            return builder(**{**card.arguments, **known, "input_shape": shape, **arguments})

        if "input_shape" in known:
            backbone = build_at_size(card, known["input_shape"], built)
        else:
            backbone = builder(**{**card.arguments, **known, **arguments})
    return _checked(card, backbone), fronts, assets


def _encoders(
    card: ModelCard,
    assets: Assets,
    arguments: Mapping[str, Any],
    preprocessing: bool | Mapping[str, Any],
    *,
    regularization: Regularization,
) -> tuple[dict[str, Encoder], dict[str, Front], Assets]:
    """Return the encoder of each input, the layers before them, and the assets of the whole model."""
    asked = encoder_values(arguments)
    for name in asked:
        if name not in assets.x:
            raise unknown_name(
                "input",
                name,
                assets.x,
                fix="name these in model.arguments.encoders, or set model.arguments={} to take the "
                "usual encoders",
            )
    encoders, fronts, x = {}, {}, dict(assets.x)
    for name, column in assets.x.items():
        values = _encoder_of(name, column, asked.get(name))
        encoder, own = registry.model_card(values.name), dict(values.arguments)
        backbone, before, alone = made_backbone(
            encoder,
            replace(assets, x={name: column}),
            own,
            preprocessing,
            regularization=regularization,
            named=True,
        )
        if values.frozen:
            backbone.trainable = False
        modulated = regularization.gradient_modulation_alpha > 0
        encoders[name] = Encoder(backbone, head_feature(encoder, backbone, own), modulated)
        fronts, x = {**fronts, **before}, {**x, **alone.x}
    return encoders, fronts, replace(assets, x=x)


def _encoder_of(name: str, column: Column, asked: EncoderValues | None) -> EncoderValues:
    """Return the encoder of an input, the usual one where none is asked for."""
    if asked is None and column.modality not in ENCODERS:
        raise ArgumentError(
            f"No encoder is known for {name}, a column of {column.word}.",
            fix=f"name one that takes them: model.arguments.encoders.{name}=MODEL",
        )
    values = asked or EncoderValues(ENCODERS[column.modality])
    card = registry.model_card(values.name)
    if column.modality and card.modality != column.modality:
        raise ArgumentError(
            f"{card.name} takes {card.modality}; {name} is a column of {column.word}.",
            expected=f"a model of modality {column.modality}",
            fix=f"zoo list --modality {column.modality} shows them",
        )
    return values


def _checked(card: ModelCard, backbone: Any) -> keras.Model:
    if not isinstance(getattr(backbone, "output", None), dict) or backbone.name != "backbone":
        raise ArgumentError(
            f"{card.builder} does not return a backbone.",
            expected='keras.Model(inputs, {"pooled": …, …}, name="backbone")',
            fix="return its features as a dictionary by name, the deepest last",
        )
    return backbone


@contextlib.contextmanager
def _as_argument_error(
    card: ModelCard, arguments: Mapping[str, Any], known: Mapping[str, Any]
) -> Iterator[None]:
    """Turn what Keras and builders raise into one error; `known` is what the data tells."""
    try:
        yield
    except (TypeError, ValueError, LookupError, ArithmeticError) as error:
        told = " and ".join(f"{key}={value}" for key, value in (*arguments.items(), *known.items()))
        said, expected, fix = _said(error)
        raise ArgumentError(
            f"{card.name} cannot be built" + (f" with {told}" if told else "") + f": {said}",
            expected=expected,
            fix=fix or f"zoo info {card.name} lists the arguments with their defaults",
        ) from error


def _said(error: Exception) -> tuple[str, str | None, str | None]:
    """Return problem, expected and fix of an error, without what Keras puts around a message.

    Keras makes another error of one that a layer raises, of its text alone.

    >>> _said(ValueError("Exception …\\n\\n\\x1b[1mToo small.\\x1b[0m\\n\\nArguments received by A"))
    ('Too small.', None, None)
    """
    text = re.sub(r"\x1b\[[\d;]*m", "", str(error)).partition("\n\nArguments received by")[0]
    text = re.sub(r"^Exception [^\n]*\n\n", "", text)
    text, _, fix = text.partition("\n  to fix:")
    text, _, expected = text.partition("\n  expected:")
    return text.strip(), expected.strip() or None, fix.strip() or None


def head_feature(card: ModelCard, backbone: keras.Model, arguments: Mapping[str, Any]) -> str:
    """Return the feature that the head takes.

    Arguments may give a model other stages than its card declares; the head then takes the deepest.
    """
    declared, built = [feature.name for feature in card.features], list(backbone.output)
    if built == declared or built[-1] == card.head_feature:
        return card.head_feature
    if arguments:
        return built[-1]
    raise ArgumentError(
        f"The backbone of {card.name} does not return the features that its card declares.",
        expected=", ".join(declared),
        fix=f"declare what it returns: {', '.join(built)}",
    )
