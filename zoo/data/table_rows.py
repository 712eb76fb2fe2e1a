"""The other columns of a table's examples, found again by the examples' names."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zoo.columns.readers import formats
from zoo.data.headers import AUTO, open_table
from zoo.data.layout import inside
from zoo.errors import DataError

_SEPARATOR = ", "  # of a table's name and a row's, "train.csv, line 7", in `zoo.data.table`


def table_columns(place: Path | None, arguments: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the columns of a data set's tables, each once; empty where it is not made of tables.

    Args:
        place: the table, or the folder of tables.
        arguments: of the loader, of which "header" and "encoding" say how a table is read.
    """
    found: dict[str, None] = {}
    for table in _tables(place):
        found |= dict.fromkeys(_opened(table, (), arguments).columns)
    return tuple(found)


def cells(
    place: Path | None, arguments: Mapping[str, Any], column: str, names: Sequence[str]
) -> list[Any] | None:
    """Return what a column of the table holds for each example.

    Args:
        place, arguments: as `table_columns`.
        column: of the table.
        names: of the examples, such as "train.csv, line 7".

    Returns:
        A value for each name, None where the cell is empty or the table lacks the column; None where
        no table has the column.

    Raises:
        DataError: an example's row is no longer there.
    """
    tables = {table.name: table for table in _tables(place)}
    held: dict[str, dict[str, Any]] = {}
    known = False
    for table in {name.rpartition(_SEPARATOR)[0] for name in names} & set(tables):
        opened = _opened(tables[table], [column], arguments)
        known |= column in opened.columns
        held[table] = {
            where: None if isinstance(row, DataError) else row.get(column)
            for where, row in opened.rows
        }
    if not known:
        return None
    found = []
    for name in names:
        table, _, where = name.rpartition(_SEPARATOR)
        if where not in held.get(table, {}):
            raise DataError(
                f"{place} has no row {name} any more.",
                expected="the table as it was loaded",
                fix="run the command again",
            )
        found.append(held[table][where])
    return found


def _tables(place: Path | None) -> list[Path]:
    if place is None:
        return []
    files = [place] if place.is_file() else inside(place) if place.is_dir() else []
    return [path for path in files if path.suffix.lower() in formats.TABLES]


def _opened(table: Path, wanted: Sequence[str], arguments: Mapping[str, Any]) -> Any:
    """Open a table as its loader did, which looks for the columns that its arguments name."""
    named = [
        value
        for key, value in arguments.items()
        if key.endswith("_column") and isinstance(value, str) and value
    ]
    how = {"header": arguments.get("header", AUTO), "encoding": arguments.get("encoding", "")}
    return open_table(table, [*wanted, *named], **how)
