"""Users' own cards: added to the registry here, and in the processes that train for a search."""

import importlib.util
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from zoo import registry
from zoo.cards import DatasetCard, ModelCard, TaskCard
from zoo.errors import ArgumentError

Card = ModelCard | TaskCard | DatasetCard
_REGISTERED: dict[tuple[str, str], tuple[str, str | None]] = {}  # kind and name: module and file
_importing: list[str] = []  # what `import_modules` is at


def register(card: Card) -> None:
    """Register your own card, so that recipes, runs and searches find it by its name.

    Call it at the top level of a module, below the function or class that the card names. The
    processes that train the trials of a search import that module too, so a script must guard its own
    code with `if __name__ == "__main__":`. Registering an equal card again changes nothing.

    Args:
        card: of a model, a task or a data set.

    Raises:
        ArgumentError: the name is taken (the message names the owner); or the card's reference is not
            "module:name", or does not exist; or a model's head takes a feature that is not declared.

    >>> import zoo
    >>> from zoo.cards import DatasetCard
    >>> zoo.register(DatasetCard(name="mine", source="own", loader="my_data:load", …))  # doctest: +SKIP
    """
    kind, cards, reference = _place(card)
    if cards.get(card.name) == card:
        return
    if card.name in cards:
        module, path = _REGISTERED.get((kind, card.name), ("kerazoo", None))
        raise ArgumentError(
            f"A {kind} named {card.name!r} already exists; it belongs to {path or module}.",
            expected="an unused name",
            fix="give the card another name",
        )
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", card.name):
        raise ArgumentError(
            f"{card.name!r} cannot be the name of a {kind}.",
            expected="letters, digits, _ and -, beginning with a letter",
            fix="give the card another name",
        )
    _check_reference(card.name, reference)
    if kind == "model" and card.head_feature not in [feature.name for feature in card.features]:
        raise ArgumentError(
            f"The head of {card.name} takes the feature {card.head_feature!r}.",
            expected=f"one of those that the card declares: {', '.join(f.name for f in card.features)}",
            fix="set head_feature to one of them, or declare it",
        )
    caller = sys._getframe(1).f_globals
    cards[card.name] = card
    _REGISTERED[kind, card.name] = (caller["__name__"], caller.get("__file__"))


def unregister(card: Card) -> None:
    """Remove a registered card."""
    kind, cards, _ = _place(card)
    if _REGISTERED.pop((kind, card.name), None):
        del cards[card.name]


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


def _place(
    card: Card,
) -> tuple[str, dict[str, Any], str]:
    """Return the kind of a card, where cards of it are kept, and what it refers to."""
    if isinstance(card, ModelCard):
        return "model", registry.MODELS, card.builder
    if isinstance(card, TaskCard):
        return "task", registry.TASKS, card.task
    if isinstance(card, DatasetCard):
        return "data set", registry.DATASETS, card.loader
    raise ArgumentError(
        f"{card!r:.80} is not a card.",
        expected="a ModelCard, TaskCard or DatasetCard of zoo.cards",
        fix="see the page on adding a model",
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
