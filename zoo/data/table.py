"""Tables of texts and labels: CSV, TSV and JSON Lines files."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from zoo.columns import Group, Label, Text
from zoo.columns.readers import formats
from zoo.data import documents, layout
from zoo.data.dataset import Dataset, Split
from zoo.data.headers import missing_column
from zoo.data.labels import numbers_of
from zoo.data.rows import bad_row, read_rows
from zoo.errors import ArgumentError, DataError
from zoo.files import as_path

LAYOUT = "a .csv, .tsv or .jsonl file, or a folder with train.csv, validation.csv and test.csv"

SPLIT = "split"  # what a column is called that names the split of each row
_LOOKED_AT = 1000  # rows, to see whether the first line is one of them
_KINDS = {"text": Text(), "label": Label(), "group": Group()}
_INTEGER = re.compile(r"-?[0-9]{1,18}")


@dataclass(frozen=True)
class _Columns:
    """Which columns hold what; an empty name means none."""

    text: str
    label: str
    group: str
    split: str | None = None  # None takes a column "split" where there is one

    @property
    def wanted(self) -> dict[str, str]:
        """Column of a data set to column of the table."""
        named = {"text": self.text, "label": self.label, "group": self.group}
        return {ours: theirs for ours, theirs in named.items() if theirs}


def load(
    path: str | os.PathLike,
    *,
    seed: int = 0,
    skip_corrupt: bool = False,
    test_fraction: float = 0.2,
    text_column: str = "text",
    label_column: str = "label",
    group_column: str = "",
    split_column: str | None = None,
    encoding: str = "",
) -> Dataset:
    """Read texts with labels from a table, or from a folder with one table per split.

    A folder holds train.csv and, where there are any, validation.csv (val, valid, dev) and
    test.csv, each as .csv, .tsv or .jsonl. In a table of its own, a column may name the split of
    each row by the same words. Where there is no test split, validation serves, and without both
    one is drawn: stratified by class, and by whole groups with a `group_column`. A .txt file is
    read as one long text (see `zoo.data.documents`).

    Args:
        path: the file or folder; "~" is expanded.
        seed: of the test split, where it is drawn.
        skip_corrupt: leave out rows that cannot be used and list them in `Dataset.skipped`.
        test_fraction: share drawn for the test split, 0 < fraction < 1.
        text_column: the column that holds the texts.
        label_column: the column that holds the classes; "" where there are none, for language
            models.
        group_column: the column that holds each text's group (its author, its source): no group is in
            two of the splits that are drawn; "" for none.
        split_column: the column that names each row's split; None takes a column named split if its
            values are names of splits; "" for none.
        encoding: such as "cp1252"; "" reads UTF-8, and UTF-16 by its byte order mark.

    Returns:
        text str, label by sorted class name (by number where all are whole numbers), group str.

    Raises:
        DataError: no such file, another kind of file, no such column (naming those that there are),
            labels that look like numbers to predict, or a row that cannot be used: ragged, without
            text or label; names its line.
        ArgumentError: `test_fraction` or `encoding` out of range.
    """
    layout.check_test_fraction(test_fraction)
    columns = _Columns(
        text=_column_name("text_column", text_column),
        label=_column_name("label_column", label_column),
        group=_column_name("group_column", group_column),
        split=None if split_column is None else _column_name("split_column", split_column),
    )
    place = as_path(path)
    common = {"seed": seed, "test_fraction": test_fraction, "encoding": encoding}
    if place.suffix.lower() not in formats.TEXTS:
        return _tables(place, columns, skip_corrupt=skip_corrupt, **common)
    if columns != _Columns("text", "label", ""):
        raise ArgumentError(
            f"{place} is a plain text, which has no columns.",
            fix="leave text_column, label_column, group_column and split_column out",
        )
    return documents.load(place, **common)


def _tables(
    place: Path,
    columns: _Columns,
    *,
    seed: int,
    skip_corrupt: bool,
    test_fraction: float,
    encoding: str,
) -> Dataset:
    if not columns.text:
        raise ArgumentError(
            "text_column is empty.",
            expected="the column that holds the texts",
            fix="leave it out where the column is called text",
        )
    files, notes = _files(place)
    skipped: list[str] | None = [] if skip_corrupt else None
    read = {
        split: _examples(file, columns, encoding=encoding, skipped=skipped)
        for split, file in files.items()
    }
    read, divided = _divided(place, files, read, columns.split)
    files, notes = {split: files.get(split, place) for split in read}, [*notes, *divided]
    classes = _classes(place, files, read) if columns.label else ()
    splits, drawn = layout.with_test(
        {split: _split(files[split], rows, classes) for split, rows in read.items()},
        classes=classes,
        seed=seed,
        test_fraction=test_fraction,
    )
    return Dataset(
        name=str(place),
        splits=splits,
        features={name: kind for name, kind in _KINDS.items() if name in columns.wanted},
        classes=classes,
        licence="not stated (your own table)",
        source="table",
        skipped=tuple(skipped or ()),
        notes=(*notes, *drawn),
    )


def _column_name(argument: str, name: Any) -> str:
    """Return a column's name; a recipe may hold 3 for "3", or nothing for ""."""
    if isinstance(name, bool) or not isinstance(name, str | int | None):
        raise ArgumentError(
            f"{argument}={name!r} is not the name of a column.",
            expected="text",
            fix="put it in quotes",
        )
    return "" if name is None else str(name)


