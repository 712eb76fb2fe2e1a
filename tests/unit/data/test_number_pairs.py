"""Number words and digits: the pairs are right, balanced, and give nothing away."""

from collections import Counter

import pytest

from zoo import testing
from zoo.data.embedded.number_pairs import load, words_of

ONES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
TEENS = [
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
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


@pytest.fixture(scope="module")
def dataset():
    return load()


def number_in(words: str) -> int:
    """Read number words from left to right."""
    total = part = 0
    for word in words.split():
        if word in ONES:
            part += ONES.index(word)
        elif word in TEENS:
            part += 10 + TEENS.index(word)
        elif word in TENS:
            part += 20 + 10 * TENS.index(word)
        else:
            total, part = total + part * {"hundred": 100, "thousand": 1000}[word], 0
    return total + part


def test_the_words_of_every_number_are_read_back():
    assert all(number_in(words_of(number)) == number for number in range(10_000))


def test_labels_are_right_and_as_many_of_each(dataset):
    assert dataset.counts() == {"train": [4000, 4000], "test": [1000, 1000]}
    for split in dataset.splits.values():
        for example in split:
            digits = example["pair"].replace(" ", "")
            number = number_in(example["text"])
            assert example["label"] == (int(digits) == number)
            assert len(digits) == len(str(number)) == (len(example["pair"]) + 1) // 2


def test_words_are_in_one_split_and_say_nothing_alone(dataset):
    seen = [Counter(split.columns["text"]) for split in dataset.splits.values()]
    assert not seen[0].keys() & seen[1].keys()
    assert set(seen[0].values()) | set(seen[1].values()) == {2}  # once with each label
    assert list(dataset.splits["train"].columns["group"]) == dataset.splits["train"].columns["text"]


def test_the_contract_of_datasets_holds_and_the_pairs_never_change(dataset):
    testing.check_dataset(dataset)
    assert load().fingerprint == dataset.fingerprint
    first = dataset.splits["test"][1]
    assert (first["text"], first["pair"]) == (
        "five thousand four hundred sixty three",
        "5 4 3 6",
    )
