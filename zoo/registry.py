"""Names to cards, and cards to the functions they name; standard library only."""

import fnmatch
import functools
import importlib
import json
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any

from zoo.cards import DatasetCard, ModelCard, TaskCard, WeightCard
from zoo.catalog.datasets import DATASETS
from zoo.catalog.image import MODELS as IMAGE_MODELS
from zoo.catalog.speech import MODELS as SPEECH_MODELS
from zoo.catalog.tasks import TASKS
from zoo.catalog.text import MODELS as TEXT_MODELS
from zoo.errors import ArgumentError, nearest, unknown_name

CATALOG = Path(__file__).parent / "catalog"
MODELS: dict[str, ModelCard] = {
    card.name: card for card in (*IMAGE_MODELS, *TEXT_MODELS, *SPEECH_MODELS)
}


@functools.cache
def measured() -> dict[str, dict[str, Any]]:
    """Return what was measured of each model: `params`, `macs`, `arguments` with types and defaults."""
    return json.loads((CATALOG / "measured.json").read_text(encoding="utf-8"))


def model_card(name: str) -> ModelCard:
    """Return the card of a model, or raise UnknownNameError that names the nearest."""
    if name not in MODELS:
        raise unknown_name("model", name, MODELS, fix="zoo list shows every model")
    return MODELS[name]


def task_card(name: str) -> TaskCard:
    """Return the card of a task, or raise UnknownNameError that names the nearest."""
    cards = {card.name: card for card in TASKS}
    if name not in cards:
        raise unknown_name("task", name, cards, fix="set task.name to one of them")
    return cards[name]


@functools.cache
def weight_cards() -> dict[str, WeightCard]:
    """Return the cards of the weights that ship with the package, by name."""
    cards = {}
    for path in sorted((CATALOG / "weights").glob("*.json")):
        values = json.loads(path.read_text(encoding="utf-8"))
        cards[values["name"]] = WeightCard(
            **values, file=str(path.with_name(f"{values['name']}.safetensors"))
        )
    return cards


def weight_card(name: str) -> WeightCard:
    """Return the card of a shipped weight, or raise UnknownNameError that names the nearest."""
    if name not in weight_cards():
        raise unknown_name("weight", name, weight_cards(), fix="zoo list --weights shows them")
    return weight_cards()[name]


def list_models(
    pattern: str = "*",
    *,
    task: str | None = None,
    modality: str | None = None,
    family: str | None = None,
    weights: bool | str | None = None,
    max_params: int | None = None,
) -> list[str]:
    """Return the names of models that fit every filter, in catalog order.

    Args:
        pattern: shell-style, matched against the whole name ("resnet*").
        task, modality, family: equal to the card's.
        weights: True for models with shipped weights, or the dataset of the weights.
        max_params: largest parameter count at the card's default arguments.

    >>> list_models("resnet*", max_params=300_000)
    ['resnet20']
    """
    shipped = {(card.model, card.dataset) for card in weight_cards().values()}
    names = []
    for card in MODELS.values():
        datasets = {dataset for model, dataset in shipped if model == card.name}
        fits = (
            fnmatch.fnmatchcase(card.name, pattern)
            and (task is None or task in card.tasks)
            and (modality is None or modality == card.modality)
            and (family is None or family == card.family)
            and (not weights or (bool(datasets) if weights is True else weights in datasets))
            and (max_params is None or measured()[card.name]["params"] <= max_params)
        )
        if fits:
            names.append(card.name)
    return names


def list_datasets(
    pattern: str = "*", *, task: str | None = None, modality: str | None = None
) -> list[DatasetCard]:
    """Return the dataset cards that fit every filter; any TFDS name works besides."""
    return [
        card
        for card in DATASETS
        if fnmatch.fnmatchcase(card.name, pattern)
        and (task is None or task == card.task)
        and (modality is None or modality == card.modality)
    ]


def model_info(name: str) -> dict[str, Any]:
    """Return all that is known of a model without building it.

    >>> model_info("resnet20")["params"]
    269722
    """
    card = model_card(name)
    facts = measured()[name]
    return {
        "name": card.name,
        "family": card.family,
        "modality": card.modality,
        "task": card.tasks[0],
        "params": facts["params"],
        "macs": facts["macs"],
        "input_shape": list(card.input_shape),
        "num_classes": card.num_classes,
        "summary": card.summary,
        "paper": card.paper,
        "arxiv": card.arxiv,
        "year": card.year,
        "arguments": facts["arguments"],
        "weights": [weight.name for weight in weight_cards().values() if weight.model == name],
    }


def check_arguments(
    owner: str, given: Iterable[str], known: Collection[str], *, fix: str | None = None
) -> None:
    """Raise ArgumentError for the first of `given` that is not among `known`, naming the nearest."""
    for argument in given:
        if argument not in known:
            near = nearest(argument, known)
            raise ArgumentError(
                f"{owner} has no argument {argument!r}.",
                expected=f"nearest: {', '.join(near)}"
                if near
                else f"one of: {', '.join(known) or 'none'}",
                fix=fix or f"zoo info {owner} lists them",
            )


def resolve(reference: str) -> Callable[..., Any]:
    """Import what a "module:name" string names."""
    module, _, name = reference.partition(":")
    return getattr(importlib.import_module(module), name)
