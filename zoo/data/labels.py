"""Names of classes: those that look like numbers to predict, and those that look alike."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence

_NUMBER = re.compile(r"[-+]?(\d+([.,]\d*)?|[.,]\d+)([eE][-+]?\d+)?")
_FEW = 5  # number of distinct values up to which they always are classes
_MANY = 20  # distinct values with fractions that are classes of a large table at most


def numbers_of(names: Sequence[str], *, count: int) -> list[float]:
    """Return the distinct labels of a table as numbers where they look like numbers to predict.

    They do where all are numbers and most rows have one of their own, or where they have fractions
    and more than 20 values, one for less than ten rows. Few values (0 and 1, 1 to 5) are classes.

    Args:
        names: distinct labels.
        count: of rows.

    Returns:
        Sorted; empty where they are classes.

    >>> numbers_of(["1", "2", "3", "4", "5"], count=300)
    []
    >>> numbers_of([f"{i / 8}" for i in range(100)], count=120)[:2]
    [0.0, 0.125]
    """
    if len(names) <= _FEW or not are_numbers(names):
        return []
    numbers = sorted(float(name.replace(",", ".")) for name in names)
    with_fractions = not all(number.is_integer() for number in numbers)
    own = len(names) > count / 2
    many = with_fractions and len(names) > max(_MANY, count / 10)
    return numbers if own or many else []


def are_numbers(names: Iterable[str]) -> bool:
    """Tell whether all texts are numbers, with a point or a comma.

    >>> are_numbers(["1", "-2,5", "3e4"]), are_numbers(["1", "one"])
    (True, False)
    """
    return all(_NUMBER.fullmatch(name) for name in names)


def alike(names: Sequence[str]) -> list[list[int]]:
    """Return groups of positions of names that differ in nothing that a reader would see or mean.

    That is: case, blanks, the form in which Unicode writes a letter (composed, decomposed,
    compatible), and characters of no width.

    >>> alike(["yes", "Yes", "no", "ye\\u200bs "])
    [[0, 1, 3]]
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for position, name in enumerate(names):
        groups[_plain(name)].append(position)
    return [members for members in groups.values() if len(members) > 1]


def spelled(name: str) -> str:
    r"""Return a name in quotes with invisible differences as escapes.

    >>> print(spelled("cafe\u0301"))
    'cafe\u0301'
    """
    return ascii(name)


def _plain(name: str) -> str:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return "".join(c for c in folded if not c.isspace() and unicodedata.category(c) != "Cf")
