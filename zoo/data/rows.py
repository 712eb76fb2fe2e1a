"""Rows of CSV, TSV, JSON Lines and Parquet files; errors name the line."""

import csv
import io
import json
import os
import re
from collections.abc import Collection, Iterator, Mapping
from itertools import chain
from typing import Any, Literal

from zoo.columns.readers.texts import read_text
from zoo.data.parquet import parquet_rows
from zoo.errors import ArgumentError, DataError

# The line in which Excel names the separator of fields.
_DELIMITER_LINE = re.compile(r'\n*("?sep=([^\n"])"?[,;\t ]*)(?=\n)', re.IGNORECASE)
_OPENING_QUOTE = re.compile(r'(?:^|\t)"', re.MULTILINE)

Row = tuple[str, Mapping[str, Any] | DataError]  # "line 7", and its values by column


def read_rows(
    path: str | os.PathLike,
    *,
    encoding: str = "",
    header: bool = True,
    only: Collection[str] | None = None,
    blank: bool = False,
) -> tuple[tuple[str, ...], Iterator[Row]]:
    """Return the columns of a table and its rows, read as they are asked for.

    CSV is as RFC 4180 has it: commas, or semicolons where the first line has no comma, or what a
    line "sep=;" above the names of the columns says, as Excel writes it; fields that hold these or line
    ends are in double quotes. TSV is read the same way if its quotes are those of RFC 4180, otherwise
    without quotes, as registered with IANA: `_has_quotes` decides for the whole file.
    JSON Lines has one object a line; the columns are those of the first. Blank rows are left out.
    Parquet is read in batches.

    A row that cannot be read is returned as its error, so that the caller can continue.

    Args:
        path: of the table; its ending tells the format.
        encoding: of texts; "" reads UTF-8, and UTF-16 by its byte order mark.
        header: the first line of CSV or TSV names the columns; else they are column_1 and so on.
        only: columns that are needed, which spares reading the others of Parquet; None for all.
        blank: keep rows of CSV or TSV whose fields are all empty; lines without any field are left out.

    Raises:
        DataError: the file cannot be read, has no rows, or its first line names no columns.
        ArgumentError: an encoding for Parquet.

    >>> import tempfile; path = tempfile.mkdtemp() + "/a.csv"
    >>> with open(path, "w") as file: _ = file.write("text,label\\n\\"so, so\\",1\\n")
    >>> columns, rows = read_rows(path)
    >>> columns, list(rows)
    (('text', 'label'), [('line 2', {'text': 'so, so', 'label': '1'})])
    """
    if os.fspath(path).lower().endswith(".parquet"):
        return _parquet(path, encoding, only)
    text = read_text(path, encoding=encoding)
    if os.fspath(path).lower().endswith(".jsonl"):
        rows = _json_rows(path, text)
    else:
        rows = _csv_rows(path, text, header=header, blank=blank)
    first = next(rows, None)
    if first is None:
        raise DataError(f"{path} has a first line, but no rows.", fix="add rows, one per example")
    columns = () if isinstance(first[1], DataError) else tuple(first[1])
    if columns:
        return columns, chain([first], rows)
    # The first row is damaged; the columns are those of the first that is whole.
    read = [first]
    for row in rows:
        read.append(row)
        if not isinstance(row[1], DataError):
            return tuple(row[1]), chain(read, rows)
    raise first[1]


def _parquet(
    path: str | os.PathLike, encoding: str, only: Collection[str] | None
) -> tuple[tuple[str, ...], Iterator[Row]]:
    if encoding:
        raise ArgumentError(
            f"encoding={encoding} does not apply to {path}; Parquet holds UTF-8.",
            fix="leave encoding out",
        )
    columns, rows = parquet_rows(path, only=only)
    first = next(rows, None)
    if first is None:
        raise DataError(f"{path} has no rows.", fix="add rows, one per example")
    return columns, chain([first], rows)


def bad_row(path: str | os.PathLike, where: str, problem: str, *, expected: str) -> DataError:
    """Return the error on the row of a table at `where`, such as "line 7"."""
    return DataError(
        f"{path}, {where} {problem}" + ("" if problem.endswith("?") else "."),
        expected=expected,
        fix="fix or remove the row; --skip-corrupt (skip_corrupt=True) leaves such rows out",
    )


