"""From the row of a table to the values of an example: which column holds what."""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zoo.columns.weight import WEIGHT
from zoo.data.rows import bad_row
from zoo.errors import ArgumentError, DataError

SPLIT = "split"  # what a column is called that names the split of each row
FILE, LABELS, PAIR = "file", "labels", "pair"
_OURS = (
    "text",
    PAIR,
    "image",
    "audio",
    FILE,
    "group",
    SPLIT,
    WEIGHT,
)  # no target may have such a name
_FLAGS = {"0": False, "0.0": False, "false": False, "1": True, "1.0": True, "true": True}
_TEXTS = ("text", PAIR, FILE)
_INPUTS = ("text_column", "file_column")
_TOLD = {WEIGHT: "weight", PAIR: "second text"}


@dataclass(frozen=True)
class Columns:
    """Which columns hold what; an empty name means none."""

    text: str
    label: str
    group: str
    file: str = ""
    targets: tuple[str, ...] = ()  # numbers
    flags: tuple[str, ...] = ()  # 0 or 1 for each label
    separator: str = ""  # between several labels of a row
    split: str | None = None  # None takes a column "split" where there is one
    weight: str = ""
    pair: str | None = ""  # second texts; None takes a column "pair" where there is one
    inputs: tuple[str, ...] = ()  # of several inputs; each holds texts, or paths or bytes of files
    absent: bool = False  # a cell of an input may be empty

    @property
    def several(self) -> bool:
        """An example may have several labels."""
        return bool(self.flags or self.separator)

    @property
    def wanted(self) -> dict[str, str]:
        """Column of a data set to column of the table."""
        named = {"text": self.text, PAIR: self.pair, FILE: self.file, "label": self.label}
        named |= {"group": self.group, WEIGHT: self.weight}
        return {ours: theirs for ours, theirs in named.items() if theirs} | {
            name: name for name in (*self.inputs, *self.targets, *self.flags)
        }


def columns_of(
    inputs: tuple[Any, Any],
    label: Any,
    separator: Any,
    targets: Any,
    others: tuple[Any, Any, Any],
    *,
    pair: Any = "",
) -> Columns:
    """Check the arguments of a table's loader and return its columns.

    Args:
        inputs: text_column and file_column; a text_column of None is "text" where there are no files.
        label: label_column, a name or a list.
        separator: label_separator.
        targets: target_column, a name or a list.
        others: group_column, split_column and weight_column.
        pair: pair_column; None takes a column "pair" where there is one.

    Raises:
        ArgumentError: one is not a name, or two exclude each other.
    """
    numbers = _several("target_column", targets)
    flags = _several("label_column", label) if isinstance(label, list | tuple) else ()
    name = "" if flags else _name("label_column", label)
    if numbers and (flags or name not in ("", "label", *numbers)):
        raise ArgumentError(
            f"target_column={', '.join(numbers)} and label_column={', '.join(flags) or name} were "
            "both given.",
            expected="numbers to predict, or classes",
            fix="leave one of them out",
        )
    if not isinstance(separator, str) or (separator and (flags or numbers)):
        raise ArgumentError(
            f"label_separator={separator!r} does not apply.",
            expected='text such as ";", with one label_column that holds several labels',
            fix="leave it out",
        )
    text, file = (_name(key, value) for key, value in zip(_INPUTS, inputs, strict=True))
    if inputs[0] is None and not file:
        text = "text"
    group, split, weight = others
    if file and pair:
        raise ArgumentError(
            f"pair_column={pair} and file_column={file} were both given.",
            expected="pairs of texts, or files",
            fix="leave one of them out",
        )
    return Columns(
        text=text,
        label="" if numbers else name,
        group=_name("group_column", group),
        file=file,
        targets=numbers,
        flags=flags,
        separator=separator,
        split=None if split is None else _name("split_column", split),
        weight=_name("weight_column", weight),
        pair=None if pair is None and not file else _name("pair_column", pair),
    )


