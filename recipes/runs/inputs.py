"""What predicting is given: files, folders of files, tables of texts, values; read one by one."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zoo.data import formats, layout, rows
from zoo.errors import DataError, ZooError, nearest

Input = str | Path | np.ndarray
# Endings by which a single word is taken for the name of a file, not for a text.
_ENDINGS = (*formats.TEXTS, *formats.TABLES, ".md", ".json", ".html", ".log", ".pdf", ".docx")
_ALIKE = 0.8  # how close a word must be to the name of a file to be taken for it


@dataclass(frozen=True)
class Item:
    """One thing to predict, and what came of reading it.

    Attributes:
        value: a path, a text, or an array.
        file: it came from; None for a value.
        row: of a table, such as "line 7".
        error: why it cannot be read.
        encoded: what the model takes.
    """

    value: Any
    file: str | None = None
    row: str | None = None
    error: ZooError | None = None
    encoded: Any = None

    @property
    def source(self) -> dict[str, Any]:
        """What a result says of where it came from."""
        text = self.file is None or self.row is not None
        return {
            "file": self.file,
            **({"row": self.row} if self.row else {}),
            **({"text": self.value} if text and isinstance(self.value, str) else {}),
        }


def items_of(
    inputs: Sequence[Input],
    *,
    suffixes: tuple[str, ...],
    expected: str,
    texts_too: bool = False,
    text_column: str | None = None,
) -> list[Item]:
    """Return what is to be predicted; a folder stands for its files, a table for its rows.

    Args:
        inputs: as `predict` takes them.
        suffixes: of the files that a folder is searched for.
        expected: what the model takes, in words.
        texts_too: a `str` is a text, and tables are read row by row.
        text_column: of tables; None takes "text", or the only column.

    Raises:
        DataError: a folder holds no such file, or a table cannot be read.
    """
    found: list[Item] = []
    for given in inputs:
        if isinstance(given, np.ndarray) or (texts_too and not isinstance(given, Path)):
            found.append(Item(given))
            continue
        path = Path(given).expanduser()
        files = _inside(path, suffixes, expected) if path.is_dir() else [path]
        for file in files:
            if texts_too and file.suffix.lower() in formats.TABLES and file.is_file():
                found += _rows(file, text_column)
            elif file.is_file():
                found.append(Item(file, str(file)))
            else:
                found.append(Item(file, str(file), error=missing(file, expected)))
    return found


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
            done.append(Item(item.value, item.file, item.row, encoded=encode(item)))
        except ZooError as error:
            if not keep_going:
                raise
            done.append(Item(item.value, item.file, item.row, error=error))
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


def _inside(folder: Path, suffixes: tuple[str, ...], expected: str) -> list[Path]:
    """Return the files of one kind in a folder and the folders in it, in order."""
    files = [file for file in _walked(folder) if file.suffix.lower() in suffixes]
    if not files:
        raise DataError(
            f"{folder} holds no file to predict.",
            expected=expected,
            fix="give another folder, or the files themselves",
        )
    return files


def _walked(folder: Path) -> Iterator[Path]:
    for path in layout.inside(folder):
        if path.is_dir() and not path.is_symlink():
            yield from _walked(path)
        elif path.is_file():
            yield path


def _rows(path: Path, text_column: str | None) -> list[Item]:
    """Return the rows of a table, each with its text."""
    columns, found = rows.read_rows(path)
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
            items.append(Item(None, str(path), where, error=row))
        else:
            value = row.get(column)
            items.append(Item("" if value is None else str(value), str(path), where))
    return items
