"""The weights that a name or a path means, and what they say of a model."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras

from zoo import registry
from zoo.cards import ModelCard, PretrainedCard, WeightCard
from zoo.catalog.classes import class_names
from zoo.columns.assets import Assets
from zoo.errors import ArgumentError, WeightsError, unknown_name
from zoo.files import as_path
from zoo.pretrained.loading import load_file, load_pretrained
from zoo.weights import load_model_weights

_LISTED = "zoo list --weights and zoo list --pretrained show them"


def split_name(name: str, weights: str | Path | None) -> tuple[str, str | Path | None]:
    """Return the model that `name` begins with, and the weights that either of the two names."""
    base, dot, _ = name.partition(".")
    if dot and weights is not None:
        raise ArgumentError(
            f"{name!r} names weights already; weights={str(weights)!r} would be ignored.",
            fix=f"build {base!r} with weights={str(weights)!r}, or leave weights out",
        )
    return base, name if dot else weights


def named_weights(model: str, source: str | Path) -> WeightCard | PretrainedCard | None:
    """Return the card that `source` names, or None where it is a file."""
    text = str(source)
    as_path(text)  # refuses an empty one
    known = registry.weight_cards() | registry.pretrained_cards()
    for name in (text, f"{model}.{text}"):
        if name.startswith(f"{model}.") and name in known:
            return known[name]
    if text.startswith(f"{model}.") or not (Path(text).suffix or Path(text).exists()):
        name = text if text.startswith(f"{model}.") else f"{model}.{text}"
        raise unknown_name("weight", name, known, fix=_LISTED)
    check_not_keras(text)
    return None


def check_not_keras(path: str | Path) -> None:
    """Raise WeightsError for a .keras file, which holds more than numbers."""
    if Path(path).suffix == ".keras":
        raise WeightsError(
            f"{path} is a .keras file; loading one can run code.",
            expected="a safetensors file of numbers",
            fix="load it yourself with keras.saving.load_model if you trust where it came from",
        )


def published_file(model: str, file: Path) -> PretrainedCard | None:
    """Return the published weights of a model that a file is, by its SHA-256; None where it is none."""
    known = [
        (card, getattr(source, "sha256", None) or getattr(source, "sha256_prefix", ""))
        for card in registry.pretrained_cards().values()
        for source in card.sources
        if card.model == model
    ]
    if not any(digits for _, digits in known) or not file.is_file():
        return None
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return next((card for card, digits in known if digits and digest.startswith(digits)), None)


def as_recognized(card: ModelCard, file: Path) -> ModelCard:
    """Return a model's card with the preprocessing of published weights that a file is a copy of."""
    known = published_file(card.name, file)
    return (
        replace(card, preprocessing=known.preprocessing) if known and known.preprocessing else card
    )


def as_published(
    card: ModelCard,
    published: PretrainedCard,
    input_shape: tuple[int, ...] | None = None,
    num_classes: int | None = None,
) -> tuple[ModelCard, tuple[int, ...], int]:
    """Return a model's card with the arguments and preprocessing of published weights.

    Returns:
        The card; the input's shape, by default that of the stated figure; the number of classes, by
        default that of the weights.
    """
    changes = {"arguments": {**card.arguments, **published.arguments}}
    if published.preprocessing is not None:
        changes["preprocessing"] = published.preprocessing
    side = published.resolution
    own = (side, side, card.input_shape[-1]) if side else card.input_shape
    classes = len(class_names(published.classes)) if num_classes is None else num_classes
    if num_classes is None and card.tasks[0] == "language_modeling":
        classes = published.arguments.get("vocabulary_size", card.num_classes)
    return replace(card, **changes), tuple(input_shape or own), classes


def as_trained(
    weight: WeightCard, input_shape: tuple[int, ...] | None, arguments: dict[str, Any]
) -> tuple[tuple[int, ...] | None, dict[str, Any]]:
    """Return input shape and arguments of a model with shipped weights, as they were trained."""
    shape = next(iter(Assets.from_dict(weight.assets).x.values())).shape
    if input_shape is not None and len(shape) == 3 and input_shape[-1] != shape[-1]:
        raise WeightsError(
            f"{weight.name} was trained on {shape[-1]} channel(s), not {input_shape[-1]}.",
            expected=f"input_shape=(H, W, {shape[-1]})",
            fix="leave input_shape out to take the weight's own",
        )
    return input_shape, dict(weight.resolved_recipe["model"]["arguments"]) | arguments


def classes_of(
    card: ModelCard, weight: WeightCard | PretrainedCard | None, num_classes: int | None
) -> tuple[str, ...]:
    """Return the class names of a model that is built by name; their numbers where none are known."""
    if num_classes == 0:
        return ()
    if isinstance(weight, PretrainedCard):
        known = class_names(weight.classes)
        return known if num_classes in (None, len(known)) else tuple(map(str, range(num_classes)))
    if weight:
        classes = Assets.from_dict(weight.assets).classes
        if num_classes not in (None, len(classes)):
            raise WeightsError(
                f"{weight.name} has {len(classes)} classes, not {num_classes}.",
                expected=f"num_classes={len(classes)}, or 0 for features without a head",
                fix="build with num_classes=0 and add a head of your own",
            )
        return classes
    return tuple(map(str, range(card.num_classes if num_classes is None else num_classes)))


def load_named(
    model: keras.Model,
    card: ModelCard,
    source: WeightCard | PretrainedCard | Path,
    headless: bool,
    num_classes: int | None,
) -> None:
    """Load the numbers that a card or a path stands for; without a head, all but the head's."""
    if isinstance(source, PretrainedCard):
        new_head = num_classes != len(class_names(source.classes))
        load_pretrained(model, source, card, headless=headless or new_head)
    elif headless:
        path = source.file if isinstance(source, WeightCard) else source
        load_file(model, path, card, headless=True)
    elif isinstance(source, WeightCard):
        load_model_weights(Path(source.file), model, sha256=source.sha256)
    else:
        load_file(model, source, card)
