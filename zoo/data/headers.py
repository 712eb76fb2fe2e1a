"""The first line of a table: the columns that it names, or a row that has no names above it."""

import os
import re
from collections.abc import Collection, Mapping, Sequence
from itertools import chain, islice
from typing import Any, NamedTuple

import numpy as np

from zoo.columns.readers import formats
from zoo.columns.weight import WEIGHT
from zoo.data.rows import Row, read_rows
from zoo.errors import ArgumentError, DataError, nearest

AUTO = "auto"
INPUT = "input"  # what the column of one of several inputs holds, for messages

_LOOKED_AT = 1000  # rows, to see whether the first line is one of them
_LONG_WORDS, _LONG_CHARACTERS = 6, 60  # that no name of a column has
_OURS = ("text", "pair", "label", "group", "split", "file")
_NUMBER = re.compile(r"[-+]?\d+([.,]\d+)?")
_PLACE = re.compile(r"column_[1-9]\d*")  # what the columns of a table without a header are called
_FILES = (*formats.IMAGES, *formats.SOUNDS, *formats.TEXTS)
_NAMED = (".jsonl", ".parquet")  # formats in which every row has names


class Table(NamedTuple):
    """A table that was opened: columns, rows as they are asked for, a note on its first line."""

    columns: tuple[str, ...]
    rows: Any  # iterator of `Row`
    note: str = ""


def open_table(
    path: str | os.PathLike,
    wanted: Collection[str],
    *,
    header: bool | str = AUTO,
    encoding: str = "",
) -> Table:
    """Return a table's columns and rows; its first line names the columns, or is an example.

    "auto" takes the first line for an example if columns are asked for by place (column_1), it names
    none of those that are asked for, and it looks like data.

    Args:
        path: of the table.
        wanted: names of the columns that are asked for.
        header: True, False or "auto".
        encoding: as `read_rows`.

    Raises:
        DataError: as `read_rows`.
        ArgumentError: `header` is something else, or does not apply to this format.
    """
    checked = {"true": True, "false": False}.get(str(header).lower(), header)
    if not isinstance(checked, bool) and checked != AUTO:
        raise ArgumentError(
            f"header={header!r} is not known.", expected="auto, true or false", fix="leave it out"
        )
    if os.fspath(path).lower().endswith(_NAMED):
        if checked is False:
            raise ArgumentError(
                f"header=false does not apply to {path}, in which every row names its columns.",
                fix="leave header out",
            )
        return Table(*read_rows(path, encoding=encoding, only=wanted))
    if checked == AUTO:
        asked = any(_PLACE.fullmatch(name) for name in wanted)
        checked = not (asked and _begins_with_a_row(path, wanted, encoding=encoding))
    columns, rows = read_rows(path, encoding=encoding, header=checked)
    note = f"The first line of {path} is an example; its columns are called {columns[0]} to "
    return Table(columns, rows, "" if checked else f"{note}{columns[-1]}.")


def open_texts(path: str | os.PathLike) -> Table:
    """Return a table whose text column is not named; a single column may begin with a text."""
    columns, rows = read_rows(path)
    if len(columns) == 1 and not os.fspath(path).lower().endswith(_NAMED):
        some = list(islice(rows, _LOOKED_AT))
        rows = chain(some, rows)
        if _is_row(columns, _whole(some)):
            return open_table(path, (), header=False)
    return Table(columns, rows)


def _begins_with_a_row(path: str | os.PathLike, wanted: Collection[str], *, encoding: str) -> bool:
    """Tell whether the first line of a table is an example."""
    _, rows = read_rows(path, encoding=encoding, header=False)
    top, *below = _whole(list(islice(rows, _LOOKED_AT))) or [{}]
    named = [str(value).strip() for value in top.values()]
    if set(named) & set(wanted):
        return False
    rows_by_name = [dict(zip(named, row.values(), strict=True)) for row in below]
    return _is_row(named, rows_by_name)


def _whole(rows: Sequence[Row]) -> list[Mapping[str, Any]]:
    return [row for _, row in rows if not isinstance(row, DataError)]