def has_tables(folder: Path) -> bool:
    """Tell whether a folder holds a table."""
    return any(path.suffix.lower() in formats.TABLES for path in layout.inside(folder))


def _files(place: Path) -> tuple[dict[str, Path], list[str]]:
    """Return the table of each split ("train" alone for one file), and notes."""
    if not place.exists():
        raise DataError(f"There is no file {place}.", expected=LAYOUT, fix="check the path")
    if not place.is_dir():
        if place.suffix.lower() in formats.TABLES:
            return {"train": place}, []
        raise DataError(
            f"{place} is a file that holds no data set.",
            expected=f"{LAYOUT}; or a .txt file; or a folder of images, sounds or texts by class",
            fix="give the folder around it, or convert the table to CSV",
        )
    tables = [path for path in layout.inside(place) if path.suffix.lower() in formats.TABLES]
    files = layout.split_paths(tables)
    if "train" not in files:
        names = layout.listed([path.name for path in tables])
        raise DataError(
            f"{place} holds {names}, but no train.csv.",
            expected=LAYOUT,
            fix=f"rename the table to train.csv, or give the file itself: {tables[0]}",
        )
    others = [path.name for path in layout.inside(place) if path not in files.values()]
    return files, [f"Ignored: {layout.listed(others)}."] if others else []


def _examples(
    path: Path, columns: _Columns, *, encoding: str, skipped: list[str] | None
) -> list[tuple[str, dict[str, str]]]:
    """Return ("line 7", values by our own columns) of the rows that can be used."""
    there, rows = read_rows(path, encoding=encoding)
    wanted = columns.wanted | ({"split": columns.split} if columns.split else {})
    for ours, theirs in wanted.items():
        if theirs not in there:
            some = [row for _, row in islice(rows, _LOOKED_AT) if not isinstance(row, DataError)]
            raise missing_column(path, ours, theirs, columns=there, rows=some)
    if columns.split is None:
        columns = replace(columns, split=next((n for n in there if n.lower() == SPLIT), ""))
    found = []
    first: DataError | None = None
    for where, row in rows:
        try:
            found.append((where, _example(path, where, row, columns)))
        except DataError as error:
            if skipped is None:
                raise
            first = first or error
            skipped.append(f"{path}, {where}")
    if not found and first is not None:
        raise DataError(
            f"No row of {path} can be used. {first.problem}",
            expected=first.expected,
            fix="fix the table; look at that line first",
        )
    return found


def _example(
    path: Path, where: str, row: Mapping[str, Any] | DataError, columns: _Columns
) -> dict[str, str]:
    if isinstance(row, DataError):
        raise row
    example = {}
    for ours, theirs in columns.wanted.items():
        value = _word(row.get(theirs)) if ours != "text" else row.get(theirs)
        expected = f"text in the column {theirs} of every row"
        if value is None or (isinstance(value, str) and not value.strip()):
            problem = f"has no {ours} (column {theirs} is empty)"
            raise bad_row(path, where, problem, expected=expected)
        if not isinstance(value, str):
            kind = type(value).__name__
            raise bad_row(
                path,
                where,
                f"holds {kind} instead of text in the column {theirs}",
                expected=expected,
            )
        try:
            value.encode()
        except UnicodeEncodeError as error:  # half of a \ud83d\ude00, which JSON lets pass
            problem = f"holds half a character in the column {theirs}"
            raise bad_row(path, where, problem, expected="whole characters") from error
        example[ours] = value.strip()
    if columns.split:
        example[SPLIT] = str(row.get(columns.split) or "").strip()
    return example


