"""Users' own cards: added to the registry here, and in the processes that train for a search."""

import importlib.util
import sys
from collections.abc import Iterable
from pathlib import Path

from zoo import registry
from zoo.card_checks import Card, check_card, kind_of
from zoo.errors import ArgumentError
from zoo.shelves import SHELVES, put, take_away

_REGISTERED: dict[tuple[type, str], tuple[str, str | None]] = {}  # kind and name: module and file
_importing: list[str] = []  # what `import_modules` is at


def register(card: Card) -> None:
    """Register your own card, so that recipes, runs and searches find it by its name.

    Call it at the top level of a module, below the function or class that the card names. The
    processes that train the trials of a search import that module too, so a script must guard its own
    code with `if __name__ == "__main__":`. Registering an equal card again changes nothing. A package
    names its cards in the entry-point group "kerazoo.catalog" instead, so that they are always known.

    Args:
        card: of a model, a data set, a task, a type of column, or a weight: `ModelCard`, `DatasetCard`,
            `TaskCard`, `ColumnCard`, `PretrainedCard` or `WeightCard` of `zoo.cards`.

    Raises:
        ArgumentError: the name is taken (the message names the owner); or the card's reference is not
            "module:name", or does not exist; or a model's head takes a feature that is not declared; or
            a weight has no file, or is of a model that is not known.

    >>> import zoo
    >>> from zoo.cards import DatasetCard
    >>> zoo.register(DatasetCard(name="mine", source="own", loader="my_data:load", …))  # doctest: +SKIP
    """
    kind_of(card)  # refuses what is not a card
    shelf = SHELVES[type(card)]
    if shelf.get(card.name) == card:
        return
    check_card(card)
    caller = sys._getframe(1).f_globals
    name, path = caller["__name__"], caller.get("__file__")
    put(card, path or name)
    _REGISTERED[type(card), card.name] = (name, path)
    registry.weight_cards.cache_clear()


def unregister(card: Card) -> None:
    """Remove a registered card."""
    if _REGISTERED.pop((type(card), card.name), None):
        take_away(card)
        registry.weight_cards.cache_clear()


def registered_modules() -> list[tuple[str, str | None]]:
    """Return the modules that registered cards, each with its file, for other processes to import.

    Raises:
        ArgumentError: cards were registered where there is no file, or by a script that is just
            being imported by such a process, and so would start others without end.
    """
    if _importing:
        raise ArgumentError(
            f"{_importing[-1]} starts work while it is imported by a process that trains.",
            expected="a module that only defines and registers",
            fix='put what the script runs under `if __name__ == "__main__":`',
        )
    modules = list(dict.fromkeys(_REGISTERED.values()))
    if ("__main__", None) in modules:
        raise ArgumentError(
            "Cards were registered in an interactive session, which other processes cannot import.",
            expected="cards that a file registers",
            fix="write them and their functions into a .py file, and import it",
        )
    return modules


def import_modules(modules: Iterable[tuple[str, str | None]]) -> None:
    """Import the `registered_modules` of another process, so that its cards are known here.

    A script is run as `__mp_main__`, as in Python's own multiprocessing, and `__main__` then means it.

    Raises:
        ArgumentError: a module cannot be imported; names its file and the error.
    """
    for name, path in modules:
        alias = "__mp_main__" if name == "__main__" else name
        if alias in sys.modules:
            continue
        _importing.append(path or name)
        try:
            _import(alias, path)
        except Exception as error:
            sys.modules.pop(alias, None)
            if isinstance(error, ArgumentError):
                raise
            raise ArgumentError(
                f"{path or name}, which registers cards, cannot be imported: "
                f"{type(error).__name__}: {error}",
                expected="a module that imports without an error in a new process",
                fix=f"`python {path}` shows where it fails"
                if path
                else f"import {name} to see why",
            ) from error
        finally:
            _importing.pop()


def _import(name: str, path: str | None) -> None:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        spec = None
    if path is None or (spec and spec.origin and Path(spec.origin).samefile(path)):
        importlib.import_module(name)
        return
    spec = importlib.util.spec_from_file_location(name, path)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    if name == "__mp_main__":
        sys.modules["__main__"] = module
    spec.loader.exec_module(module)