def _several(argument: str, given: Any) -> tuple[str, ...]:
    names = [given] if isinstance(given, str | int | None) else given
    if not isinstance(names, Sequence):
        raise _not_a_name(argument, given)
    found = tuple(name for name in (_name(argument, name) for name in names) if name)
    if argument == "label_column" and len(found) < 2:
        raise ArgumentError(
            f"label_column={list(names)!r} lists {len(found)} column(s) of 0 and 1.",
            expected="a column for each of two labels or more; the name alone for a column of classes",
            fix="write label_column=NAME, or list the others too",
        )
    if len(set(found)) < len(found):
        raise ArgumentError(
            f"{argument} names a column twice: {', '.join(found)}.", fix="name each once"
        )
    taken = [name for name in found if name in _OURS or "." in name]
    if taken and argument == "target_column":
        raise ArgumentError(
            f"The target {taken[0]!r} has a name that kerazoo needs for something else.",
            expected=f"a name without a point, and none of {', '.join(_OURS)}",
            fix="rename the column in the table",
        )
    return found


def _name(argument: str, name: Any) -> str:
    """Return a column's name; a recipe may hold 3 for "3", or nothing for ""."""
    if isinstance(name, bool) or not isinstance(name, str | int | None):
        raise _not_a_name(argument, name)
    return "" if name is None else str(name)


def _not_a_name(argument: str, given: Any) -> ArgumentError:
    several = " or a list of texts" if argument in ("target_column", "label_column") else ""
    return ArgumentError(
        f"{argument}={given!r} is not the name of a column.",
        expected=f"text{several}",
        fix="put it in quotes",
    )


def example_of(
    path: str | os.PathLike, where: str, row: Mapping[str, Any] | DataError, columns: Columns
) -> dict[str, Any]:
    """Return the values of a row by our own columns: texts, and floats for targets.

    Args:
        path: of the table.
        where: such as "line 7".
        row: by the table's columns, or why it cannot be read.
        columns: that are wanted.

    Raises:
        DataError: a value is missing or of the wrong kind.
    """
    if isinstance(row, DataError):
        raise row
    example: dict[str, Any] = {}
    if columns.inputs and all(is_empty(row.get(name)) for name in columns.inputs):
        problem = f"has none of its inputs: {', '.join(columns.inputs)} are all empty"
        raise bad_row(path, where, problem, expected="one input at least in every row")
    for ours, theirs in columns.wanted.items():
        if ours == theirs and theirs in columns.flags:
            continue
        if ours in columns.inputs:
            example[ours] = input_of(path, where, ours, row.get(ours), absent=columns.absent)
            continue
        if ours == "label" and columns.separator:
            example[LABELS] = _separated(path, where, theirs, row.get(theirs), columns.separator)
            continue
        is_number = ours == WEIGHT or (theirs in columns.targets and ours == theirs)
        value = row.get(theirs) if ours in _TEXTS else _word(row.get(theirs))
        if ours == FILE and not isinstance(value, str):
            value = _content(value)
            if isinstance(value, bytes) and value:
                example[FILE] = value
                continue
        what = "number" if is_number else "text"
        expected = f"{what} in the column {theirs} of every row"
        if value is None or (isinstance(value, str) and not value.strip()):
            told = _TOLD.get(ours, "number" if is_number else ours)
            problem = f"has no {told} (column {theirs} is empty)"
            raise bad_row(path, where, problem, expected=expected)
        if not isinstance(value, str):
            kind = type(value).__name__
            problem = f"holds {kind} instead of {what} in the column {theirs}"
            raise bad_row(path, where, problem, expected=expected)
        _check_characters(path, where, theirs, value)
        value = value.strip()
        if is_number:
            example[ours] = _number(path, where, theirs, value, weight=ours == WEIGHT)
        else:
            example[ours] = value
    if columns.flags:
        example[LABELS] = tuple(
            name for name in columns.flags if _flag(path, where, name, row.get(name))
        )
    if columns.split:
        example[SPLIT] = str(row.get(columns.split) or "").strip()
    return example


