"""Corruptions of texts: strings in, strings out.

A severity touches a share of the letters, words or places that can be touched, and those of a lower
severity are among them.
"""

import re
from collections.abc import Callable

import numpy as np

from zoo.columns import Text
from zoo.transforms.corruptions.base import Corruption

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")  # each half a key to the right of the one above
_CONTRACTIONS = (
    *(("do not", "don't"), ("does not", "doesn't"), ("did not", "didn't"), ("is not", "isn't")),
    *(("are not", "aren't"), ("was not", "wasn't"), ("were not", "weren't")),
    *(("have not", "haven't"), ("has not", "hasn't"), ("had not", "hadn't")),
    *(("will not", "won't"), ("would not", "wouldn't"), ("could not", "couldn't")),
    *(("should not", "shouldn't"), ("cannot", "can't"), ("it is", "it's"), ("that is", "that's")),
    *(("what is", "what's"), ("there is", "there's"), ("I am", "I'm"), ("I have", "I've")),
    *(("I will", "I'll"), ("you are", "you're"), ("you have", "you've"), ("we are", "we're")),
    *(("we have", "we've"), ("they are", "they're"), ("they have", "they've"), ("let us", "let's")),
)
_SYNONYMS = (
    *("good fine", "bad poor", "big large", "small little", "fast quick", "slow sluggish"),
    *("begin start", "end finish", "make create", "get obtain", "show display", "give provide"),
    *("help aid", "need require", "use employ", "buy purchase", "ask request", "answer reply"),
    *("find discover", "keep retain", "change alter", "remove delete", "choose select"),
    *("return yield", "check verify", "add append", "stop halt", "build construct", "fix repair"),
    *("film movie", "story tale", "funny amusing", "sad unhappy", "happy glad", "smart clever"),
    *("boring dull", "great excellent", "terrible awful", "beautiful lovely", "strange odd"),
    *("hard difficult", "easy simple", "old ancient", "new recent", "important significant"),
    *("whole entire", "almost nearly", "often frequently", "maybe perhaps", "also too"),
    *("string text", "error fault", "value quantity", "list sequence", "number figure"),
    *("city town", "country nation", "person human", "job occupation", "picture image"),
    *("name title", "kind type", "way manner", "idea notion", "part portion", "group set"),
)
Generator = np.random.Generator


def _neighbours() -> dict[str, str]:
    """Return the letters beside and across from each on a QWERTY keyboard."""
    places = {
        letter: (column + 0.5 * row, row)
        for row, letters in enumerate(_ROWS)
        for column, letter in enumerate(letters)
    }
    return {
        one: "".join(
            other
            for other, (x, y) in places.items()
            if other != one and abs(x - places[one][0]) <= 1 and abs(y - places[one][1]) <= 1
        )
        for one in places
    }


_NEAR = _neighbours()


def _typos(text: str, share: float, generator: Generator) -> str:
    """Hit a key beside the right one."""
    draws, picks = generator.random((2, len(text)))
    return "".join(
        _like(_NEAR[low][int(pick * len(_NEAR[low]))], letter)
        if draw < share and (low := letter.lower()) in _NEAR
        else letter
        for letter, draw, pick in zip(text, draws, picks, strict=True)
    )


def _case(text: str, share: float, generator: Generator) -> str:
    """Write words in capitals."""
    return _replaced(text, r"\S+", share, generator, str.upper)


def _contractions(text: str, share: float, generator: Generator) -> str:
    """Contract what is written out, and write out what is contracted."""
    words = sorted(_OTHER_FORM, key=len, reverse=True)
    return _replaced(text, _any_of(words), share, generator, _swapped(_OTHER_FORM))


def _dropped_words(text: str, share: float, generator: Generator) -> str:
    """Leave words out; one stays."""
    words = text.split()
    draws = generator.random(len(words))
    kept = [word for word, draw in zip(words, draws, strict=True) if draw >= share]
    if len(kept) == len(words):
        return text
    return " ".join(kept or [words[int(draws.argmax())]])


def _synonyms(text: str, share: float, generator: Generator) -> str:
    """Say another word of the same meaning, where the table has one."""
    return _replaced(text, _any_of(_OTHER_WORD), share, generator, _swapped(_OTHER_WORD))


def _both_ways(pairs: list[tuple[str, ...]]) -> dict[str, str]:
    """Return each of two phrases by the other in lower case."""
    return {a.lower(): b for one, other in pairs for a, b in ((one, other), (other, one))}


_OTHER_FORM = _both_ways(list(_CONTRACTIONS))
_OTHER_WORD = _both_ways([tuple(pair.split()) for pair in _SYNONYMS])


def _any_of(words) -> str:
    return r"\b(?:" + "|".join(map(re.escape, words)) + r")\b"


def _swapped(table: dict[str, str]) -> Callable[[str], str]:
    return lambda found: _like(table[found.lower()], found)


def _like(word: str, model: str) -> str:
    """Return a word with a capital where the other has one."""
    if model[:1].isupper():
        return word[:1].upper() + word[1:]
    return word


def _replaced(
    text: str, pattern: str, share: float, generator: Generator, change: Callable[[str], str]
) -> str:
    """Change a share of what matches a pattern."""
    found = list(re.finditer(pattern, text, re.IGNORECASE))
    parts, end = [], 0
    for match, draw in zip(found, generator.random(len(found)), strict=True):
        word = change(match[0]) if draw < share else match[0]
        parts += [text[end : match.start()], word]
        end = match.end()
    return "".join([*parts, text[end:]])


def text_corruptions(column: Text) -> tuple[Corruption, ...]:
    """Return the corruptions of texts; contractions and synonyms are English.

    Args:
        column: of the texts; all have the same corruptions.

    >>> text_corruptions(Text())[1]("to be or not", severity=5)
    'TO BE OR NOT'
    """
    every, words = (0.2, 0.4, 0.6, 0.8, 1.0), ("word_dropout_rate", 0.1)
    return (
        Corruption("typos", "letters", _typos, (0.02, 0.05, 0.1, 0.15, 0.25), *words),
        Corruption("case", "letters", _case, every, *words),
        Corruption("contractions", "letters", _contractions, every, *words),
        Corruption("dropped_words", "words", _dropped_words, (0.05, 0.1, 0.2, 0.3, 0.4), *words),
        Corruption("synonyms", "words", _synonyms, every, *words),
    )