def _csv_rows(path: str | os.PathLike, text: str, *, header: bool, blank: bool) -> Iterator[Row]:
    tabs = os.fspath(path).lower().endswith(".tsv")
    declared = None if tabs else _DELIMITER_LINE.match(text)
    if declared:
        text = text[: declared.start(1)] + text[declared.end() :]  # lines keep their numbers
    top = text.lstrip("\n").partition("\n")[0]
    usual = "\t" if tabs else ";" if ";" in top and "," not in top else ","
    comma = declared[2] if declared else usual
    plain = tabs and not _has_quotes(text)
    quoting = csv.QUOTE_NONE if plain else csv.QUOTE_MINIMAL
    # Without strict, a quote that is never closed would swallow the rest of the file in silence.
    reader = csv.reader(io.StringIO(text), delimiter=comma, quoting=quoting, strict=True)
    columns: list[str] = []
    while True:
        line = reader.line_num + 1
        where = f"line {line}"
        try:
            values = next(reader, None)
        except csv.Error as error:
            if reader.line_num > line:
                where = f"lines {line} to {reader.line_num}"
            problem = _csv_problem(path, where, str(error))
            if not columns:
                raise problem from error
            yield where, problem
            continue
        if values is None:
            return
        if not any(values) and not (blank and columns and values):
            continue
        if not columns and header:
            columns = _header(path, line, values)
            continue
        columns = columns or [f"column_{place}" for place in range(1, len(values) + 1)]
        if len(values) != len(columns):
            fields = f"has {len(values)} field(s), the first line {len(columns)}"
            sign = "a tab" if tabs else f'"{comma}"'
            expected = "no tab inside a field" if plain else f'"quotes" around text with {sign}'
            yield where, bad_row(path, where, fields, expected=expected)
            continue
        yield where, dict(zip(columns, values, strict=True))


def _has_quotes(text: str) -> bool:
    r"""Tell whether double quotes enclose fields of a TSV file, rather than being part of its text.

    They do if every field that begins with a quote ends with one, quotes inside being doubled, and the
    columns agree: fewer rows have a wrong number of fields than without quotes, or as many, and no
    field goes over the end of a line. A stray quote (`"hello`, `"so" it goes`) makes them all text; a
    quote inside a field (`5" disk`) says nothing.

    >>> _has_quotes('text\tlabel\n"say ""no"" now"\ta\n'), _has_quotes('text\tlabel\n"hello\ta\n')
    (True, False)
    """
    if not _OPENING_QUOTE.search(text):
        return False
    try:
        rows, odd = _shape_of(text, csv.QUOTE_MINIMAL)
    except csv.Error:  # a quote in the wrong place, or never closed
        return False
    try:
        plain_rows, plain_odd = _shape_of(text, csv.QUOTE_NONE)
    except csv.Error:  # a field of too many characters
        return True
    return odd < plain_odd or (odd == plain_odd and rows == plain_rows)


def _shape_of(text: str, quoting: Literal[0, 3]) -> tuple[int, int]:
    """Return how many rows a TSV text has, and how many have not as many fields as the first."""
    reader = csv.reader(io.StringIO(text), delimiter="\t", quoting=quoting, strict=True)
    counts = [len(values) for values in reader if any(values)]
    return len(counts), sum(count != counts[0] for count in counts)


def _header(path: str | os.PathLike, line: int, values: list[str]) -> list[str]:
    columns = [value.strip() for value in values]
    twice = [name for name in columns if name and columns.count(name) > 1]
    if twice:
        raise DataError(
            f"{path}, line {line} names the column {twice[0]!r} twice.",
            expected="a first line that names each column once",
            fix="rename one of them; if this line is an example, set header=false, which calls the "
            "columns column_1, column_2 and so on",
        )
    return columns


def _csv_problem(path: str | os.PathLike, where: str, what: str) -> DataError:
    limit = csv.field_size_limit()
    if "field limit" in what:
        problem = f"has a field of more than {limit:,} characters; is a quote never closed?"
        expected = f"at most {limit:,} characters; longer texts as .jsonl or .txt files"
    else:
        problem = f"cannot be read as CSV ({what}); is a quote out of place, or never closed?"
        expected = 'a quote inside a "quoted" field is written twice: ""'
    return bad_row(path, where, problem, expected=expected)


def _json_rows(path: str | os.PathLike, text: str) -> Iterator[Row]:
    expected = 'one object per line, such as {"text": "fine", "label": "good"}'
    for line, raw in enumerate(text.split("\n"), 1):
        if not raw.strip():
            continue
        where = f"line {line}"
        try:
            values = json.loads(raw)
        except (ValueError, RecursionError) as error:
            what = getattr(error, "msg", None) or "nested too deeply, or too large a number"
            yield where, bad_row(path, where, f"is not JSON ({what})", expected=expected)
            continue
        if isinstance(values, dict) and values:
            yield where, values
        else:
            yield where, bad_row(path, where, "holds no JSON object", expected=expected)
