"""Find cards by name, and the functions that they name; standard library only."""

import dataclasses
import fnmatch
import functools
import importlib
import json
import math
import numbers
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from zoo.cards import ColumnCard, DatasetCard, ModelCard, PretrainedCard, TaskCard, WeightCard
from zoo.errors import ArgumentError, nearest, unknown_name
from zoo.metrics.base import Metric, metric_named
from zoo.shelves import MODELS, SHELVES, origin_of
from zoo.signatures import declared, signed

CATALOG = Path(__file__).parent / "catalog"
TASKS, DATASETS, COLUMNS = (SHELVES[kind] for kind in (TaskCard, DatasetCard, ColumnCard))
_OWN = "your own cards must be registered with zoo.register first, or their package installed"


@functools.cache
def measured() -> dict[str, dict[str, Any]]:
    """Return the measurements of each model of the catalog, as `zoo.measure.measure` returns them."""
    return json.loads((CATALOG / "measured.json").read_text(encoding="utf-8"))


def model_card(name: str) -> ModelCard:
    """Return the card of a model, or raise UnknownNameError that names the nearest."""
    if name not in MODELS:
        raise unknown_name("model", name, MODELS, fix=f"zoo list shows every model; {_OWN}")
    return MODELS[name]


def task_card(name: str) -> TaskCard:
    """Return the card of a task, or raise UnknownNameError that names the nearest."""
    if name not in TASKS:
        raise unknown_name("task", name, TASKS, fix=f"set task.name to one of them; {_OWN}")
    return TASKS[name]


def tasks_of(card: ModelCard) -> tuple[str, ...]:
    """Return the tasks that a model does: those of its card, and those of any model like it.

    >>> tasks_of(model_card("resnet20"))[:2]
    ('image_classification', 'regression')
    """
    strides = len({feature.stride for feature in card.features} - {None})
    more = [
        task.name
        for task in TASKS.values()
        if set(task.models_of) & set(card.tasks) and strides >= task.strides
    ]
    return tuple(dict.fromkeys((*card.tasks, *more)))


@functools.cache
def weight_cards() -> dict[str, WeightCard]:
    """Return the cards of the weights that ship with the package or a plug-in, by name."""
    ours = [read_weight_card(path) for path in sorted((CATALOG / "weights").glob("*.json"))]
    return {card.name: card for card in (*SHELVES[WeightCard].values(), *ours)}


def read_weight_card(path: Path) -> WeightCard:
    """Return the card of a weight from its JSON file, which lies beside its safetensors file."""
    values = json.loads(path.read_text(encoding="utf-8"))
    return WeightCard(**values, file=str(path.with_name(f"{values['name']}.safetensors")))


def metric_of(card: WeightCard) -> Metric:
    """Return the metric that a weight's `value` is of, with its unit."""
    task = task_card(card.resolved_recipe["task"]["name"])
    return metric_named(card.metric, task.metrics)


def weight_card(name: str) -> WeightCard:
    """Return the card of a shipped weight, or raise UnknownNameError that names the nearest."""
    if name not in weight_cards():
        raise unknown_name("weight", name, weight_cards(), fix="zoo list --weights shows them")
    return weight_cards()[name]


def pretrained_cards() -> dict[str, PretrainedCard]:
    """Return the cards of the weights that others trained, by name."""
    return dict(SHELVES[PretrainedCard])


def pretrained_card(name: str) -> PretrainedCard:
    """Return the card of published weights, or raise UnknownNameError that names the nearest."""
    cards = pretrained_cards()
    if name not in cards:
        raise unknown_name("pretrained weight", name, cards, fix="zoo list --pretrained shows them")
    return cards[name]