def _divided(
    place: Path, files: Mapping[str, Path], read: Mapping[str, list[Any]], column: str | None
) -> tuple[dict[str, list[Any]], list[str]]:
    """Divide the rows of one table by the column that names their split, and say so.

    Args:
        column: as it was asked for; None where the column called split was found by itself.
    """
    named = {where: row.pop(SPLIT) for rows in read.values() for where, row in rows if SPLIT in row}
    if not named:
        return dict(read), []
    shown, asked = column or SPLIT, column is not None
    if len(files) > 1:
        if asked:
            raise ArgumentError(
                f"split_column={column} applies to one table, but {place} has one per split.",
                fix="leave split_column out, or join the tables",
            )
        return dict(read), [f"The column {shown} is not used, since the files name the splits."]
    known = {value: layout.SPLITS.get(value.lower()) for value in set(named.values())}
    values = layout.listed([value or "nothing" for value in known])
    if not asked and not any(known.values()):
        note = f"The column {shown} is not used: it holds {values}, not train, validation or test."
        return dict(read), [note]
    odd = next((where for where, value in named.items() if known[value] is None), None)
    if odd or "train" not in known.values():
        problem = (
            f"{odd} has {named[odd]!r} in the column {shown}"
            if odd
            else (f"no row has train in the column {shown}, only {values}")
        )
        raise DataError(
            f"{place}, {problem}.",
            expected="train, validation or test in every row, and train in some",
            fix="fix the column; split_column='' leaves it unused and draws a test split",
        )
    rows = read["train"]
    divided = {
        split: [item for item in rows if known[named[item[0]]] == split]
        for split in ("train", "validation", "test")
        if split in known.values()
    }
    sizes = ", ".join(f"{len(items)} {split}" for split, items in divided.items())
    return divided, [f"The splits are those of the column {shown}: {sizes}."]


def _word(value: Any) -> Any:
    """Return a JSON label as the text that a CSV would hold; other kinds as they are."""
    if isinstance(value, bool):
        return str(value).lower()
    if value != value:  # NaN, which is how some programs write that there is none
        return None
    return str(value) if isinstance(value, int | float) else value


def _classes(
    place: Path, files: Mapping[str, Path], read: Mapping[str, Sequence[Any]]
) -> tuple[str, ...]:
    found = {split: {row["label"] for _, row in rows} for split, rows in read.items()}
    names = set().union(*found.values())
    if len(names) < 2:
        raise DataError(
            f"{place} has only one class: {layout.listed(list(names))}.",
            expected="at least two different labels",
            fix="add examples of another class, or name the right column: label_column=…",
        )
    count = sum(map(len, read.values()))
    if numbers := numbers_of(list(names), count=count):
        raise DataError(
            f"The labels of {place} look like numbers to predict, not like classes: {len(names)} "
            f"different values in {count} rows, from {numbers[0]:g} to {numbers[-1]:g}.",
            expected="a column of classes, with several examples of each",
            fix="name another column (label_column=…), or group the numbers into a few classes, "
            "such as low, middle and high",
        )
    unlearnt = sorted(names - found["train"])
    if unlearnt:
        split = next(split for split, labels in found.items() if unlearnt[0] in labels)
        raise DataError(
            f"{files[split]} has the class(es) {layout.listed(unlearnt)}, which "
            f"{files['train']} lacks.",
            expected="every class among the examples that are learnt from",
            fix="add examples of them to train, or remove these rows",
        )
    whole = all(_INTEGER.fullmatch(name) for name in names)
    return tuple(sorted(names, key=lambda name: (int(name), name)) if whole else sorted(names))


def _split(
    path: Path, rows: Sequence[tuple[str, Mapping[str, str]]], classes: Sequence[str]
) -> Split:
    columns: dict[str, Any] = {name: [row[name] for _, row in rows] for name in rows[0][1]}
    if "label" in columns:
        label_of = {name: label for label, name in enumerate(classes)}
        columns["label"] = np.array([label_of[name] for name in columns["label"]], dtype="int64")
    return Split(columns, names=[f"{path.name}, {where}" for where, _ in rows])
