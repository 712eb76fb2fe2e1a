"""What `zoo weights` shows: facts of weights, the state of the cache, a bar while a file comes."""

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from zoo import registry
from zoo.cards import Source
from zoo.cli.output import console, counted, show_error, show_json, show_table
from zoo.errors import WeightsError, unknown_name

_FACTS = ("model", "classes", "licence", "commercial", "origin")
_RECORDED = ("sha256", "size_bytes", "pinned", "origin")


def names() -> list[str]:
    """Return the names of the catalog, of the user's own sources and of the cache."""
    from zoo.pretrained import cache, mirrors, tokenizer_files

    cached = {name for name in cache.names() if not name.endswith(tokenizer_files.ENDING)}
    return sorted({*registry.pretrained_cards(), *cached, *mirrors.mirrors()})


def sources_of(name: str) -> Sequence[Source]:
    """Return where the catalog says that a weight is; nothing for one that only the user knows.

    Raises:
        UnknownNameError: nobody knows it.
    """
    if name not in names():
        raise unknown_name("weight", name, names(), fix="zoo weights list shows them")
    card = registry.pretrained_cards().get(name)
    return card.sources if card else ()


def pulled(name: str, *, offline: bool) -> Path:
    """Fetch a weight into the cache, for texts with its tokenizer; return the place of the weight."""
    from zoo.pretrained import sources, tokenizer_files

    with bar(name) as progress:
        path = sources.fetch(name, sources_of(name), offline=offline, progress=progress)
    tokenizer_files.pull(registry.pretrained_cards().get(name), offline=offline)
    return path


def facts_of(name: str) -> dict[str, Any]:
    """Return what is known of a weight as JSON values; "cached" is None or a record with its path."""
    from zoo.pretrained import cache

    card, path = registry.pretrained_cards().get(name), cache.cached(name)
    facts = {"name": name} | {key: getattr(card, key, None) for key in _FACTS}
    record = next((one for one in cache.records(name) if path and one.sha256 == path.name), None)
    if record is None:
        return facts | {"cached": None}
    stored = {key: getattr(record, key) for key in _RECORDED}
    return facts | {"cached": stored | {"path": str(path)}}


def show_list(found: Sequence[str], *, json: bool) -> None:
    """Print a line per weight."""
    facts = [facts_of(name) for name in found]
    if json:
        show_json(facts)
        return
    sizes = [f"{x['cached']['size_bytes'] / 1e6:.1f} MB" if x["cached"] else "–" for x in facts]
    rows = [
        (one["name"], *(one[key] or "–" for key in _FACTS[:4]), size)
        for one, size in zip(facts, sizes, strict=True)
    ]
    columns = ("weight", "model", "classes", "licence", "commercial use", "in the cache")
    show_table(counted(len(rows), "weight"), columns, rows, spare=4)


def show_facts(name: str, path: Path, *, json: bool) -> None:
    """Print where the file of a weight is, its licence and who trained it."""
    facts = facts_of(name) | {"path": str(path)}
    if json:
        show_json(facts)
        return
    for key in ("path", *_FACTS):
        if facts[key]:
            console.print(f"{key:<10} {facts[key]}", soft_wrap=True)


def show_checked(name: str | None, *, json: bool) -> bool:
    """Check one weight in the cache or all, print the result, and tell whether all are whole."""
    from zoo.pretrained import cache

    damaged: dict[str, WeightsError] = {}
    checked = [name] if name else [found for found in cache.names() if cache.cached(found)]
    for found in checked:
        try:
            cache.check(found)
        except WeightsError as error:
            damaged[found] = error
    if json:
        show_json([{"name": found, "whole": found not in damaged} for found in checked])
    else:
        console.print(f"{counted(len(checked) - len(damaged), 'file')} as recorded")
    for error in damaged.values():
        show_error(error)
    return not damaged


@contextlib.contextmanager
def bar(name: str) -> Iterator[Callable[[int, int | None], None]]:
    """Give a function that moves a bar on stderr; off a terminal nothing is shown."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    terminal = Console(file=sys.stderr)
    columns = (TextColumn(name, markup=False), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(
        *columns, console=terminal, disable=not terminal.is_terminal, transient=True
    ) as shown:
        task = shown.add_task(name, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)
