"""Which of several inputs of a model a value is for."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from recipes.runs.base import TrainedModel
from recipes.runs.inputs import Item, items_of
from recipes.runs.predict import called
from zoo.columns import Column
from zoo.columns.readers import formats
from zoo.data.rows import read_rows
from zoo.errors import ArgumentError, DataError
from zoo.files import as_path


def values_of(argument: str, given: Any, *, fix: str = "give at least one") -> list[Any]:
    """Return the values of an argument one by one.

    Raises:
        ArgumentError: there are none, or one is not a text, a path, an array or a dictionary.
    """
    kinds = str | Path | Mapping | np.ndarray
    single = isinstance(given, kinds) or not isinstance(given, Iterable)
    values = [given] if single else list(given)
    expected = 'texts, paths, arrays, or dictionaries such as {"text": "a cat"}'
    if not values:
        raise ArgumentError(f"{argument} is empty.", expected=expected, fix=fix)
    for value in values:
        if not isinstance(value, kinds):
            raise ArgumentError(
                f"{argument} holds {value!r:.60} ({type(value).__name__}), which is not an input.",
                expected=expected,
                fix="give numbers as a NumPy array, or as text",
            )
    return values


def possible(values: Sequence[Any], columns: Mapping[str, Column]) -> list[str]:
    """Return the inputs that all these values may be for, by their kind."""
    return [n for n in columns if all(_fits(value, n, columns) for value in values)]


def input_of(
    values: Sequence[Any],
    columns: Mapping[str, Column],
    *,
    model: str,
    taken: Collection[str] = (),
) -> str:
    """Return the only input that these values may be for.

    Args:
        values: one or more.
        columns: of the model's inputs.
        model: its name, for messages.
        taken: inputs that are given otherwise, and are not meant where another is possible.

    Raises:
        DataError: several inputs take such values, or none.
    """
    found = possible(values, columns)
    if len(found) > 1:
        found = [name for name in found if name not in taken] or found
    if len(found) == 1:
        return found[0]
    words = isinstance(values[0], str | Path)
    given = f"{str(values[0])[:60]!r}" if words else f"An array of shape {values[0].shape}"
    if not found:
        raise DataError(
            f"{given} does not fit any input of {model}.",
            expected="; ".join(f"{name}: {kind.expected}" for name, kind in columns.items()),
            fix="give values of one of these kinds",
        )
    raise DataError(
        f"{given} does not say which input of {model} it is.",
        expected=f"values of one of {', '.join(found)}",
        fix=f'name the input: {{"{found[0]}": …}} in Python, {found[0]}=… and --among '
        f"{found[1]}=… on the command line",
    )


def items_as(
    run: TrainedModel,
    value: Any,
    name: str,
    columns: Mapping[str, Column],
    *,
    column: str | None = None,
) -> list[Item]:
    """Return the examples that a value of one input stands for, without their other inputs.

    Where a row of a table lacks the input, its value is None.
    """
    if column is None and (rows := _rows(run, value, [name], columns)) is not None:
        return [replace(item, values={name: item.values[name]}) for item in rows]
    value = _table(value, columns) or value
    return items_of([value], {name: columns[name]}, model=run.name, column=column)


def items_unnamed(
    run: TrainedModel,
    value: Any,
    place: str,
    columns: Mapping[str, Column],
    column: str | None,
) -> list[Item]:
    """Return the examples that a value of an input other than `place` stands for.

    The rows of a table that has other inputs as columns are whole examples, as `zoo.predict` reads
    them.
    """
    others = {name: kind for name, kind in columns.items() if name != place}
    if column is None and (rows := _rows(run, value, others, columns)) is not None:
        return rows
    name = next(iter(others)) if len(others) == 1 else input_of([value], others, model=run.name)
    return items_as(run, value, name, columns, column=column)


def items_of_example(
    run: TrainedModel, example: Any, columns: Mapping[str, Column]
) -> list[Item] | None:
    """Return the examples of a dictionary; where it has one value, that may be a folder or a table.

    None is returned for a value that is not a dictionary.
    """
    if not isinstance(example, Mapping):
        return None
    there = [name for name, value in example.items() if value is not None]
    if len(there) == 1 and set(example) <= set(columns):
        return items_as(run, example[there[0]], there[0], columns)
    return items_of([example], columns, model=run.name)


def _rows(
    run: TrainedModel, value: Any, names: Iterable[str], columns: Mapping[str, Column]
) -> list[Item] | None:
    """Return the rows of a table that has one of the named inputs; None for any other value."""
    table = _table(value, columns)
    theirs = {called(run).get(name, name) for name in names} | set(names)
    if table is None or not theirs & set(read_rows(table)[0]):
        return None
    return items_of([table], columns, model=run.name, called=called(run))


def _table(value: Any, columns: Mapping[str, Column]) -> Path | None:
    """Return the path of a table; None for any other value, and where an input has such files."""
    if not isinstance(value, str | Path):
        return None
    ending = Path(value).suffix.lower()
    if ending not in formats.TABLES or any(ending in c.suffixes for c in columns.values()):
        return None
    path = as_path(value)
    return path if _exists(path, Path.is_file) else None


def _exists(path: Path, check: Callable[[Path], bool]) -> bool:
    try:
        return check(path)
    except (OSError, ValueError):  # longer than a file's name may be, or with a NUL
        return False


def _fits(value: Any, name: str, columns: Mapping[str, Column]) -> bool:
    """Tell whether a value may be one of a column's, by its type and by the ending of its name."""
    kind = columns[name]
    if isinstance(value, np.ndarray):
        shape = kind.value_shape
        return shape is not None and len(shape) == value.ndim
    if not isinstance(value, str | Path):
        return False
    table = _table(value, columns)
    if table is not None:
        named = set(columns) & set(read_rows(table)[0])
        return name in named or not named
    ending = Path(value).suffix.lower()
    if ending in formats.TABLES or _exists(Path(value), Path.is_dir):
        return True  # of any column
    if kind.is_file("word") or isinstance(value, Path):
        return ending in kind.suffixes
    return ending not in (*formats.IMAGES, *formats.SOUNDS)