def input_of(
    path: str | os.PathLike, where: str, column: str, value: Any, *, absent: bool
) -> str | bytes | None:
    """Return the text, path or bytes of one of several inputs; None for an empty cell.

    Args:
        path, where: of the table and its row.
        column: of the table.
        value: of the cell.
        absent: an empty cell means that the example lacks this input; otherwise it is refused.

    Raises:
        DataError: the cell is empty, or holds something else; names the row.
    """
    held = _content(value)
    if is_empty(held):
        if absent:
            return None
        problem = f"has an empty cell in the column {column}"
        expected = "every input in every row; or absent=allow, where an example may lack some"
        raise bad_row(path, where, problem, expected=expected)
    if isinstance(held, bytes):
        return held
    if not isinstance(held, str):
        problem = f"holds {type(value).__name__} in the column {column}"
        raise bad_row(path, where, problem, expected="a text, or the path or bytes of a file")
    _check_characters(path, where, column, held)
    return held.strip()


def is_empty(value: Any) -> bool:
    """Tell whether a cell holds nothing: spaces, null, no bytes, or a number that is not one.

    >>> [is_empty(value) for value in ("", " ", None, b"", float("nan"), "a", b"a", 0)]
    [True, True, True, True, True, False, False, False]
    """
    value = _content(value)
    if isinstance(value, str):
        return not value.strip()
    return value is None or value == b"" or bool(value != value)


def _check_characters(path: str | os.PathLike, where: str, column: str, value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError as error:  # half of a \ud83d\ude00, which JSON lets pass
        problem = f"holds half a character in the column {column}"
        raise bad_row(path, where, problem, expected="whole characters") from error


def _word(value: Any) -> Any:
    """Return a JSON label as the text that a CSV would hold; other kinds as they are."""
    if isinstance(value, bool):
        return str(value).lower()
    if value != value:  # NaN, which is how some programs write that there is none
        return None
    return str(value) if isinstance(value, int | float) else value


def _content(value: Any) -> Any:
    """Return the path or the bytes that a cell holds, as a struct of both or by itself."""
    if not isinstance(value, Mapping):
        return value
    return value.get("bytes") or value.get("path")


def _number(path: str | os.PathLike, where: str, column: str, value: str, *, weight: bool) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if math.isfinite(number) and "_" not in value:
        if weight and number < 0:
            problem = f"holds the weight {value[:40]} in the column {column}, which is negative"
            raise bad_row(path, where, problem, expected="weights of 0 or more")
        return number
    hint = "a finite number, with a point before decimals, in every row"
    if not weight and not any(character.isdigit() for character in value):
        hint += (
            f"; if {column} holds classes, set label_column={column} instead of target_column, and "
            "task.name to a classification"
        )
    problem = f"holds {value[:40]!r} in the column {column}, which is not a number"
    raise bad_row(path, where, problem, expected=hint)


def _separated(
    path: str | os.PathLike, where: str, column: str, value: Any, separator: str
) -> tuple[str, ...]:
    """Return the labels of a row, maybe none, each once."""
    value = "" if value is None or value != value else value
    parts = value if isinstance(value, list) else _word(value).split(separator)
    if not all(isinstance(part, str) for part in parts):
        expected = f"labels separated by {separator!r}, or a list of texts"
        problem = f"holds {value!r:.40} in the column {column}"
        raise bad_row(path, where, problem, expected=expected)
    return tuple(sorted({part.strip() for part in parts if part.strip()}))


def _flag(path: str | os.PathLike, where: str, column: str, value: Any) -> bool:
    word = str(_word(value)).strip().lower()
    if word not in _FLAGS:
        problem = f"holds {word[:40]!r} in the column {column}"
        raise bad_row(path, where, problem, expected="0 or 1 in each column of a label")
    return _FLAGS[word]
