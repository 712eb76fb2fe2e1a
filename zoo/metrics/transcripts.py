"""Metrics of transcripts: errors of words and of characters, counted by jiwer."""

import unicodedata
from collections.abc import Mapping, Sequence

import numpy as np

from zoo.metrics.estimators import Estimator, Ratio

_KEPT = "'"  # of punctuation: "don't" is one word

# of statistics "word_errors", "words", "character_errors" and "characters", (N,) each
ESTIMATORS: Mapping[str, Estimator] = {
    "wer": Ratio("word_errors", "words"),
    "cer": Ratio("character_errors", "characters"),
}
# "greedy_errors" are those of words without a language model
RECOGNITION_ESTIMATORS = ESTIMATORS | {"greedy_wer": Ratio("greedy_errors", "words")}


def normalized(text: str) -> str:
    """Return a text as it is compared: compatible characters made one, lower case, no punctuation.

    Apostrophes stay, other punctuation and symbols part words. Numbers are not written out.

    >>> normalized("Don't go – it's  9:30!")
    "don't go it's 9 30"
    """
    text = unicodedata.normalize("NFKC", text.replace("’", _KEPT)).lower()
    kept = (
        " " if unicodedata.category(sign)[0] in "PS" and sign not in _KEPT else sign
        for sign in text
    )
    return " ".join("".join(kept).split())


def edits(found: Sequence[str], expected: Sequence[str]) -> dict[str, np.ndarray]:
    """Count the errors of transcripts as they are given, without normalization.

    Args:
        found: what was heard, N texts.
        expected: true transcripts.

    Returns:
        float64 (N,) each: "word_errors" (substitutions, insertions and deletions), "words" (of the
        true transcript), "character_errors", "characters" (spaces included).

    >>> edits(["a b d"], ["a b c"])["word_errors"].tolist()
    [1.0]
    """
    rows = [_edits(*pair) for pair in zip(found, expected, strict=True)]
    names = ("word_errors", "words", "character_errors", "characters")
    return dict(zip(names, np.array(rows, "float64").reshape(-1, len(names)).T, strict=True))


def _edits(found: str, expected: str) -> tuple[int, int, int, int]:
    words, characters = len(expected.split()), len(expected)
    if not words:  # jiwer refuses these
        return len(found.split()), 0, len(found), characters
    import jiwer

    by_word, by_character = (
        jiwer.process_words(expected, found),
        jiwer.process_characters(expected, found),
    )
    return _errors(by_word), words, _errors(by_character), characters


def _errors(counted) -> int:
    return counted.substitutions + counted.insertions + counted.deletions
