"""Inputs of prediction: files, folders of files, tables of texts, values; read one by one."""

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from zoo.columns import Column
from zoo.columns.readers import formats
from zoo.data import layout
from zoo.data.headers import open_table, open_texts
from zoo.data.rows import read_rows
from zoo.errors import DataError, ZooError, nearest
from zoo.files import as_path

Value = str | Path | np.ndarray | None
Input = Value | Mapping[str, Value]
# Endings by which a single word is taken for the name of a file, not for a text.
_ENDINGS = (*formats.TEXTS, *formats.TABLES, ".md", ".json", ".html", ".log", ".pdf", ".docx")
_ALIKE = 0.8  # how close a word must be to the name of a file to be taken for it


@dataclass(frozen=True)
class Item:
    """One example to predict, and the result of reading it.

    Attributes:
        values: a path, a text, an array or None by column.
        file: it came from; None for values.
        row: of a table, such as "line 7".
        error: why it cannot be read.
        encoded: what the model takes.
    """

    values: Mapping[str, Value]
    file: str | None = None
    row: str | None = None
    error: ZooError | None = None
    encoded: Any = None

    @property
    def source(self) -> dict[str, Any]:
        """What a result says about its origin."""
        told = {"file": self.file} | ({"row": self.row} if self.row else {})
        words = {
            name: value for name, value in self.values.items() if isinstance(value, str | Path)
        }
        if len(self.values) > 1:
            return told | {
                "inputs": {k: str(v) if k in words else None for k, v in self.values.items()}
            }
        (value,) = self.values.values()
        text = isinstance(value, str) and (self.file is None or self.row is not None)
        return told | ({"text": value} if text else {})


def items_of(
    inputs: Sequence[Input],
    columns: Mapping[str, Column],
    *,
    model: str,
    text_column: str | None = None,
) -> list[Item]:
    """Return the examples to predict; a folder gives its files, a table its rows.

    Args:
        inputs: as `predict` takes them.
        columns: of the model's inputs, by name of the data's column.
        model: its name, for messages.
        text_column: of tables, for models of texts alone; None takes "text", or the only column.

    Raises:
        DataError: a folder holds no such file, a table cannot be read, or a value does not say which
            of several inputs it is.
    """
    found: list[Item] = []
    for given in inputs:
        if isinstance(given, Mapping):
            found.append(_named(given, columns, model))
        elif len(columns) > 1:
            found += _from_table(given, columns, model)
        else:
            ((name, column),) = columns.items()
            found += _alone(given, name, column, text_column)
    return found


def _alone(given: Value, name: str, column: Column, text_column: str | None) -> list[Item]:
    """Return the examples of a model with one input."""
    if not column.is_file(given):
        return [Item({name: given})]
    path, takes_words, found = as_path(given), not column.is_file("word"), []
    files = _inside(path, column) if path.is_dir() else [path]
    for file in files:
        if takes_words and file.suffix.lower() in formats.TABLES and file.is_file():
            found += _rows(file, name, text_column)
        else:
            error = None if file.is_file() else missing(file, column.expected)
            found.append(Item({name: file}, str(file), error=error))
    return found


def _named(given: Mapping[str, Value], columns: Mapping[str, Column], model: str) -> Item:
    """Return the example that a dictionary holds."""
    example = "for example: " + _written(columns)
    unknown = [name for name in given if name not in columns]
    absent = [n for n, c in columns.items() if given.get(n) is None and not c.optional]
    values = {name: given.get(name) for name in columns}
    if unknown:
        near = nearest(unknown[0], columns) or list(columns)
        problem, expected = (
            f"{model} has no input named {unknown[0]!r}.",
            f"one of: {', '.join(near)}",
        )
    elif absent:
        problem = f"An example lacks {', '.join(absent)}."
        expected = f"{', '.join(absent)} in each example; only what is optional may be absent"
    else:
        for name, column in columns.items():
            if column.is_file(values[name]):
                values[name] = path = as_path(values[name])
                if not path.is_file():
                    return Item(values, error=missing(path, column.expected))
        return Item(values)
    return Item(values, error=DataError(problem, expected=expected, fix=example))


def _written(columns: Mapping[str, Column]) -> str:
    return "{" + ", ".join(f'"{name}": "{c.example or "…"}"' for name, c in columns.items()) + "}"


