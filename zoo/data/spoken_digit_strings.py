"""Connected digits: recordings of spoken_digit, joined to strings of three to seven digits."""

import os
from collections.abc import Sequence

import numpy as np

from zoo.catalog.datasets import DATASETS
from zoo.columns import Audio, Text
from zoo.data.dataset import Dataset, Split
from zoo.data.spoken_digit import (
    SAMPLE_RATE_HZ,
    TEST_RECORDINGS,
    no_speaker,
    parts_of,
    recordings_of,
)

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
VALIDATION_RECORDINGS = 5  # the last of each digit and speaker
PASSES = 2  # strings that a recording is in
SHORTEST, LONGEST = 3, 7  # digits of a string
LONGEST_PAUSE = 800  # samples between two digits: 0.1 s

_RECORDINGS = 50  # of each digit and speaker
_SEED = 16


def load(
    name: str = "spoken_digit_strings",
    *,
    data_dir: str | os.PathLike | None = None,
    download: bool = False,
    held_out: str = "",
) -> Dataset:
    """Join the recordings of spoken_digit, each string by one speaker; always the same strings.

    Args:
        name: of the card.
        data_dir, download: of spoken_digit, as `zoo.data.spoken_digit.load`.
        held_out: empty makes the test split of recordings 0 to 4 of each digit and speaker; the name
            of a speaker makes it of that speaker alone, whom train and validation then lack.

    Returns:
        audio float32 (samples,) in [-1, 1] at 8 kHz, with up to 0.1 s of silence between digits; text
        str ("three zero five"). Splits "train", "validation" (recordings 45 to 49) and "test".

    Raises:
        DataError: spoken_digit is not prepared.
        ArgumentError: no such speaker.

    >>> load().counts()  # doctest: +SKIP
    {'train': [794], 'validation': [101], 'test': [101]}
    """
    card = next(card for card in DATASETS if card.name == name)
    names, waves = recordings_of("spoken_digit", data_dir=data_dir, download=download)
    digits, speakers, numbers = parts_of(names)
    known = tuple(sorted(set(speakers)))
    if held_out and held_out not in known:
        raise no_speaker(held_out, known)
    places: dict[str, list[list[int]]] = {"train": [], "validation": [], "test": []}
    for speaker in known:
        for split, members in places.items():
            own = [
                i
                for i, who in enumerate(speakers)
                if who == speaker and _split_of(who, numbers[i], held_out) == split
            ]
            members.extend(_strings(own, seed=[_SEED, known.index(speaker), len(own)]))
    return Dataset(
        name=name,
        splits={split: _joined(found, waves, digits) for split, found in places.items()},
        features={"audio": Audio(SAMPLE_RATE_HZ), "text": Text()},
        classes=(),
        licence=card.licence,
        source="tfds",
        homepage=card.homepage,
        notes=(
            "The strings are made of single digits: nothing runs together as in connected speech.",
            f"The test split is all of {held_out}, whom train lacks."
            if held_out
            else "The test split has other recordings of the speakers of train.",
        ),
    )


def _split_of(speaker: str, number: int, held_out: str) -> str:
    """Return the split of a recording; "" for none."""
    if held_out and speaker == held_out:
        return "test"
    if number < TEST_RECORDINGS:
        return "" if held_out else "test"
    return "validation" if number >= _RECORDINGS - VALIDATION_RECORDINGS else "train"


def _strings(places: Sequence[int], *, seed: Sequence[int]) -> list[list[int]]:
    """Divide recordings into strings, `PASSES` times; the last of a pass may be longer."""
    generator, strings = np.random.default_rng(seed), []
    for _ in range(PASSES if places else 0):
        left = generator.permutation(places).tolist()
        while left:
            size = int(generator.integers(SHORTEST, LONGEST + 1))
            size = len(left) if len(left) - size < SHORTEST else size
            strings.append(left[:size])
            left = left[size:]
    return strings


def _joined(
    strings: Sequence[Sequence[int]], waves: Sequence[np.ndarray], digits: Sequence[int]
) -> Split:
    audio, texts = [], []
    for number, places in enumerate(strings):
        pauses = np.random.default_rng([_SEED, number]).integers(0, LONGEST_PAUSE, len(places))
        parts = [
            np.pad((waves[i] / 32768).astype("float32"), (int(pause), 0))
            for i, pause in zip(places, pauses, strict=True)
        ]
        audio.append(np.concatenate(parts))
        texts.append(" ".join(WORDS[digits[i]] for i in places))
    return Split({"audio": audio, "text": texts})
