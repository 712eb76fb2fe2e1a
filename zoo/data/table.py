"""Tables of texts or files with labels or numbers: CSV, TSV, JSON Lines and Parquet files."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from zoo.columns import WEIGHT, Column, Group, Label, Labels, Number, Text, Weight
from zoo.columns.readers import formats
from zoo.data import documents, layout, several_inputs
from zoo.data.cells import FILE, LABELS, PAIR, SPLIT, Columns, columns_of, example_of
from zoo.data.dataset import Dataset, Split
from zoo.data.headers import AUTO, INPUT, Table, missing_column, open_table
from zoo.data.label_names import label_names
from zoo.data.labels import numbers_of
from zoo.errors import ArgumentError, DataError, nearest
from zoo.files import as_path

LAYOUT = (
    "a .csv, .tsv, .jsonl or .parquet file, or a folder with train.csv, validation.csv and test.csv"
)

_KINDS = {"text": Text(), PAIR: Text(), "label": Label(), "group": Group(), WEIGHT: Weight()}
_INTEGER = re.compile(r"-?[0-9]{1,18}")


def load(
    path: str | os.PathLike,
    *,
    seed: int = 0,
    skip_corrupt: bool = False,
    test_fraction: float = 0.2,
    text_column: str | None = None,
    pair_column: str | None = None,
    label_column: str | Sequence[str] = "label",
    group_column: str = "",
    split_column: str | None = None,
    file_column: str = "",
    input_columns: Sequence[str] = (),
    absent: str = several_inputs.REFUSE,
    target_column: str | Sequence[str] = "",
    weight_column: str = "",
    label_separator: str = "",
    header: bool | str = AUTO,
    encoding: str = "",
) -> Dataset:
    """Read texts or files with labels or numbers from a table, or a folder with one per split.

    A folder holds train.csv and maybe validation.csv (val, valid, dev) and test.csv, or .tsv and so on.
    Without both, a test split is drawn: stratified by class, and by whole groups with a `group_column`.

    Args:
        path: the file or folder; "~" is expanded.
        seed: of a drawn test split. `skip_corrupt` lists rows that cannot be used in `skipped`.
        test_fraction: share drawn for the test split, (0, 1]; 1 leaves no train, to be scored only.
        text_column, pair_column: of texts (transcripts beside a file_column), and second ones; or None.
        label_column: the column of classes, or a list of columns of 0 and 1, one per label; "" for none.
        group_column: each example's group, its author say: no group is in two drawn splits; "" for none.
        split_column: names each row's split; None takes a column named split if it does so.
        file_column: of paths of images, sounds or text files, from the table's folder on.
        input_columns, absent: of several inputs, see `zoo.data.several_inputs.with_inputs`.
        target_column: the columns of numbers to predict, instead of classes: a name or a list.
        weight_column: how much each example counts in training, 0 or more.
        label_separator: between several labels in the column of classes, such as ";".
        header: the first line names the columns; False calls them column_1 and so on; "auto" tells.
        encoding: such as "cp1252"; "" reads UTF-8, and UTF-16 by its byte order mark.

    Returns:
        text, pair str (or image or audio), label by sorted class name (by number if all are numbers),
        labels, or each target by its name, float64; group str; sample_weight float64.

    Raises:
        DataError: no such file or column, or one that holds something else; names the line.
        ArgumentError: an argument out of range.
    """
    layout.check_test_fraction(test_fraction)
    inputs, others = (text_column, file_column), (group_column, split_column, weight_column)
    labels = (label_column, label_separator, target_column)
    columns = columns_of(inputs, *labels, others, pair=pair_column)
    alone = {"text_column": text_column, "pair_column": pair_column, "file_column": file_column}
    columns = several_inputs.with_inputs(columns, input_columns, absent=absent, alone=alone)
    place = as_path(path)
    common = {"seed": seed, "test_fraction": test_fraction, "encoding": encoding}
    if place.suffix.lower() in formats.TEXTS:
        return _plain(place, columns, header, **common)
    return _tables(place, columns, skip_corrupt=skip_corrupt, header=header, **common)


def _plain(place: Path, columns: Columns, header: bool | str, **common: Any) -> Dataset:
    """Return the data set of a plain text, for which no columns may be named."""
    if columns != Columns("text", "label", "", pair=None) or header != AUTO:
        problem = f"{place} is a plain text, which has no columns."
        raise ArgumentError(problem, fix="leave the arguments that name columns out")
    return documents.load(place, **common)


def _tables(
    place: Path,
    columns: Columns,
    *,
    header: bool | str,
    encoding: str,
    **how: Any,
) -> Dataset:
    """Return the data set of a file or folder; `how` goes on to `dataset_of`."""
    if not (columns.text or columns.file or columns.inputs):
        raise ArgumentError(
            "text_column is empty.",
            expected="the column that holds the texts",
            fix="leave it out where the column is called text",
        )
    files, notes = _files(place)
    wanted = columns.wanted | ({"split": columns.split} if columns.split else {})
    asked = [*wanted.values(), *([SPLIT] if columns.split is None else [])]
    asked += [PAIR] if columns.pair is None else []
    tables = {
        split: open_table(file, asked, header=header, encoding=encoding)
        for split, file in files.items()
    }
    return dataset_of(place, files, tables, columns, notes=notes, source="table", **how)


def dataset_of(
    place: Path,
    files: Mapping[str, Path],
    tables: Mapping[str, Table],
    columns: Columns,
    *,
    seed: int,
    skip_corrupt: bool,
    test_fraction: float,
    notes: Sequence[str],
    source: str,
    licence: str = "not stated (your own table)",
) -> Dataset:
    """Return the data set that opened tables make; errors as `load`.

    Args:
        place, files: what was opened and, by split, the files of the tables, for messages.
        tables: split to its table; "train" alone where a column may name the split.
        columns: that are wanted.
        seed, skip_corrupt, test_fraction: as `load`.
        notes, source, licence: of the data set.
    """
    skipped: list[str] | None = [] if skip_corrupt else None
    notes = [*notes, *(table.note for table in tables.values() if table.note)]
    columns = _with_pair(columns, tables["train"])
    read = {
        split: _examples(files[split], table, columns, skipped=skipped)
        for split, table in tables.items()
    }
    read, divided = _divided(place, files, read, columns.split)
    files, notes = {split: files.get(split, place) for split in read}, [*notes, *divided]
    listed = several_inputs.listed_of(files, read, columns, skipped)
    read = dict(listed.rows) if listed else read
    notes += _weights(files["train"], read["train"], columns.weight)
    labels = label_names(place, files, read, columns) if columns.several else ()
    classes = _classes(place, files, read) if columns.label and not columns.several else ()
    inputs, feature, told = several_inputs.read(listed)
    features = feature | _features(read["train"], columns, labels)
    splits, drawn = layout.with_test(
        {
            split: _split(files[split], rows, classes, *inputs.get(split, ({}, {})))
            for split, rows in read.items()
        },
        features=features,
        classes=classes,
        seed=seed,
        test_fraction=test_fraction,
    )
    return Dataset(
        name=str(place),
        splits=splits,
        features=features,
        classes=classes,
        licence=licence,
        source=source,
        skipped=tuple(skipped or ()),
        notes=(*notes, *told, *drawn),
    )


def _with_pair(columns: Columns, train: Table) -> Columns:
    """Return the columns with that of second texts, where it was left to the table."""
    if columns.pair is not None:
        return columns
    taken = (*columns.wanted.values(), columns.split)
    free = PAIR in train.columns and PAIR not in taken
    return replace(columns, pair=PAIR if free else "")


def _features(rows: Sequence[Any], columns: Columns, labels: Sequence[str]) -> dict[str, Column]:
    """Return the type of each column but that of files, which its own reader knows."""
    kinds: dict[str, Column] = {name: kind for name, kind in _KINDS.items() if name in rows[0][1]}
    kinds |= {LABELS: Labels(tuple(labels))} if columns.several else {}
    return kinds | {name: Number() for name in columns.targets}


def _weights(table: Path, rows: Sequence[Any], column: str) -> list[str]:
    """Return the note on weights of examples, where there are any; refuse those that are all 0."""
    if not column:
        return []
    if not any(row[WEIGHT] for _, row in rows):
        raise DataError(
            f"Every weight in the column {column} of {table} is 0.",
            expected="weights above 0 for some of the examples to learn from",
            fix="name another column (weight_column=…), or leave weight_column out",
        )
    return [f"Training weighs each example by the column {column}; metrics count each one once."]


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
    path: Path, opened: Table, columns: Columns, *, skipped: list[str] | None
) -> list[tuple[str, dict[str, str]]]:
    """Return ("line 7", values by our own columns) of the rows that can be used."""
    wanted = columns.wanted | ({"split": columns.split} if columns.split else {})
    there = opened.columns
    for ours, theirs in wanted.items():
        optional = columns.absent and path.suffix.lower() == ".jsonl"  # a row names what it has
        if theirs not in there and not (ours in columns.inputs and optional):
            kind = INPUT if ours in columns.inputs else ours
            raise missing_column(path, kind, theirs, table=opened)
    if columns.split is None:
        columns = replace(columns, split=next((n for n in there if n.lower() == SPLIT), ""))
    found = []
    first: DataError | None = None
    for where, row in opened.rows:
        try:
            found.append((where, example_of(path, where, row, columns)))
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
            fix="predict the numbers: task.name=regression with data.arguments.target_column=…; or "
            "name another column (label_column=…), or group the numbers into a few classes",
        )
    unlearnt = sorted(names - found["train"])
    if unlearnt:
        split = next(split for split, labels in found.items() if unlearnt[0] in labels)
        raise DataError(
            f"{files[split]} has the class(es) {layout.listed(unlearnt)}, which "
            f"{files['train']} lacks.",
            expected="every class among the examples that are learnt from; the nearest there: "
            + (", ".join(nearest(unlearnt[0], sorted(found["train"]))) or "none"),
            fix="add examples of them to train, or remove these rows",
        )
    whole = all(_INTEGER.fullmatch(name) for name in names)
    return tuple(sorted(names, key=lambda name: (int(name), name)) if whole else sorted(names))


def _split(
    path: Path,
    rows: Sequence[tuple[str, Mapping[str, Any]]],
    classes: Sequence[str],
    inputs: Mapping[str, Any],
    decode: Mapping[str, Any],
) -> Split:
    """Return a split; `inputs` and `decode` are of files that were read for it."""
    names = [name for name in rows[0][1] if name != FILE]
    columns: dict[str, Any] = {name: [row[name] for _, row in rows] for name in names}
    if classes:
        label_of = {name: label for label, name in enumerate(classes)}
        columns["label"] = np.array([label_of[name] for name in columns["label"]], dtype="int64")
    for name, column in columns.items():
        if isinstance(column[0], float):
            columns[name] = np.array(column, dtype="float64")
    names = [f"{path.name}, {where}" for where, _ in rows]
    return Split({**inputs, **columns}, decode=decode, names=names)
