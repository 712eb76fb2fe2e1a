"""Several inputs of one table: columns of images, sounds and texts, some of which a row may lack."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from zoo.columns import WEIGHT, Column, Text
from zoo.data import kinds
from zoo.data.cells import LABELS, SPLIT, Columns
from zoo.data.listed_files import ListedFiles, Rows, listed_files, suffix_of
from zoo.errors import ArgumentError, DataError, nearest

REFUSE, ALLOW = "refuse", "allow"  # what an empty cell means: an error, or an absent input

_TAKEN = ("label", LABELS, "group", SPLIT, WEIGHT)  # columns of a data set that are not inputs


def with_inputs(columns: Columns, names: Any, *, absent: str, alone: Mapping[str, Any]) -> Columns:
    """Return the columns of a table with several inputs, or the same ones where it has one.

    Args:
        columns: of its labels, groups and the like.
        names: of the columns that hold inputs, texts or files; the data set calls them the same.
            Empty where there is one input.
        absent: whether an empty cell is an error, `REFUSE`, or an input that the example lacks,
            `ALLOW`.
        alone: arguments that name the only input, which do not go together with several.

    Raises:
        ArgumentError: not a list of two names or more, each of which is free; or arguments that
            exclude each other.
    """
    if absent == REFUSE and names in (None, "", (), []):
        return columns
    if absent not in (REFUSE, ALLOW):
        raise ArgumentError(
            f"absent={absent!r} is not known.",
            expected=f"{REFUSE} (an empty cell is an error) or {ALLOW} (the example lacks that input)",
            fix=f"set absent={(nearest(str(absent), (REFUSE, ALLOW)) or [ALLOW])[0]}",
        )
    texts = isinstance(names, list | tuple) and all(isinstance(n, str) and n for n in names)
    if not texts or len(names) < 2:
        raise ArgumentError(
            f"input_columns={names!r} is not a list of several columns.",
            expected="two names or more, such as [photo, clip, caption]",
            fix="for one input, set text_column or file_column instead",
        )
    given = [f"{key}={value}" for key, value in alone.items() if value]
    if given:
        raise ArgumentError(
            f"{given[0]} and input_columns were both given.",
            expected="one input, or several",
            fix="leave one of them out",
        )
    others = {columns.label, columns.group, columns.split, columns.weight, *columns.targets}
    taken = [n for n in names if n in {*others, *columns.flags, *_TAKEN} or "." in n]
    if taken or len(set(names)) < len(names):
        name = (taken or [n for n in names if names.count(n) > 1])[0]
        raise ArgumentError(
            f"The column {name!r} cannot be an input: {_why_not(name, names, others)}.",
            expected=f"each column once, without a point, and none of {', '.join(_TAKEN)}",
            fix="name each column once, or rename it in the table",
        )
    return replace(columns, text="", pair="", inputs=tuple(names), absent=absent == ALLOW)


def _why_not(name: str, names: Sequence[str], others: Collection[str]) -> str:
    """Return what keeps a column from being an input."""
    if names.count(name) > 1:
        return "it is named twice"
    if name in others:
        return "it is the label, or another column with a use of its own"
    return "its name holds a point" if "." in name else "kerazoo uses that name itself"


@dataclass(frozen=True)
class ListedInputs:
    """The inputs of every split.

    Attributes:
        rows: split to ("line 7", values) of each example that can be used, without its inputs.
        names: of the inputs, in their order.
        files: name to the files that a column names.
        texts: name to split to texts, None where there is none.
    """

    rows: Mapping[str, Rows]
    names: Sequence[str]
    files: Mapping[str, ListedFiles]
    texts: Mapping[str, Mapping[str, list[str | None]]]

    def read(self) -> tuple[dict[str, tuple[dict, dict]], dict[str, Column], list[str]]:
        """Return the columns and decoders of each split, the type of each column, and notes.

        Raises:
            DataError: a file cannot be decoded.
        """
        inputs: dict[str, tuple[dict, dict]] = {split: ({}, {}) for split in self.rows}
        features: dict[str, Column] = {}
        notes = []
        for name in self.names:
            if name in self.texts:
                found: dict[str, tuple[Any, Any]] = {
                    split: (values, None) for split, values in self.texts[name].items()
                }
                features[name] = Text(optional=_is_absent(self.texts[name].values()))
            else:
                features[name], found, note = self.files[name].read()
                notes += [f"{name}: {note}"] if note else []
            for split, (values, decode) in found.items():
                inputs[split][0][name] = values
                inputs[split][1].update({name: decode} if decode else {})
        return inputs, features, notes + self._absent()

    def _absent(self) -> list[str]:
        """Return the note on absent inputs, where there are any."""
        held = {name: one.sources for name, one in self.files.items()} | self.texts
        counts = {
            name: sum(value is None for values in held[name].values() for value in values)
            for name in self.names
        }
        told = [f"{name} from {count:,}" for name, count in counts.items() if count]
        total = sum(map(len, self.rows.values()))
        return [f"Of {total:,} examples, absent are: {', '.join(told)}."] if told else []


def listed_inputs(
    tables: Mapping[str, Path],
    rows: Mapping[str, Rows],
    names: Sequence[str],
    *,
    skipped: list[str] | None,
) -> ListedInputs:
    """Find out what each column holds, and look at the files that rows name.

    A column holds files if more than half of its cells end as images, sounds or plain texts do, or
    are bytes; otherwise it holds texts.

    Args:
        tables: split to the table that names its files.
        rows: split to ("line 7", values) of each example.
        names: of the inputs.
        skipped: as `listed_files`.

    Raises:
        DataError: a column is empty, or its files cannot be used; names the row.
    """
    files: dict[str, ListedFiles] = {}
    for name in names:
        cells = [row[name] for members in rows.values() for _, row in members]
        kind = _kind(tables["train"], name, [cell for cell in cells if cell is not None])
        if kind is not None:
            files[name] = listed_files(tables, rows, skipped=skipped, column=name, kind=kind)
            rows = files[name].rows
    texts = {
        name: {split: [row[name] for _, row in members] for split, members in rows.items()}
        for name in names
        if name not in files
    }
    others = {
        split: [(w, {k: v for k, v in row.items() if k not in names}) for w, row in members]
        for split, members in rows.items()
    }
    return ListedInputs(
        others, names, {name: listed.only(rows) for name, listed in files.items()}, texts
    )


def listed_of(
    files: Mapping[str, Path],
    read: Mapping[str, Any],
    columns: Columns,
    skipped: list[str] | None,
) -> ListedFiles | ListedInputs | None:
    """Return the files that rows name, or their several inputs, where they have any."""
    if columns.inputs:
        return listed_inputs(files, read, columns.inputs, skipped=skipped)
    return listed_files(files, read, skipped=skipped) if columns.file else None


def read(
    listed: ListedFiles | ListedInputs | None,
) -> tuple[dict[str, tuple[dict, dict]], dict[str, Column], list[str]]:
    """Return columns and decoders of each split for what rows name, their types, and notes."""
    if listed is None:
        return {}, {}, []
    if isinstance(listed, ListedInputs):
        return listed.read()
    name, (feature, values, note) = listed.kind.column, listed.read()
    inputs = {
        split: ({name: column}, {name: decode} if decode else {})
        for split, (column, decode) in values.items()
    }
    return inputs, {name: feature}, [note] if note else []


def _kind(table: Path, name: str, cells: Sequence[str | bytes]) -> kinds.Kind | None:
    """Return what kind of files most cells name or hold; None for texts."""
    if not cells:
        raise DataError(
            f"The column {name} of {table} is empty in every row.",
            expected="an input in some rows at least",
            fix="leave it out of input_columns",
        )
    paths = [Path(f"c{suffix_of(c)}") if isinstance(c, bytes) else Path(c) for c in cells]
    for kind in (kinds.Images(), kinds.Sounds(), kinds.Texts()):
        if 2 * sum(path.suffix.lower() in kind.suffixes for path in paths) > len(cells):
            return kind
    if any(isinstance(cell, bytes) for cell in cells):
        raise DataError(
            f"The column {name} of {table} holds bytes that are of no known kind.",
            expected="files of images or sounds, of one kind in most rows",
            fix="name the right column: input_columns=…",
        )
    return None


def _is_absent(columns: Iterable[Sequence[Any]]) -> bool:
    return any(value is None for values in columns for value in values)
