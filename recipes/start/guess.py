"""Which columns of a table hold the texts or files, and the classes or numbers."""

import re
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from zoo.columns.readers import formats
from zoo.data.headers import open_table
from zoo.data.labels import numbers_of
from zoo.errors import DataError

ROWS = 2000  # that are looked at
MOST_CLASSES = 0.2  # of the rows: distinct values of a column of classes, at most
MOST_RATINGS = 10  # distinct numbers that are classes: ten digits, 1 to 10 points
LEAST_WORDS = 2.0  # of the values of a column of texts, on average
LABELS = ("label", "class", "category", "target", "sentiment", "intent", "topic", "rating", "stars")
OTHERS = ("split", "group", "id", "index", "fold")  # neither inputs nor targets
_NUMBER = re.compile(r"[-+]?(\d+([.,]\d*)?|[.,]\d+)([eE][-+]?\d+)?")
_FILES = (*formats.IMAGES, *formats.SOUNDS, *formats.TEXTS)


def guessed_columns(table: Path) -> dict[str, str]:
    """Return the arguments that name a table's columns, as far as its header and rows tell.

    Args:
        table: a file; of a folder of tables, the one of train.

    Returns:
        text_column or file_column, and label_column or target_column; empty where the columns are
        called text and label, or where nothing fits and the loader's own error says more.

    Raises:
        DataError: the file cannot be read.
    """
    opened = open_table(table, ())
    rows = [row for _, row in islice(opened.rows, ROWS) if not isinstance(row, DataError)]
    names = [name for name in opened.columns if name and name.lower() not in OTHERS]
    values = {name: [str(row.get(name, "")).strip() for row in rows] for name in names}
    if not rows or ({"text", "label"} <= set(names) and not _numbers(values["label"])):
        return {}
    found = _input(values)
    rest = {name: held for name, held in values.items() if name not in found.values()}
    return found | _target(rest) if found else {}


def _input(values: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return the argument that names the column of files, or else that of the longest texts."""
    for name, held in values.items():
        if all(value.lower().endswith(_FILES) for value in held):
            return {"file_column": name}
    words = {n: sum(len(v.split()) for v in held) / len(held) for n, held in values.items()}
    name = "text" if "text" in words else max(words, key=words.get, default="")
    return {"text_column": name} if name and words[name] >= LEAST_WORDS else {}


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
    return {"target_column" if numbers else "label_column": name}


def _numbers(held: Sequence[str]) -> bool:
    """Tell whether a column holds numbers to predict: counts have more values than ratings."""
    distinct = sorted(set(held))
    if len(distinct) > MOST_RATINGS and all(_NUMBER.fullmatch(value) for value in distinct):
        return True
    return bool(numbers_of(distinct, count=len(held)))


def told(columns: Mapping[str, Any]) -> str:
    """Say what was taken for what.

    >>> told({"file_column": "photo", "target_column": "cells"})
    'the columns are taken by their content: file_column=photo target_column=cells'
    """
    words = " ".join(f"{key}={value}" for key, value in columns.items())
    return f"the columns are taken by their content: {words}"
