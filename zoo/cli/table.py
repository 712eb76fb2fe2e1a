"""Tables that fit the terminal, with names that are never broken."""

import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

PLAIN = {"markup": False, "emoji": False, "highlight": False}  # names may hold [brackets]
_PIPE_WIDTH = 1000  # characters
_GAP = 2  # blanks between two columns
_CLOSED_PIPE = 141  # as shells report it: 128 + SIGPIPE


def leave_closed_pipe() -> NoReturn:
    """End quietly, as other programs do, where the reader of the output has gone (`| head`).

    What is left in the buffer would otherwise be reported when Python ends.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno())
    sys.exit(_CLOSED_PIPE)


def check_pipe() -> None:
    """Flush the output; leave where nobody reads it any more."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        leave_closed_pipe()
    if type(sys.stdout).__name__ == "PacifyFlushWrapper":  # typer has met a closed pipe
        leave_closed_pipe()


Console.on_broken_pipe = lambda self: leave_closed_pipe()  # also of the help that typer prints
console = Console(**PLAIN)


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
        whole: number of first columns that hold names, which are not broken unless one alone takes most
            of the line.
        spare: number of last columns that may be left out, the last first, where the words of a line do
            not fit; a line below the table names them.
        cut: the last column holds a remark; only its beginning is shown.
    """
    cells = [list(map(str, row)) for row in rows]
    console.print(title, style="bold", soft_wrap=True)
    if not console.is_terminal:
        Console(width=_PIPE_WIDTH, **PLAIN).print(_table(columns, cells, [None] * len(columns)))
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
    """Narrow the widest column until a line fits; break a name or word only if necessary."""
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
