"""Which package each model, data set, recipe or weight is from, where commands show it."""

from collections.abc import Sequence
from typing import Any

from zoo.shelves import OURS, origin_of


def package_row(card: Any) -> list[tuple[str, str]]:
    """Return the row that says where a card is from; none for kerazoo's own."""
    origin = origin_of(card)
    return [] if origin == OURS else [("package", origin)]


def with_packages(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], packages: Sequence[str]
) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """Return a table with a column that says where each row is from, if any is not kerazoo's own.

    >>> with_packages(("name",), [("mlp",), ("mine",)], ["kerazoo", "my-models 1.0"])
    (('name', 'package'), [('mlp', 'kerazoo'), ('mine', 'my-models 1.0')])
    """
    if set(packages) <= {OURS}:
        return tuple(columns), [tuple(row) for row in rows]
    return (*columns, "package"), [(*row, p) for row, p in zip(rows, packages, strict=True)]