def list_pretrained(
    pattern: str = "*",
    *,
    task: str | None = None,
    modality: str | None = None,
    family: str | None = None,
    max_params: int | None = None,
    licence: str | None = None,
    commercial: bool = False,
    sort: str = "name",
) -> list[PretrainedCard]:
    """Return the cards of weights that others trained and published.

    Args:
        pattern: shell-style, matched against the name ("resnet50.*"); a word without a wildcard finds
            every weight whose name, family or licence holds it.
        task, modality, family: of the model.
        max_params: largest parameter count of the model.
        licence: an SPDX identifier, such as "Apache-2.0", in any case.
        commercial: only those whose licence allows commercial use.
        sort: "name", "accuracy" (the stated figure, best first) or "params".

    Raises:
        UnknownNameError: another order.

    >>> list_pretrained("resnet20.*")[0].licence
    'BSD-2-Clause'
    """
    orders: dict[str, Callable[[PretrainedCard], Any]] = {
        "name": lambda card: 0,  # the catalog's order
        "accuracy": lambda card: -(card.value or 0),
        "params": lambda card: _params(card.model),
    }
    if sort not in orders:
        raise unknown_name("order", sort, orders, fix="sort by one of them")
    found = [
        card
        for card in pretrained_cards().values()
        if fits_pattern(pattern, card.name, MODELS[card.model].family, card.licence.lower())
        and (task is None or task in tasks_of(MODELS[card.model]))
        and modality in (None, MODELS[card.model].modality)
        and family in (None, MODELS[card.model].family)
        and (max_params is None or _params(card.model) <= max_params)
        and (licence is None or card.licence.lower() == licence.lower())
        and (not commercial or card.commercial == "yes")
    ]
    return sorted(found, key=orders[sort])


