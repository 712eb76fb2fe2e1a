"""Inputs of prediction: files, folders, patterns, tables, values; read one by one."""

import glob
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
from zoo.data.cells import is_empty
from zoo.data.headers import open_table, open_texts
from zoo.data.rows import read_rows
from zoo.errors import DataError, ZooError, nearest
from zoo.files import as_path

Value = str | Path | np.ndarray | None
Input = Value | Mapping[str, Value]
# Endings by which a single word is taken for the name of a file, not for a text.
_ENDINGS = (*formats.TEXTS, *formats.TABLES, ".md", ".json", ".html", ".log", ".pdf", ".docx")
_USUAL_COLUMNS = ("file", "path", "filename")  # of tables that name files
_MISSPELT = 0.75  # how close an unknown column must be to that of an input to be taken for it
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

    @property
    def name(self) -> str:
        """A short name: the file, and the row of its table where that is what holds the example."""
        if self.file is None:
            return ""
        is_file = any(isinstance(value, Path) for value in self.values.values())
        return f"{self.file}, {self.row}" if self.row and not is_file else self.file


def items_of(
    inputs: Sequence[Input],
    columns: Mapping[str, Column],
    *,
    model: str,
    column: str | None = None,
    called: Mapping[str, str] | None = None,
) -> list[Item]:
    """Return the examples to predict; a folder or pattern gives its files, a table its rows.

    Args:
        inputs: as `predict` takes them.
        columns: of the model's inputs, by name of the data's column.
        model: its name, for messages.
        column: of tables, for models with one input: it holds the texts, or names the files. None takes
            "text", the input's own name, "file" or "path", or the only column.
        called: what a table of several inputs may call a column, as the table of training did.

    Raises:
        DataError: a folder or pattern gives no such file, a table cannot be read, or a value does not
            say which of several inputs it is.
    """
    found: list[Item] = []
    for given in inputs:
        if isinstance(given, Mapping):
            found.append(_named(given, columns, model))
        elif len(columns) > 1:
            found += _from_table(given, columns, model, called or {})
        else:
            ((name, kind),) = columns.items()
            found += _alone(given, name, kind, column)
    return found


def _alone(given: Value, name: str, kind: Column, column: str | None) -> list[Item]:
    """Return the examples of a model with one input."""
    if not kind.is_file(given):
        return [Item({name: given})]
    path, found = as_path(given), []
    for file in _files(path, kind):
        ending = file.suffix.lower()  # a series of numbers may itself be a .csv file
        if ending in formats.TABLES and ending not in kind.suffixes and file.is_file():
            found += _rows(file, name, kind, column)
        else:
            found.append(_of_file(file, name, kind))
    return found


def _of_file(file: Path, name: str, kind: Column, row: str | None = None) -> Item:
    error = None if file.is_file() else missing(file, kind.expected)
    return Item({name: file}, str(file), row, error=error)


def _files(path: Path, kind: Column) -> list[Path]:
    """Return the files that a path or a pattern such as "photos/**/*.jpg" stands for, in order."""
    if path.is_dir():
        return _inside(path, kind)
    return _matching(str(path), kind) if _is_pattern(path) else [path]


def _is_pattern(path: Path) -> bool:
    try:
        return glob.has_magic(str(path)) and not path.exists()
    except (OSError, ValueError):  # longer than a file's name may be, or with a NUL
        return False


def _matching(pattern: str, kind: Column) -> list[Path]:
    """Return the files of one kind, and tables, that a pattern matches.

    Raises:
        DataError: there are none.
    """
    # Path.glob takes no absolute patterns.
    matches = glob.glob(pattern, recursive=True)  # noqa: PTH207
    found = [Path(match) for match in sorted(matches)]
    files = [file for file in found if file.is_file()]
    known = [file for file in files if file.suffix.lower() in (*kind.suffixes, *formats.TABLES)]
    if known:
        return known
    what = f"matches {len(found)} folder(s), but no file" if found and not files else ""
    what = what or ("matches no file of these kinds" if files else "matches no file")
    raise DataError(
        f"The pattern {pattern} {what}.",
        expected=kind.expected,
        fix="check the pattern; ** stands for any folders in between",
    )


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
    elif all(value is None for value in values.values()):
        problem = f"An example has none of {', '.join(columns)}."
        expected = "one of them at least"
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


