"""How commands speak: tables for people, one JSON document for machines, errors on one screen."""

import json
import math
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from zoo.errors import ZooError

_PLAIN = {"markup": False, "emoji": False, "highlight": False}  # names may hold [brackets]
_PIPE_WIDTH = 1000  # characters
console = Console(**_PLAIN)


def show_json(value: Any) -> None:
    """Print one JSON document on stdout; what JSON cannot hold (NaN, infinity) becomes null."""
    json.dump(_finite(value), sys.stdout, indent=1, default=str)
    sys.stdout.write("\n")


def show_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table; a terminal folds long cells, a pipe gets whole lines."""
    console.print(title, style="bold", soft_wrap=True)
    table = Table(box=None, pad_edge=False, show_header=any(columns))
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*map(str, row))
    wide = console if console.is_terminal else Console(width=_PIPE_WIDTH, **_PLAIN)
    wide.print(table)


def show_metrics(metrics: dict[str, dict[str, float]]) -> None:
    """Print metrics with their intervals."""
    rows = [
        (name, f"{v['value']:.4f}", f"{v['low']:.4f} – {v['high']:.4f}")
        for name, v in metrics.items()
    ]
    show_table("test split", ("metric", "value", "95 % interval (bootstrap)"), rows)


def show_error(error: ZooError) -> None:
    """Print an error on stderr, coloured on a terminal only."""
    stderr = Console(stderr=True, **_PLAIN)
    stderr.print("error:", style="bold red", end=" ")
    stderr.print(str(error), soft_wrap=True)


def human(count: int | None) -> str:
    """Return a count with a unit of thousands.

    >>> human(269_722), human(40_551_040)
    ('270 k', '40.6 M')
    """
    if count is None:
        return "–"
    for limit, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if count >= limit:
            return f"{count / limit:.3g}{unit}"
    return str(count)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