def missing_column(path: str | os.PathLike, ours: str, theirs: str, *, table: Table) -> DataError:
    """Return the error on a column that a table lacks.

    Args:
        path: of the table.
        ours: what the column would hold: "text", "pair", "label", "group", "split", "file",
            "input" or `WEIGHT`; else a target.
        theirs: the name that was looked for.
        table: that was opened; some of its rows are read.
    """
    columns, rows = table.columns, _whole(list(islice(table.rows, _LOOKED_AT)))
    named = os.fspath(path).lower().endswith(_NAMED)
    if not named and not table.note and _is_row(columns, rows):
        return _no_header(path, columns, rows)
    near = nearest(theirs, columns, count=1)
    lower = [name for name in columns if name.lower() == theirs.lower()]
    best = (lower or near or [name for name in columns if name] or ["NAME"])[0]
    shown = ", ".join(name[:40] for name in columns[:12]) + (" …" if len(columns) > 12 else "")
    if table.note and rows:
        held = [f"{name} ({str(rows[0].get(name))[:20]!r})" for name in columns[:12]]
        shown = ", ".join(held) + (" …" if len(columns) > 12 else "")
    argument = f"{ours}_column" if ours in _OURS else "target_column"
    argument = {WEIGHT: "weight_column", INPUT: "input_columns"}.get(ours, argument)
    empty = ", or label_column='' where there are no classes" if ours == "label" else ""
    names = (
        "one of its columns"
        if named or table.note
        else "one of the columns that its first line names"
    )
    by_place = "; header=false if its first line is an example" if _PLACE.fullmatch(theirs) else ""
    if ours == "text" and (files := columns_of_files(columns, rows)):
        best, argument = files[0], "file_column"
    return DataError(
        f"{path} has no column {theirs!r}.",
        expected=f"{names}: {shown}",
        fix=f"set {argument}={best}{empty} (in a recipe: data.arguments.{argument}){by_place}",
    )


def columns_of_files(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the columns in which every value ends like the name of an image, a sound or a text."""
    values = {name: [str(row.get(name, "")).lower() for row in rows] for name in columns}
    return [name for name, held in values.items() if held and all(v.endswith(_FILES) for v in held)]


def _no_header(
    path: str | os.PathLike, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> DataError:
    """Return the error on a table whose first line is an example, which nobody has said."""
    shown = ", ".join(name[:40] for name in columns[:4])
    names = _names_for(columns, rows)
    by_place = [
        f"{name}_column=column_{names.index(name) + 1}"
        for name in ("text", "file", "label")
        if name in names
    ]
    return DataError(
        f"The first row of {path} looks like data ({shown}): does the file have a header?",
        expected="a first line that names the columns, such as text and label; or columns by their "
        "place, from column_1 on",
        fix=f"name them by place ({' '.join(by_place)}), or put a line above it, "
        "separated as the others are, that names the columns: " + ", ".join(names),
    )


def _is_row(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether what should be names of columns looks like one of the rows."""
    if {"text", "label"} & {name.lower() for name in columns}:
        return False
    return any(
        _NUMBER.fullmatch(name)
        or len(name.split()) > _LONG_WORDS
        or len(name) > _LONG_CHARACTERS
        or name.lower().endswith(_FILES)
        or any(str(row.get(name, "")).strip() == name for row in rows)
        for name in columns
        if name
    )


def _names_for(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Name the column of the longest values text or file, of the others the least varied one label."""
    values = [[name, *(str(row.get(name, "")) for row in rows)] for name in columns]
    text = int(np.argmax([np.mean([len(value) for value in column]) for column in values]))
    others = [place for place in range(len(columns)) if place != text]
    label = min(others, key=lambda place: len(set(values[place])), default=None)
    files = all(value.lower().endswith(_FILES) for value in values[text])
    known = {text: "file" if files else "text", label: "label"}
    return [known.get(place, f"column_{place + 1}") for place in range(len(columns))]
