"""Errors of transcripts, by hand and against a plain edit distance."""

import numpy as np
import pytest

from zoo import registry
from zoo.errors import ArgumentError
from zoo.metrics.transcripts import edits, normalized
from zoo.testing import check_metrics, check_mode


def distance(found, expected):
    """The fewest substitutions, insertions and deletions, from the definition."""
    row = list(range(len(expected) + 1))
    for i, one in enumerate(found, start=1):
        before, row[0] = row[0], i
        for j, other in enumerate(expected, start=1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (one != other))
    return row[-1]


def test_counts_are_those_of_the_definition():
    generator = np.random.default_rng(0)
    texts = [
        " ".join(generator.choice(list("abcd"), generator.integers(0, 7))) for _ in range(1200)
    ]
    found, expected = texts[:600], texts[600:]
    counted = edits(found, expected)
    for i, (one, other) in enumerate(zip(found, expected, strict=True)):
        assert counted["word_errors"][i] == distance(one.split(), other.split()), (one, other)
        assert counted["character_errors"][i] == distance(one, other), (one, other)
        assert counted["words"][i] == len(other.split()) and counted["characters"][i] == len(other)


def test_what_is_compared_has_no_case_and_no_punctuation():
    assert normalized("“Hello,  WORLD” – it’s ½ past 9:30.") == "hello world it's 1 2 past 9 30"
    assert normalized("\N{FULLWIDTH LATIN CAPITAL LETTER A}-B") == "a b"
    assert normalized("…!") == ""


def test_rates_are_errors_per_word_of_all_transcripts():
    task = registry.resolve(registry.task_card("speech_to_text").task)()
    truths = {"text": np.array(["go to the shop", "yes"])}
    found = task.score(["Go to a shop!", "yes yes"], truths)
    assert found == {"wer": pytest.approx(2 / 5), "cer": pytest.approx((3 + 4) / 17)}
    check_metrics(task, ["Go to a shop!", "yes yes"], truths)
    check_mode(task, ["go to the shop", "yes"], ["go to shop", "no"], truths)
    assert task.describe("Yes.", None) == [{"text": "Yes."}]


def test_recipes_do_not_train_transcribers():
    task = registry.resolve(registry.task_card("speech_to_text").task)()
    with pytest.raises(ArgumentError, match="zoo predict whisper_base"):
        task.fit(None, features={}, classes=())
