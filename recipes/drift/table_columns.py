"""What a column of a table holds, decided from the cells of both tables together."""

import math
from collections.abc import Sequence
from typing import Any

from recipes.drift.categories import Categories
from recipes.drift.kind import Kind
from recipes.drift.numbers import Numbers
from recipes.drift.texts import Texts
from zoo.data.cells import is_empty

FEW_NUMBERS = 10  # different ones, up to which they are categories
MOSTLY_DIFFERENT = 0.5  # share of different cells, above which they are not categories
WORDS = 2.0  # of a cell in the mean, from which on different cells are texts


def typed(first: Sequence[Any], second: Sequence[Any]) -> tuple[Kind | None, list[Any], list[Any]]:
    """Return the kind of a column and its values in both tables, None for empty cells.

    Numbers are numbers, unless there are ten different ones or fewer: these are categories. So are words
    that repeat. Other cells are texts if they have two words or more in the mean.

    Returns:
        No kind where cells are all different and no texts, as names of rows are.

    >>> typed(["1.5"] * 20, [str(k / 7) for k in range(20)])[0].word
    'numbers'
    >>> typed(["a", "b"] * 10, ["b"] * 20)[0].word, typed(["x1", "x2"], ["x3"])[0]
    ('categories', None)
    """
    cells = [[None if is_empty(cell) else cell for cell in part] for part in (first, second)]
    held = [cell for part in cells for cell in part if cell is not None]
    numbers = [_number(cell) for cell in held]
    different = len({str(cell) for cell in held})
    if held and None not in numbers and different > FEW_NUMBERS:
        return Numbers(), *([None if c is None else _number(c) for c in part] for part in cells)
    words: list[list[Any]] = [[None if c is None else str(c) for c in part] for part in cells]
    if different <= MOSTLY_DIFFERENT * len(held):
        return Categories(), *words
    mean = sum(len(str(cell).split()) for cell in held) / max(len(held), 1)
    return (Texts() if mean >= WORDS else None), *words


def as_kind(kind: Kind, cells: Sequence[Any]) -> list[Any] | None:
    """Return the cells of a table as values of a kind that other data has; None where they are not.

    >>> as_kind(Numbers(), ["1", ""]), as_kind(Numbers(), ["one"]), as_kind(Categories(), [1])
    ([1.0, None], None, ['1'])
    """
    held = [None if is_empty(cell) else cell for cell in cells]
    if kind == Numbers():
        found = [None if cell is None else _number(cell) for cell in held]
        wrong = any(c is not None and v is None for c, v in zip(held, found, strict=True))
        return None if wrong else found
    if kind in (Texts(), Categories()):
        return [None if cell is None else str(cell) for cell in held]
    return None


def _number(cell: Any) -> float | None:
    if isinstance(cell, bool):
        return None
    try:
        value = float(cell)
    except (TypeError, ValueError):
        return None
    return value if math.isfinite(value) else None