def _from_table(
    given: Value, columns: Mapping[str, Column], model: str, called: Mapping[str, str]
) -> list[Item]:
    """Return the rows of a table that has the inputs of a model as its columns."""
    path = as_path(given) if isinstance(given, str | Path) else None
    if path is None or path.suffix.lower() not in formats.TABLES:
        raise DataError(
            f"{model} takes {' and '.join(columns)}; one value does not say which it is.",
            expected="a dictionary for each example, or a table "
            f"({', '.join(formats.TABLES)}) with these columns",
            fix="for example: " + _written(columns),
        )
    there, rows = read_rows(path, only=(*columns, *called.values()), blank=True)
    theirs = {name: name if name in there else called.get(name, name) for name in columns}
    absent = [n for n, c in columns.items() if theirs[n] not in there and not c.optional]
    if there and absent:
        raise DataError(
            f"{path} has no column {theirs[absent[0]]!r}.",
            expected=f"the columns {' and '.join(columns)}; it has {', '.join(there[:12])}",
            fix=f"name the column {absent[0]} in its first line",
        )
    _check_spelling(str(path), there, theirs)
    items, checked = [], {there}
    for where, row in rows:
        if isinstance(row, DataError):
            items.append(Item(dict.fromkeys(columns), str(path), where, error=row))
            continue
        if (keys := tuple(row)) not in checked:  # JSON Lines, where rows differ
            _check_spelling(f"{path}, {where}", keys, theirs)
            checked.add(keys)
        cells = {name: row.get(theirs[name]) for name in columns}
        values = {name: None if is_empty(cell) else cell for name, cell in cells.items()}
        files = {n: path.parent / v for n, v in values.items() if columns[n].is_file(v)}
        item = _named(values | files, columns, model)
        items.append(replace(item, file=str(path), row=where, error=_of_row(item, path, where)))
    return items


def _check_spelling(place: str, there: Sequence[str], theirs: Mapping[str, str]) -> None:
    """Raise DataError where an input has no column, and a column that is not used resembles it."""
    spare = {key.casefold(): key for key in there if key not in theirs.values()}
    for name in theirs.values():
        near = [] if name in there else nearest(name.casefold(), spare, count=1, cutoff=_MISSPELT)
        if near:
            raise DataError(
                f"{place} has the column {spare[near[0]]!r}, and none named {name!r}.",
                expected=f"the columns {' and '.join(theirs.values())}, or some of them",
                fix=f"rename it {name}; if it is something else, take it out of the table",
            )


def _of_row(item: Item, path: Path, where: str) -> ZooError | None:
    """Return an item's error with the row of the table that it is in."""
    if item.error is None:
        return None
    problem = f"{path}, {where}: {item.error.problem}"
    return DataError(problem, expected=item.error.expected, fix=item.error.fix)


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
            error = error.about(item.name) if isinstance(error, DataError) else error
            if not keep_going:
                raise error from None
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


def _rows(path: Path, name: str, kind: Column, column: str | None) -> list[Item]:
    """Return the rows of a table, each with its text, or with its file beside the table.

    Raises:
        DataError: the table cannot be read, or does not have the column.
    """
    columns, found, _ = open_table(path, [column]) if column else open_texts(path)
    names_files = kind.is_file("word")
    usual = (name, *_USUAL_COLUMNS) if names_files else ("text",)
    only = columns[0] if len(columns) == 1 else usual[0]
    chosen = column or next((each for each in usual if each in columns), only)
    if chosen not in columns:
        raise DataError(
            f"{path} has no column {chosen!r}.",
            expected=f"one of: {', '.join(columns[:12])}",
            fix=f"name the column that {'names the files' if names_files else 'holds the texts'} "
            "with --column (column=)",
        )
    items = []
    for where, row in found:
        if isinstance(row, DataError):
            items.append(Item({name: None}, str(path), where, error=row))
            continue
        value = row.get(chosen)
        text = "" if value is None else str(value)
        if not names_files:
            items.append(Item({name: text}, str(path), where))
        elif text.strip():
            items.append(_of_file(path.parent / as_path(text.strip()), name, kind, where))
        else:
            error = DataError(
                f"{path}, {where} names no file.", fix="fill the cell, or drop the row"
            )
            items.append(Item({name: None}, str(path), where, error=error))
    return items
