"""The first line of a table: the columns that it names, or a row that has no names above it."""

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from zoo.errors import DataError, nearest

_LONG_WORDS, _LONG_CHARACTERS = 6, 60  # that no name of a column has
_OURS = ("text", "label", "group", "split", "file")
_NUMBER = re.compile(r"[-+]?\d+([.,]\d+)?")


def missing_column(
    path: str | os.PathLike,
    ours: str,
    theirs: str,
    *,
    columns: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
) -> DataError:
    """Return the error on a column that a table lacks.

    Args:
        path: of the table.
        ours: what the column would hold: "text", "label", "group", "split" or "file"; else a target.
        theirs: the name that was looked for.
        columns: those that the first line names.
        rows: some of the table's rows, by column.
    """
    if not os.fspath(path).lower().endswith(".jsonl") and _is_row(columns, rows):
        shown = ", ".join(name[:40] for name in columns[:4])
        return DataError(
            f"The first row of {path} looks like data ({shown}): does the file have a header?",
            expected="a first line that names the columns, such as text and label",
            fix="put a line above it, separated as the others are, that names the columns: "
            + ", ".join(_names_for(columns, rows)),
        )
    near = nearest(theirs, columns, count=1)
    lower = [name for name in columns if name.lower() == theirs.lower()]
    best = (lower or near or [name for name in columns if name] or ["NAME"])[0]
    shown = ", ".join(name[:40] for name in columns[:12]) + (" …" if len(columns) > 12 else "")
    argument = f"{ours}_column" if ours in _OURS else "target_column"
    empty = ", or label_column='' where there are no classes" if ours == "label" else ""
    return DataError(
        f"{path} has no column {theirs!r}.",
        expected=f"one of the columns that its first line names: {shown}",
        fix=f"set {argument}={best}{empty} (in a recipe: data.arguments.{argument})",
    )


def _is_row(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> bool:
    if {"text", "label"} & {name.lower() for name in columns}:
        return False
    return any(
        _NUMBER.fullmatch(name)
        or len(name.split()) > _LONG_WORDS
        or len(name) > _LONG_CHARACTERS
        or any(str(row.get(name, "")).strip() == name for row in rows)
        for name in columns
        if name
    )


def _names_for(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Name the column of the longest values text, of the others the least varied one label."""
    values = [[name, *(str(row.get(name, "")) for row in rows)] for name in columns]
    text = int(np.argmax([np.mean([len(value) for value in column]) for column in values]))
    others = [place for place in range(len(columns)) if place != text]
    label = min(others, key=lambda place: len(set(values[place])), default=None)
    known = {text: "text", label: "label"}
    return [known.get(place, f"column_{place + 1}") for place in range(len(columns))]
