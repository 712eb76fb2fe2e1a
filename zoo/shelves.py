"""The cards by kind and name: kerazoo's own, those that were registered, those of plug-ins."""

from collections.abc import Iterable, Iterator, MutableMapping
from pathlib import Path
from typing import Any, final

from zoo import plugins
from zoo.card_checks import KINDS, Card, kind_of
from zoo.cards import ColumnCard, DatasetCard, ModelCard, PretrainedCard, TaskCard, WeightCard
from zoo.catalog import (
    datasets,
    image,
    multimodal,
    pretrained,
    speech,
    tasks,
    text,
    vector,
)
from zoo.errors import ArgumentError

OURS = "kerazoo"


@final
class Shelf(MutableMapping[str, Any]):
    """Cards of one kind by name, kerazoo's own first.

    Plug-ins are read at the first look at all names, or at one that is not there.

    Args:
        cards: kerazoo's own.

    >>> "resnet20" in MODELS
    True
    """

    def __init__(self, cards: Iterable[Any] = ()):
        self._cards = {card.name: card for card in cards}

    def __getitem__(self, name: str) -> Any:
        if name not in self._cards:
            read_plugins()
        return self._cards[name]

    def __setitem__(self, name: str, card: Any) -> None:
        self._cards[name] = card

    def __delitem__(self, name: str) -> None:
        del self._cards[name]

    def __iter__(self) -> Iterator[str]:
        read_plugins()
        return iter(self._cards)

    def __len__(self) -> int:
        read_plugins()
        return len(self._cards)


MODELS = Shelf((*image.MODELS, *text.MODELS, *speech.MODELS, *vector.MODELS, *multimodal.MODELS))
SHELVES: dict[type, Shelf] = {
    ModelCard: MODELS,
    TaskCard: Shelf(tasks.TASKS),
    DatasetCard: Shelf(datasets.DATASETS),
    ColumnCard: Shelf(),
    PretrainedCard: Shelf(pretrained.PRETRAINED),
    WeightCard: Shelf(),  # those that ship with kerazoo are read from their files, by the registry
}
_origins: dict[tuple[type, str], str] = {}  # of cards that are not kerazoo's own
_faults: dict[str, str] = {}  # by package
_recipes: dict[Path, str] = {}  # folder to package
_read: list[bool] = []  # whether plug-ins were read, or are being read


def origin_of(card: Card) -> str:
    """Return the package that a card is from, with its version, or the module that registered it.

    >>> origin_of(MODELS["resnet20"])
    'kerazoo'
    """
    return _origins.get((type(card), card.name), OURS)


def put(card: Card, origin: str) -> None:
    """Make a card known by its name.

    Raises:
        ArgumentError: it is not a card, or the name is taken, or no model of a weight is known.
    """
    kind, shelf = kind_of(card), SHELVES[type(card)]
    if card.name in shelf:
        raise ArgumentError(
            f"A {kind} named {card.name!r} already exists; it belongs to "
            f"{origin_of(shelf[card.name])}.",
            expected="an unused name",
            fix="give the card another name",
        )
    if isinstance(card, PretrainedCard | WeightCard) and card.model not in MODELS:
        raise ArgumentError(
            f"The weight {card.name} is of the model {card.model!r}, which is not known.",
            expected="a model of the catalog, or one that is registered before its weights",
            fix="correct the name, or put the card of the model first",
        )
    shelf[card.name] = card
    _origins[type(card), card.name] = origin


def replace(card: Card, origin: str) -> None:
    """Make a card known by its name, whatever had it before: one whose name is made of its content."""
    SHELVES[type(card)][card.name] = card
    _origins[type(card), card.name] = origin


def take_away(card: Card) -> None:
    """Forget a card that `put` made known."""
    _origins.pop((type(card), card.name), None)
    del SHELVES[type(card)][card.name]


def read_plugins() -> None:
    """Make the cards of every installed plug-in known, once; one warning for each that is broken."""
    if _read:
        return
    _read.append(True)
    for plugin in plugins.installed():
        fault = plugin.fault or _put_all(plugin)
        if fault:
            _faults[plugin.package] = fault
            plugins.warn(plugin.package, fault)
        elif plugin.recipes:
            _recipes[plugin.recipes] = plugin.package


def _put_all(plugin: plugins.Plugin) -> str:
    """Make all cards of a plug-in known, or none of them; return why not."""
    done: list[Card] = []
    for card in plugin.cards:
        try:
            put(card, plugin.package)
        except ArgumentError as error:
            for other in done:
                take_away(other)
            return error.problem
        done.append(card)
    return ""


def recipe_folders() -> dict[Path, str]:
    """Return the folders of recipes of plug-ins, each with its package."""
    read_plugins()
    return dict(_recipes)


def contents() -> dict[str, str]:
    """Return what each plug-in brings, or why it is left out, by package.

    >>> contents()  # doctest: +SKIP
    {'kerazoo-series 0.1.0': '1 model, 1 task, 1 data set, 1 type of column'}
    """
    read_plugins()
    found: dict[str, dict[str, int]] = {plugin.package: {} for plugin in plugins.installed()}
    for (kind, _), origin in _origins.items():
        if origin in found:
            found[origin][KINDS[kind]] = found[origin].get(KINDS[kind], 0) + 1
    told = {
        package: ", ".join(f"{n} {kind if n == 1 else _plural(kind)}" for kind, n in kinds.items())
        for package, kinds in found.items()
    }
    return told | {package: f"left out: {fault}" for package, fault in _faults.items()}


def faults() -> dict[str, str]:
    """Return why plug-ins are left out, by package."""
    read_plugins()
    return dict(_faults)


def _plural(kind: str) -> str:
    return kind.replace("type", "types") if kind.startswith("type") else f"{kind}s"
