"""Strings of digits: joined from the right recordings, always the same ones, none in two splits."""

import collections

import numpy as np
import pytest

from zoo.data import spoken_digit_strings as strings
from zoo.errors import ArgumentError
from zoo.testing import check_dataset

SPEAKERS = ("ann", "bob")


@pytest.fixture
def made(monkeypatch):
    """Recordings whose samples say which they are: 100 · digit + recording, and the speaker's sign."""
    names, waves = [], []
    for digit in range(10):
        for sign, speaker in zip((1, -1), SPEAKERS, strict=True):
            for number in range(50):
                names.append(f"{digit}_{speaker}_{number}.wav")
                waves.append(np.full(9, sign * (100 * digit + number + 1), "int16"))
    monkeypatch.setattr(strings, "recordings_of", lambda *_, **__: (names, waves))


def members(split):
    """The recordings of each string, as (sign of the speaker, digit, number)."""
    found = []
    for example in split:
        samples = np.round(example["audio"] * 32768).astype(int)
        held = samples[samples != 0].reshape(-1, 9)[:, 0]
        found.append([(np.sign(v), (abs(v) - 1) // 100, (abs(v) - 1) % 100) for v in held])
    return found


def test_strings_say_what_is_joined_and_recordings_are_in_one_split(made):
    dataset = strings.load()
    check_dataset(dataset)
    numbers = {"test": range(5), "train": range(5, 45), "validation": range(45, 50)}
    for name, split in dataset.splits.items():
        seen = collections.Counter()
        for example, parts in zip(split, members(split), strict=True):
            assert example["text"] == " ".join(strings.WORDS[digit] for _, digit, _ in parts)
            assert len({sign for sign, _, _ in parts}) == 1  # one speaker
            assert 3 <= len(parts) <= 9
            seen.update(parts)
        expected = {(s, d, n) for s in (1, -1) for d in range(10) for n in numbers[name]}
        assert set(seen) == expected and set(seen.values()) == {2}


def test_they_are_always_the_same(made):
    assert strings.load().fingerprint == strings.load().fingerprint


def test_a_speaker_can_be_held_out(made):
    dataset = strings.load(held_out="bob")
    signs = {
        name: {sign for parts in members(split) for sign, _, _ in parts}
        for name, split in dataset.splits.items()
    }
    assert signs == {"train": {1}, "validation": {1}, "test": {-1}}
    assert {n for parts in members(dataset.splits["train"]) for _, _, n in parts} == set(
        range(5, 45)
    )
    with pytest.raises(ArgumentError, match="no speaker 'bop'"):
        strings.load(held_out="bop")
