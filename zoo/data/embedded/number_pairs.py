"""Number words and digits: do both name the same number? Made by rule; needs no files."""

from collections.abc import Sequence

import numpy as np

from zoo.catalog.datasets import DATASETS
from zoo.columns import Group, Label, Text
from zoo.data.dataset import Dataset, Split

CLASSES = ("differ", "same")

_CARD = next(card for card in DATASETS if card.name == "number_pairs")
_SEED = 0  # never changed: a result is only comparable on the same pairs
_LARGEST = 9_999
_TRAIN, _TEST = 4_000, 1_000  # numbers; each gives two pairs
_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def load() -> Dataset:
    """Return 10,000 pairs of number words and digits, half of which name the same number.

    5,000 numbers from 0 to 9,999 are drawn with a fixed seed. Each gives a pair with its own digits,
    and one in which a digit is another one or two digits have changed places. So neither text
    alone says which of the two it is, nor does the number of digits. Train and test differ in the
    numbers that the words name. Digits stand apart ("3 1 2"), so that each is a word to tokenizers.

    Returns:
        text str, pair str, label 0 (differ) or 1 (same), group str (the words); splits "train" and
        "test", no "validation".

    >>> dataset = load()
    >>> dataset.splits["train"][0]["text"], dataset.splits["train"][0]["pair"]
    ('three thousand five hundred seventy seven', '3 5 7 7')
    """
    generator = np.random.default_rng(_SEED)
    numbers = generator.permutation(_LARGEST + 1)[: _TRAIN + _TEST]
    examples = [
        (words_of(number), spaced(digits), label)
        for number in map(int, numbers)
        for digits, label in ((str(number), 1), (_another(number, generator), 0))
    ]
    cut = 2 * _TRAIN
    return Dataset(
        name="number_pairs",
        splits={"train": _split(examples[:cut]), "test": _split(examples[cut:])},
        features={"text": Text(), "pair": Text(), "label": Label(), "group": Group()},
        classes=CLASSES,
        licence=_CARD.licence,
        source="embedded",
        homepage=_CARD.homepage,
        notes=(
            f"The pairs are made by rule, with seed {_SEED}: they say nothing of natural language.",
        ),
    )


def words_of(number: int) -> str:
    """Return the English words of a number from 0 to 9,999.

    >>> words_of(4_017), words_of(30), words_of(0)
    ('four thousand seventeen', 'thirty', 'zero')
    """
    said = []
    for size, word in ((1000, "thousand"), (100, "hundred")):
        count, number = divmod(number, size)
        said += [_ONES[count], word] if count else []
    if number >= 20:
        said.append(_TENS[number // 10 - 2])
        number %= 10
    return " ".join([*said, *([_ONES[number]] if number or not said else [])])


def spaced(digits: str) -> str:
    """Return digits with blanks between them."""
    return " ".join(digits)


def _another(number: int, generator: np.random.Generator) -> str:
    """Return the digits of another number with as many: two have changed places, or one differs."""
    digits = list(str(number))
    first, second = (int(place) for place in generator.integers(0, len(digits), 2))
    if generator.random() < 0.5 and digits[first] != digits[second]:
        turned = digits.copy()
        turned[first], turned[second] = digits[second], digits[first]
        if turned[0] != "0":
            return "".join(turned)
    least = 1 if first == 0 and len(digits) > 1 else 0
    others = [str(digit) for digit in range(least, 10) if str(digit) != digits[first]]
    digits[first] = others[int(generator.integers(len(others)))]
    return "".join(digits)


def _split(examples: Sequence[tuple[str, str, int]]) -> Split:
    texts, pairs, labels = zip(*examples, strict=True)
    columns = {"text": list(texts), "pair": list(pairs), "group": list(texts)}
    return Split(columns | {"label": np.array(labels, "int64")})