def pretrained_info(name: str) -> dict[str, Any]:
    """Return the facts about published weights, as JSON values.

    >>> pretrained_info("resnet20.cifar10_akamaster")["classes"]
    'cifar10'
    """
    card = pretrained_card(name)
    facts = dataclasses.asdict(card)
    kinds = [type(source).__name__.removesuffix("Source").lower() for source in card.sources]
    facts["sources"] = [
        {"kind": kind} | source for kind, source in zip(kinds, facts["sources"], strict=True)
    ]
    params = measured().get(card.model, {}).get("params")
    return json.loads(json.dumps(facts | {"params": params, "package": origin_of(card)}))


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
        pattern: shell-style, matched against the whole name ("resnet*"); a word without a wildcard
            finds every model whose name, family or weight holds it ("cnn" finds cnn_small).
        task, modality, family: of the model.
        weights: True for models with shipped weights, or the dataset of the weights.
        max_params: largest parameter count at the card's default arguments.

    >>> list_models("resnet*", max_params=300_000)
    ['resnet20']
    """
    shipped = weight_cards().values()
    names = []
    for card in MODELS.values():
        datasets = {weight.dataset for weight in shipped if weight.model == card.name}
        fits = (
            (
                fits_pattern(pattern, card.name, card.family)
                or any(w.model == card.name and fits_pattern(pattern, w.name) for w in shipped)
            )
            and (task is None or task in tasks_of(card))
            and (modality is None or modality == card.modality)
            and (family is None or family == card.family)
            and (not weights or (bool(datasets) if weights is True else weights in datasets))
            and (max_params is None or _params(card.name) <= max_params)
        )
        if fits:
            names.append(card.name)
    return names


def _params(name: str) -> float:
    """Return the parameters of a model; of one that was never measured, more than any limit."""
    return measured().get(name, {"params": math.inf})["params"]


def fits_pattern(pattern: str, *names: str) -> bool:
    """Tell whether a pattern fits the first name whole, or a plain word is part of any name.

    >>> fits_pattern("cnn*", "cnn_small"), fits_pattern("cnn", "ds_cnn_s"), fits_pattern("*", "mlp")
    (True, True, True)
    """
    if set(pattern) & set("*?["):
        return fnmatch.fnmatchcase(names[0], pattern)
    return any(pattern.lower() in name for name in names)


def list_datasets(
    pattern: str = "*", *, task: str | None = None, modality: str | None = None
) -> list[DatasetCard]:
    """Return the dataset cards that fit every filter; other TFDS names work too."""
    return [
        card
        for card in DATASETS.values()
        if fnmatch.fnmatchcase(card.name, pattern)
        and (task is None or task == card.task)
        and (modality is None or modality == card.modality)
    ]


def model_info(name: str) -> dict[str, Any]:
    """Return the facts about a model that are known without building it.

    `package` is where it is from. `params` and `macs` are None for a model that is not kerazoo's own,
    as they have not been counted.

    >>> model_info("resnet20")["params"]
    269722
    """
    card = model_card(name)
    facts = measured().get(name, {})
    return {
        "name": card.name,
        "family": card.family,
        "modality": card.modality,
        "task": card.tasks[0],
        "params": facts.get("params"),
        "macs": facts.get("macs"),
        "input_shape": json.loads(json.dumps(card.input_shape)),
        "num_classes": card.num_classes,
        "summary": card.summary,
        "paper": card.paper,
        "arxiv": card.arxiv,
        "year": card.year,
        "arguments": builder_arguments(name),
        "features": [
            {key: value for key, value in facts.items() if key != "of" or value}
            for facts in json.loads(json.dumps([dataclasses.asdict(f) for f in card.features]))
        ],
        "head_feature": card.head_feature,
        "weights": [weight.name for weight in weight_cards().values() if weight.model == name],
        "package": origin_of(card),
    }


def builder_arguments(name: str) -> dict[str, dict[str, Any]]:
    """Return the arguments of a model's builder: {"widths": {"type": "Sequence[int]", "default": …}}.

    The builder's module is not imported if its file says them.
    """
    known, card = measured().get(name), model_card(name)
    return known["arguments"] if known else declared(card) or signature(card)


def signature(card: ModelCard) -> dict[str, dict[str, Any]]:
    """Return the builder's arguments with their types and the card's defaults, as JSON values."""
    return signed(card, resolve(card.builder))


def weight_info(name: str) -> dict[str, Any]:
    """Return the facts about a shipped weight that are known without loading it.

    >>> weight_info("resnet20.fashion_mnist")["model"]
    'resnet20'
    """
    card = weight_card(name)
    keys = ("name", "model", "dataset", "recipe", "metric", "value", "low", "high", "method")
    more = ("params", "size_bytes", "data_licence", "sha256")
    return {key: getattr(card, key) for key in keys + more} | {
        "task": card.resolved_recipe["task"]["name"]
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


def check_values(name: str, given: Mapping[str, Any]) -> None:
    """Raise ArgumentError for a count below 1 or a rate outside [0, 1) among a model's arguments.

    Only for models that come with kerazoo, in which whole numbers are counts; yours may differ.
    """
    if not model_card(name).builder.startswith("zoo."):
        return
    types = {argument: facts["type"] for argument, facts in builder_arguments(name).items()}
    for argument, value in given.items():
        kind = types.get(argument)
        if kind == "Sequence[int]":
            fits = isinstance(value, list | tuple) and all(map(_is_count, value))
            fits = fits and (len(value) > 0 or argument == "hidden_dims")
            expected = "a list of whole numbers, 1 or more each"
        elif kind == "int":
            fits, expected = _is_count(value), "a whole number, 1 or more"
        elif kind == "float" and argument.endswith("_rate"):
            is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
            fits, expected = is_number and 0 <= value < 1, "0 <= value < 1"
        else:
            continue
        if not fits:
            raise ArgumentError(
                f"{argument}={value!r} is not a value for {name}.",
                expected=expected,
                fix=f"zoo info {name} lists the arguments with their defaults",
            )


def _is_count(value: Any) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool) and value >= 1


def resolve(reference: str) -> Callable[..., Any]:
    """Import what a "module:name" string names.

    Raises:
        ArgumentError: a module that is not part of kerazoo cannot be imported, or lacks the name.
    """
    module, _, name = reference.partition(":")
    if module.partition(".")[0] in ("zoo", "recipes", "tuning"):
        return getattr(importlib.import_module(module), name)
    try:
        return getattr(importlib.import_module(module), name)
    except Exception as error:
        raise ArgumentError(
            f"{reference} cannot be imported: {type(error).__name__}: {error}",
            expected="a module that imports without an error and holds that name",
            fix=f'`python -c "import {module}"` shows where it fails',
        ) from error
