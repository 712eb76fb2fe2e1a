"""The boundaries of words in a text."""

import functools
import re
import sys
import unicodedata
from collections.abc import Sequence

import numpy as np

JOINER, NON_JOINER = "\N{ZERO WIDTH JOINER}", "\N{ZERO WIDTH NON-JOINER}"  # shape letters
SKIN_TONES = "\N{EMOJI MODIFIER FITZPATRICK TYPE-1-2}-\N{EMOJI MODIFIER FITZPATRICK TYPE-6}"


def split_words(text: str, *, joins_marks: bool = True) -> list[str]:
    """Cut a text into words and punctuation; a script without spaces needs "bpe" instead.

    Args:
        text: of any script with spaces.
        joins_marks: a character with its combining marks is one character (UAX #29, rule WB4): the
            vowel signs of Indic scripts, the points of Hebrew, the vowels of Arabic. Joiners, and
            invisible format characters inside a word, belong to it too. False cuts at each, as
            version 0.1.0 did.

    >>> split_words("It isn't 3,000 -- it's fewer...")
    ['It', 'is', "n't", '3', ',', '000', '--', 'it', "'s", 'fewer', '...']
    >>> [len(split_words("हिन्दी भाषा", joins_marks=joins)) for joins in (True, False)]
    [2, 10]
    """
    # Composed, so that "é" is the same word however it was typed; with one kind of apostrophe.
    text = unicodedata.normalize("NFC", text).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    # ASCII has no marks: the plain expression says the same there, and is faster.
    pattern = _word_pattern(joins_marks and not text.isascii())
    return [match.group() for match in pattern.finditer(text)]


def bare_words(text: str) -> list[str]:
    """Return the runs of letters and digits, each with its marks, without punctuation.

    >>> bare_words("It isn't हिन्दी!")
    ['It', 'isn', 't', 'हिन्दी']
    """
    return re.findall(_letters_and_word(not text.isascii())[1], text)


@functools.cache
def _word_pattern(joins_marks: bool) -> re.Pattern[str]:
    """Return the expression of `split_words`.

    English contractions are cut off as treebanks do ("do n't", "it 's"). A punctuation mark is taken
    with its repetitions. In the spirit of clean_str in the code of 1408.5882, but nothing is lost.
    """
    letters, word = _letters_and_word(joins_marks)
    more = rf"{JOINER}[^\w\s]|[{_extending_characters()[0]}]|" if joins_marks else ""
    end = rf"(?![{letters}])"
    return re.compile(
        rf"{word}(?=n't{end})|n't{end}|'(?:s|m|d|re|ve|ll){end}|{word}|([^\w\s])(?:{more}\1)*"
    )


def _letters_and_word(joins_marks: bool) -> tuple[str, str]:
    """Return the characters of words, as the inside of a class, and the expression of a word."""
    if not joins_marks:
        return r"\w", r"\w+"
    marks, formats = _extending_characters()
    letters = rf"\w{marks}"
    return letters, rf"\w[{letters}]*(?:[{formats}]+\w[{letters}]*)*"


@functools.cache
def _extending_characters() -> tuple[str, str]:
    """Return combining marks with joiners, and format characters, as ranges of a regex's class.

    Python's `re` knows no Unicode categories. The zero width space is left out: it separates words.
    """
    joiners, marks, formats = {JOINER, NON_JOINER}, [], []
    for code in range(sys.maxunicode + 1):
        category = unicodedata.category(chr(code))
        if category[0] == "M" or chr(code) in joiners:
            marks.append(code)
        elif category == "Cf" and chr(code) != "\N{ZERO WIDTH SPACE}":
            formats.append(code)
    return _ranges(marks) + SKIN_TONES, _ranges(formats)


def _ranges(codes: Sequence[int]) -> str:
    """Return ascending code points as ranges of a regex's class: "a-cx-x"."""
    codes = np.array(codes)
    breaks = np.flatnonzero(np.diff(codes) > 1)
    firsts, lasts = codes[[0, *(breaks + 1)]], codes[[*breaks, -1]]
    return "".join(f"{chr(a)}-{chr(b)}" for a, b in zip(firsts, lasts, strict=True))
