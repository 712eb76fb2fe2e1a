"""The images or sounds that the rows of a table name."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zoo.columns import Column
from zoo.data import kinds
from zoo.data.cells import files_in
from zoo.errors import DataError

Rows = Sequence[tuple[str, Mapping[str, Any]]]


def read_files(
    tables: Mapping[str, Path], rows: Mapping[str, Rows]
) -> tuple[str, Column, dict[str, tuple[Any, Any]], str]:
    """Read the files of every split.

    Args:
        tables: split to the table that names its files.
        rows: split to ("line 7", values) of each example.

    Returns:
        The name of the column ("image", "audio", "text"), its type, by split the values and the
        function that decodes one (None where they are decoded), and a note for readers of a result.

    Raises:
        DataError: a file is missing or cannot be read, or they are of several kinds.
    """
    paths = {split: files_in(tables[split], members) for split, members in rows.items()}
    every = [path for members in paths.values() for path in members]
    kind = kinds.kind_of(every)
    odd = [path for path in every if kind is None or path.suffix.lower() not in kind.suffixes]
    if odd:
        raise DataError(
            f"{odd[0]} is not a file of {kind.word if kind else 'images, sounds or texts'}.",
            expected=f"files that end in {', '.join(kind.suffixes if kind else kinds.SUFFIXES)}",
            fix="convert it, or remove its row",
        )
    headers = {
        split: [kind.header(path, whole=False) for path in members]
        for split, members in paths.items()
    }
    together = [header for members in headers.values() for header in members]
    feature = kind.feature(together)
    size = kind.size_bytes(together, feature)
    in_memory = size is not None and size <= kinds.ARRAY_LIMIT_BYTES
    values = {
        split: kind.values(members, headers[split], feature, in_memory=in_memory)
        for split, members in paths.items()
    }
    return kind.column, feature, values, kind.note(together, feature)
