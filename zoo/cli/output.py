"""How commands speak: tables for people, one JSON document for machines, errors on one screen."""

import json
import math
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from zoo import registry
from zoo.errors import ZooError, command

_PLAIN = {"markup": False, "emoji": False, "highlight": False}  # names may hold [brackets]
_PIPE_WIDTH = 1000  # characters
_GAP = 2  # blanks between two columns
console = Console(**_PLAIN)


def show_json(value: Any) -> None:
    """Print one JSON document on stdout; what JSON cannot hold (NaN, infinity) becomes null."""
    json.dump(_finite(value), sys.stdout, indent=1, default=str)
    sys.stdout.write("\n")


def show_table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    whole: int = 1,
    spare: int = 0,
    cut: bool = False,
) -> None:
    """Print a table; a terminal folds long cells, a pipe gets whole lines.

    Args:
        title: a line above the table.
        columns: their headings; all empty for a table without a heading.
        rows: cells of any type.
        whole: so many of the first columns hold names, which are never broken unless one alone
            takes most of the line.
        spare: so many of the last columns are left out, the last first, where the words of a line
            do not fit beside one another; a line below says which.
        cut: the last column holds a remark, of which only the beginning is shown.
    """
    cells = [list(map(str, row)) for row in rows]
    console.print(title, style="bold", soft_wrap=True)
    if not console.is_terminal:
        Console(width=_PIPE_WIDTH, **_PLAIN).print(_table(columns, cells, [None] * len(columns)))
        return
    texts = [[column, *(row[i] for row in cells)] for i, column in enumerate(columns)]
    least = [_least_width(column, whole=i < whole) for i, column in enumerate(texts)]
    kept = len(columns)
    while kept > len(columns) - spare and _line(least[:kept]) > console.width:
        kept -= 1
    widths = _fitted([max(map(cell_len, column)) for column in texts[:kept]], least[:kept])
    table = _table(columns[:kept], [row[:kept] for row in cells], widths)
    if cut and kept == len(columns):
        table.columns[-1].no_wrap, table.columns[-1].overflow = True, "ellipsis"
    console.print(table)
    if kept < len(columns):
        left_out = ", ".join(columns[kept:])
        console.print(f"Left out for lack of room: {left_out}.", style="dim")


def _line(widths: Sequence[int]) -> int:
    return sum(widths) + _GAP * (len(widths) - 1)


def _least_width(texts: Sequence[str], *, whole: bool) -> int:
    """Return the width below which a name or a word would be broken; 1 where it takes the line."""
    words = texts if whole else [word for text in texts for word in text.split()]
    longest = max(map(cell_len, words), default=1)
    return longest if longest <= console.width * 3 // 4 else 1


def _fitted(widths: list[int], least: list[int]) -> list[int]:
    """Take from the widest column until a line fits; a name or word is broken only if it must be."""
    for floor in (least, [1] * len(widths)):
        while _line(widths) > console.width:
            loose = [i for i, width in enumerate(widths) if width > floor[i]]
            if not loose:
                break
            widths[max(loose, key=widths.__getitem__)] -= 1
    return widths


def _table(
    columns: Sequence[str], cells: Iterable[Sequence[str]], widths: Sequence[int | None]
) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), show_header=any(columns))
    for column, width in zip(columns, widths, strict=True):
        table.add_column(column, overflow="fold", width=width)
    for row in cells:
        table.add_row(*row)
    return table


def show_metrics(metrics: dict[str, dict[str, Any]]) -> None:
    """Print metrics with their intervals, and how each was come by where it says so."""
    rows = [
        (name, f"{v['value']:.4f}", _interval(v), str(v.get("method") or ""))
        for name, v in metrics.items()
    ]
    columns = ("metric", "value", "95 % interval", "method")
    if not any(row[-1] for row in rows):
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    show_table("test split", columns, rows, spare=1)


def _interval(entry: dict[str, Any]) -> str:
    low, high = entry.get("low"), entry.get("high")
    return "–" if low is None or high is None else f"{low:.4f} – {high:.4f}"


def show_run(run: Any) -> None:
    """Say where a run lies and what to do with it; `run` is a `recipes.runs.run.Run`."""
    console.print(f"\nrun      {run.path}", soft_wrap=True)
    console.print(f"report   {run.path / 'report.html'}", soft_wrap=True)
    console.print(next_command(run.path, run.recipe.task.name), soft_wrap=True)


def next_command(target: Any, task: str) -> str:
    """Return the line that says how to use a trained model.

    Args:
        target: what the command takes: a run's folder, or a weight's name.
        task: of the model; its card says what it is for.

    >>> next_command("my runs/a", "language_modeling")
    "generate zoo generate 'my runs/a' --prompt TEXT"
    """
    card = registry.task_card(task)
    return f"{card.command:<8} {command('zoo', card.command, target)} {card.example}"


def show_error_document(error: ZooError) -> None:
    """Print an error on stdout as the one JSON document of a command."""
    show_json({"error": error.to_dict()})


def show_error(error: ZooError) -> None:
    """Print an error on stderr, coloured on a terminal only."""
    stderr = Console(stderr=True, **_PLAIN)
    stderr.print("error:", style="bold red", end=" ")
    stderr.print(str(error), soft_wrap=True)


def counted(count: int, word: str) -> str:
    """Return a count with its word, such as "1 model" or "2 models".

    >>> counted(1, "model"), counted(0, "model")
    ('1 model', '0 models')
    """
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


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
