"""Which columns of a table hold the texts or files, and the classes or numbers."""

import itertools
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from zoo.data.headers import columns_of_files, open_table
from zoo.data.labels import are_numbers, numbers_of
from zoo.errors import DataError

ROWS = 2000  # that are looked at
MOST_CLASSES = 0.2  # of the rows: distinct values of a column of classes, at most
MOST_RATINGS = 10  # distinct numbers that are classes: ten digits, 1 to 10 points
MOSTLY = 0.8  # of a column of numbers are numbers; the others are faults
LEAST_WORDS = 2.0  # of the values of a column of texts, on average
LABELS = ("label", "class", "category", "target", "sentiment", "intent", "topic", "rating", "stars")
SEPARATORS = (";", "|")  # of several labels in a cell
COUNTED = (("1", "2"), ("a", "b"), ("0", "1"))  # how the names of a pair end
PAIRS = (("text", "pair"), ("premise", "hypothesis"), ("question", "answer"), ("query", "passage"))
OTHERS = ("split", "group", "id", "index", "fold")  # neither inputs nor targets


def guessed_columns(table: Path) -> dict[str, str]:
    """Return the arguments that name a table's columns, as far as its header and rows tell.

    Args:
        table: its file.

    Returns:
        text_column or file_column, and label_column (with label_separator) or target_column; empty
        where the columns are called text and label, or where nothing fits and the loader's own error
        says more.

    Raises:
        DataError: the file cannot be read.
    """
    opened = open_table(table, ())
    rows = [row for _, row in islice(opened.rows, ROWS) if not isinstance(row, DataError)]
    names = [name for name in opened.columns if name and name.lower() not in OTHERS]
    values = {name: [str(row.get(name, "")).strip() for row in rows] for name in names}
    if not rows or ({"text", "label"} <= set(names) and not _numbers(values["label"])):
        return {}
    files = columns_of_files(names, rows)
    found = {"file_column": files[0]} if files else _texts(values)
    rest = {name: held for name, held in values.items() if name not in found.values()}
    return found | _target(rest) if found else {}


def _texts(values: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return the arguments that name both columns of a pair, or that of the longest texts.

    Nothing where all are words. Two columns are a pair where their names say so.
    """
    words = {n: sum(len(v.split()) for v in held) / len(held) for n, held in values.items()}
    long = [name for name, count in words.items() if count >= LEAST_WORDS]
    for first, second in itertools.permutations(long, 2):
        if _is_pair(first.lower(), second.lower()):
            return {"text_column": first, "pair_column": second}
    name = "text" if "text" in words else max(words, key=words.get, default="")
    return {"text_column": name} if name in long else {}


def _is_pair(first: str, second: str) -> bool:
    """Tell whether two names are of the first and the second of something.

    >>> _is_pair("question1", "question2"), _is_pair("title", "text"), _is_pair("text_b", "text_a")
    (True, False, False)
    """
    alike = first[:-1] == second[:-1] and (first[-1], second[-1]) in COUNTED
    return alike or (first, second) in PAIRS


def _target(values: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return the argument that names the column to predict; that there is none, where none fits."""
    rated = []
    for name, held in values.items():
        distinct = set(held)
        numbers = _numbers(held)
        classes = 1 < len(distinct) <= max(2, MOST_CLASSES * len(held)) and not numbers
        if numbers or classes:
            known = LABELS.index(name.lower()) if name.lower() in LABELS else len(LABELS)
            rated.append((known, numbers, len(distinct), name))
    if not rated:
        return {"label_column": ""}
    _, numbers, _, name = min(rated)
    if numbers:
        return {"target_column": name}
    return {"label_column": name} | _separator(values[name])


def _separator(held: Sequence[str]) -> dict[str, str]:
    """Return the sign between several labels, where the labels beside it also stand alone."""
    for sign in SEPARATORS:
        joined = {value for value in held if sign in value}
        parts = {part.strip() for value in joined for part in value.split(sign)}
        if joined and len(parts & set(held)) >= len(parts) / 2:
            return {"label_separator": sign}
    return {}


def _numbers(held: Sequence[str]) -> bool:
    """Tell whether a column holds numbers to predict: counts have more values than ratings."""
    distinct = sorted(set(held))
    numbers = {value for value in distinct if are_numbers([value])}
    mostly = sum(value in numbers for value in held) >= MOSTLY * len(held)
    if len(numbers) > MOST_RATINGS and mostly:  # what else there is, the loader names with its line
        return True
    return bool(numbers_of(distinct, count=len(held)))


def told(columns: Mapping[str, Any]) -> str:
    """Say what was taken for what.

    >>> told({"file_column": "photo", "target_column": "cells"})
    'the columns are taken by their content: file_column=photo target_column=cells'
    """
    words = " ".join(f"{key}={value}" for key, value in columns.items())
    return f"the columns are taken by their content: {words}"
