"""Rows of Parquet files, read in batches."""

import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from zoo.errors import DataError, MachineError

_BATCH_ROWS = 1000


def parquet_rows(
    path: str | os.PathLike, *, only: Collection[str] | None = None
) -> tuple[tuple[str, ...], Iterator[tuple[str, Mapping[str, Any]]]]:
    """Return the columns of a Parquet file, and its rows with their place, such as "row 7".

    Texts, numbers, truth values and lists come as Python has them, categories as their words, and
    bytes as bytes; a struct is a dictionary, such as {"bytes": …, "path": …}.

    Args:
        path: of the file.
        only: the columns whose values are needed, in any case; None reads all of them.

    Raises:
        DataError: there is no such file, or it is not Parquet.
        MachineError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MachineError(
            f"{path} needs pyarrow, which is not installed.", fix="pip install pyarrow"
        ) from error
    if not Path(path).is_file():
        raise DataError(f"There is no file {path}.", fix="check the path")
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _damaged(path, error) from error
    names = tuple(file.schema_arrow.names)
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise DataError(
            f"{path} names the column {twice[0]!r} twice.",
            expected="columns of different names",
            fix="rename one of them",
        )
    lower = {name.lower() for name in (names if only is None else only)}
    wanted = [name for name in names if name.lower() in lower]

    def rows() -> Iterator[tuple[str, Mapping[str, Any]]]:
        number = 0
        try:
            for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=wanted):
                for row in batch.to_pylist():
                    number += 1
                    yield f"row {number}", row
        except (pa.ArrowException, OSError, ValueError) as error:
            raise _damaged(path, error) from error

    return names, rows()


def _damaged(path: str | os.PathLike, error: Exception) -> DataError:
    what = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
    return DataError(
        f"{path} cannot be read as Parquet ({what}).",
        expected="a whole file, as pandas' to_parquet writes it",
        fix="write or copy it again",
    )