def _from_table(given: Value, columns: Mapping[str, Column], model: str) -> list[Item]:
    """Return the rows of a table that has the inputs of a model as its columns."""
    path = as_path(given) if isinstance(given, str | Path) else None
    if path is None or path.suffix.lower() not in formats.TABLES:
        raise DataError(
            f"{model} takes {' and '.join(columns)}; one value does not say which it is.",
            expected="a dictionary for each example, or a table "
            f"({', '.join(formats.TABLES)}) with these columns",
            fix="for example: " + _written(columns),
        )
    items = []
    for where, row in read_rows(path, only=tuple(columns))[1]:
        if isinstance(row, DataError):
            items.append(Item(dict.fromkeys(columns), str(path), where, error=row))
            continue
        values = {name: row.get(name) or None for name in columns}
        files = {n: path.parent / v for n, v in values.items() if columns[n].is_file(v)}
        item = _named(values | files, columns, model)
        items.append(replace(item, file=str(path), row=where))
    return items


def encoded(
    items: Sequence[Item], encode: Callable[[Item], Any], *, keep_going: bool
) -> list[Item]:
    """Read and encode every item before anything is run.

    Args:
        items: of `items_of`.
        encode: what the model takes of an item; raises ZooError where it cannot be read.
        keep_going: put an error into its item rather than raise it.
    """
    done = []
    for item in items:
        try:
            if item.error is not None:
                raise item.error
            done.append(replace(item, encoded=encode(item)))
        except ZooError as error:
            if not keep_going:
                raise
            done.append(replace(item, error=error))
    return done


def looks_like_a_path(word: str) -> bool:
    """Tell whether a word that is not a file was probably meant as one.

    >>> looks_like_a_path("./reviews.csv"), looks_like_a_path("Who wrote Hamlet?")
    (True, False)
    """
    if "\n" in word or len(word) > 1000:
        return False
    if re.search(r"\s", word):
        return word.lower().endswith(_ENDINGS) or word.startswith(("./", "../", "~/"))
    return word.lower().endswith(_ENDINGS) or os.sep in word or bool(_beside(Path(word)))


def missing(path: Path, expected: str) -> DataError:
    """Make the error for a path that is not a file, with the nearest file names."""
    near = _beside(path)
    return DataError(
        f"{path} is not a file.",
        expected=f"nearest: {', '.join(near)}" if near else expected,
        fix="check the path",
    )


def _beside(path: Path) -> list[str]:
    """Return the files whose names resemble this one, in the same folder."""
    folder = path.expanduser().parent
    try:
        names = [entry.name for entry in folder.iterdir() if entry.is_file()]
    except OSError:  # there is no such folder, or it may not be read
        return []
    return [str(path.with_name(name)) for name in nearest(path.name, names, cutoff=_ALIKE)]


def _inside(folder: Path, column: Column) -> list[Path]:
    """Return the files of one kind in a folder and the folders in it, in order."""
    suffixes = column.suffixes if column.is_file("word") else (*column.suffixes, *formats.TABLES)
    files = [file for file in _walked(folder) if file.suffix.lower() in suffixes]
    if not files:
        raise DataError(
            f"{folder} holds no files to predict.",
            expected=column.expected,
            fix="give another folder, or the files themselves",
        )
    return files


def _walked(folder: Path) -> Iterator[Path]:
    for path in layout.inside(folder):
        if path.is_dir() and not path.is_symlink():
            yield from _walked(path)
        elif path.is_file():
            yield path


def _rows(path: Path, name: str, text_column: str | None) -> list[Item]:
    """Return the rows of a table, each with its text."""
    columns, found, _ = open_table(path, [text_column]) if text_column else open_texts(path)
    column = text_column or (columns[0] if len(columns) == 1 else "text")
    if column not in columns:
        raise DataError(
            f"{path} has no column {column!r}.",
            expected=f"one of: {', '.join(columns[:12])}",
            fix="name the column that holds the texts with --text-column (text_column=)",
        )
    items = []
    for where, row in found:
        if isinstance(row, DataError):
            items.append(Item({name: None}, str(path), where, error=row))
        else:
            value = row.get(column)
            items.append(Item({name: "" if value is None else str(value)}, str(path), where))
    return items
