"""Checks of cards from outside kerazoo, before anything that they name is imported."""

import importlib.util
import re
import sys
from pathlib import Path
from typing import Any

from zoo.cards import ColumnCard, DatasetCard, ModelCard, PretrainedCard, TaskCard, WeightCard
from zoo.errors import ArgumentError

Card = ModelCard | TaskCard | DatasetCard | ColumnCard | PretrainedCard | WeightCard
KINDS: dict[type, str] = {
    ModelCard: "model",
    TaskCard: "task",
    DatasetCard: "data set",
    ColumnCard: "type of column",
    PretrainedCard: "pretrained weight",
    WeightCard: "weight",
}
_REFERENCES = {ModelCard: "builder", TaskCard: "task", DatasetCard: "loader", ColumnCard: "column"}
_NAME = r"[A-Za-z][A-Za-z0-9_-]*"


def kind_of(card: Any) -> str:
    """Return what a card is of, in words.

    Raises:
        ArgumentError: it is not a card.

    >>> from zoo.cards import ColumnCard
    >>> kind_of(ColumnCard(name="wind", column="my_columns:Wind"))
    'type of column'
    """
    if type(card) not in KINDS:
        names = ", ".join(kind.__name__ for kind in KINDS)
        raise ArgumentError(
            f"{card!r:.80} is not a card.",
            expected=f"one of {names} of zoo.cards",
            fix="see the page on extending kerazoo, docs/extending.md",
        )
    return KINDS[type(card)]


def check_card(card: Any) -> None:
    """Check a card by itself: its name, and what it refers to.

    Raises:
        ArgumentError: it is not a card; the name is not valid; a reference is not "module:name", or
            does not exist; a model's head takes a feature that is not declared; a weight has no file.
    """
    kind = kind_of(card)
    is_weight = isinstance(card, PretrainedCard | WeightCard)
    form = rf"{_NAME}\.[A-Za-z0-9_-]+" if is_weight else _NAME
    if not isinstance(card.name, str) or not re.fullmatch(form, card.name):
        raise ArgumentError(
            f"{card.name!r} cannot be the name of a {kind}.",
            expected="MODEL.SOURCE, such as resnet20.mine"
            if is_weight
            else "letters, digits, _ and -, beginning with a letter",
            fix="give the card another name",
        )
    if type(card) in _REFERENCES:
        _check_reference(card.name, getattr(card, _REFERENCES[type(card)]))
    if isinstance(card, ModelCard):
        _check_head(card)
    elif isinstance(card, WeightCard) and not Path(card.file).is_file():
        raise ArgumentError(
            f"The weight {card.name} has no file {card.file}.",
            expected="a safetensors file, as kerazoo writes it",
            fix="ship the file with the package, or correct the path",
        )
    elif isinstance(card, PretrainedCard) and not card.sources:
        raise ArgumentError(
            f"The weight {card.name} has no source.",
            expected="sources=(HubSource(…),), UrlSource, FileSource or PackageSource",
            fix="say where the file is",
        )


def _check_head(card: ModelCard) -> None:
    declared = [feature.name for feature in card.features]
    if card.head_feature not in declared:
        raise ArgumentError(
            f"The head of {card.name} takes the feature {card.head_feature!r}.",
            expected=f"one of those that the card declares: {', '.join(declared)}",
            fix="set head_feature to one of them, or declare it",
        )


def _check_reference(owner: str, reference: str) -> None:
    """Raise ArgumentError unless "module:name" can be found; imports nothing."""
    module, colon, name = str(reference).partition(":")
    problem = f"The card of {owner} refers to {reference!r}, "
    if not colon or not name.isidentifier() or not re.fullmatch(r"\w+(\.\w+)*", module):
        raise ArgumentError(
            f"{problem}which is not of the form 'module:name'.",
            expected="such as 'my_models.net:build_net'",
            fix='f"{__name__}:build_net" names a function of the same file',
        )
    if module in sys.modules:
        if not hasattr(sys.modules[module], name):
            raise ArgumentError(
                f"{problem}but {module} holds no {name} so far.",
                expected="a function or class at the top level of that module",
                fix="define it above the call of zoo.register, or correct the name",
            )
        return
    try:
        found = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        found = None
    if found is None:
        raise ArgumentError(
            f"{problem}but there is no module {module}.",
            expected="a module that can be imported from here",
            fix="correct the name, or add its folder to PYTHONPATH",
        )
