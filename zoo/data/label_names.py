"""The labels of a table in which an example has any number of them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zoo.data.cells import LABELS, Columns
from zoo.data.layout import listed
from zoo.errors import DataError

_SEPARATORS = (";", ",", "|", "/", " ")  # that other tables use


def label_names(
    place: Path,
    files: Mapping[str, Path],
    read: Mapping[str, Sequence[tuple[str, Mapping[str, Any]]]],
    columns: Columns,
) -> tuple[str, ...]:
    """Return the labels that occur, sorted; columns of 0 and 1 in their own order.

    Args:
        place: of the data.
        files: split to its table.
        read: split to its rows.
        columns: that were asked for.

    Raises:
        DataError: the separator never occurs, there is one label, or train lacks one.
    """
    found = {
        split: Counter(name for _, row in rows for name in row[LABELS])
        for split, rows in read.items()
    }
    names = set().union(*found.values())
    if columns.separator:
        _check_separator(place, columns, [row[LABELS] for rows in read.values() for _, row in rows])
    if len(names) < 2:
        raise DataError(
            f"{place} has only {len(names)} label(s): {listed(list(names)) or 'none'}.",
            expected="at least two different labels",
            fix="name the right column: label_column=…",
        )
    unlearnt = sorted(names - set(found["train"]))
    if unlearnt:
        split = next(split for split, labels in found.items() if unlearnt[0] in labels)
        raise DataError(
            f"{files[split]} has the label(s) {listed(unlearnt)}, which {files['train']} lacks.",
            expected="every label among the examples that are learnt from",
            fix="add examples of them to train, or remove them from these rows",
        )
    return columns.flags or tuple(sorted(names))


def _check_separator(place: Path, columns: Columns, labels: Sequence[tuple[str, ...]]) -> None:
    """Refuse a separator that is never between two labels."""
    if any(len(some) > 1 for some in labels):
        return
    words = [name for some in labels for name in some]
    others = [
        sign
        for sign in _SEPARATORS
        if sign != columns.separator and 2 * sum(sign in word for word in words) > len(words)
    ]
    meant = f"set label_separator={others[0]!r}, which does; or " if others else ""
    raise DataError(
        f"No row of {place} has two labels separated by {columns.separator!r} in the column "
        f"{columns.label}.",
        expected="several labels in some rows",
        fix=f"{meant}for one class each, leave label_separator out and choose a classification",
    )
