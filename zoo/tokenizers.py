"""Text to numbers and back: words, characters, subwords or byte pairs; fitted on texts, kept as JSON.

What is fitted here gives `PADDING_ID` to no text and `UNKNOWN_ID` to what it never saw. Tokenizers of
published weights have ids of their own (`zoo.published_tokenizer`).
"""

import functools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, final

from zoo.errors import ArgumentError, DataError, unknown_name
from zoo.published_tokenizer import PublishedTokenizer
from zoo.subword_tokenizer import SubwordTokenizer, at_spaces, train_pairs, with_marks
from zoo.tokenizer_base import (
    PADDING_ID,
    SPECIAL,
    UNKNOWN,
    UNKNOWN_ID,
    Tokenizer,
    checked_unicode,
)
from zoo.words import split_words

__all__ = ["PADDING_ID", "UNKNOWN_ID", "PublishedTokenizer", "Tokenizer"]
BYTES = 256


@final
class WordTokenizer(Tokenizer):
    """Words and punctuation marks; what lies between them is not kept.

    Args:
        words: by id, from `SPECIAL` on.
        lowercase: see `Tokenizer`.
        joins_marks: see `split_words`.

    >>> tokenizer = WordTokenizer(["a", "film", "!"], lowercase=True)
    >>> tokenizer.decode(tokenizer.encode("A fine film!"))
    'a � film !'
    """

    kind = "word"

    def __init__(self, words: Sequence[str], *, lowercase: bool, joins_marks: bool = True):
        super().__init__(lowercase=lowercase)
        self.words, self.joins_marks = tuple(words), joins_marks
        self._id_of = {word: i for i, word in enumerate(self.words, start=SPECIAL)}

    @property
    def vocabulary_size(self) -> int:
        return SPECIAL + len(self.words)

    def _ids(self, text: str) -> list[int]:
        words = split_words(text, joins_marks=self.joins_marks)
        return [self._id_of.get(word, UNKNOWN_ID) for word in words]

    def _text(self, ids: Sequence[int]) -> str:
        return " ".join(UNKNOWN if i == UNKNOWN_ID else self.words[i - SPECIAL] for i in ids)

    def _state(self) -> dict[str, Any]:
        return {"words": list(self.words), "joins_marks": self.joins_marks}


@final
class CharacterTokenizer(Tokenizer):
    """Single characters (Unicode code points); exact both ways for characters it knows.

    Args:
        characters: by id, from `SPECIAL` on.
        lowercase: see `Tokenizer`.

    >>> tokenizer = CharacterTokenizer("abc", lowercase=False)
    >>> tokenizer.decode(tokenizer.encode("cab"))
    'cab'
    """

    kind = "character"

    def __init__(self, characters: str, *, lowercase: bool):
        super().__init__(lowercase=lowercase)
        self.characters = characters
        self._id_of = {sign: i for i, sign in enumerate(characters, start=SPECIAL)}

    @property
    def vocabulary_size(self) -> int:
        return SPECIAL + len(self.characters)

    def _ids(self, text: str) -> list[int]:
        return [self._id_of.get(sign, UNKNOWN_ID) for sign in text]

    def _text(self, ids: Sequence[int]) -> str:
        return "".join(UNKNOWN if i == UNKNOWN_ID else self.characters[i - SPECIAL] for i in ids)

    def _state(self) -> dict[str, Any]:
        return {"characters": self.characters}


@final
class BytePairTokenizer(Tokenizer):
    """Byte-level byte-pair encoding (1508.07909, on bytes as in GPT-2): exact for any text.

    Byte b has id `SPECIAL + b`, the tokens of the merges follow. No text has `UNKNOWN_ID`, and no
    piece of text is taken for a special sign.

    Args:
        merges: "left right" in GPT-2's alphabet of 256 printable characters, the first merged first.
        lowercase: see `Tokenizer`; True gives up exactness.

    Raises:
        DataError: a merge of parts that no earlier merge makes.

    >>> tokenizer = BytePairTokenizer(["a b"], lowercase=False)
    >>> tokenizer.encode("aba").tolist(), tokenizer.decode([258, 99])
    ([258, 99], 'aba')
    """

    kind = "bpe"

    def __init__(self, merges: Sequence[str], *, lowercase: bool):
        super().__init__(lowercase=lowercase)
        from tokenizers import Tokenizer as Engine
        from tokenizers.models import BPE

        self.merges = tuple(merges)
        alphabet = byte_alphabet()
        id_of = {sign: i for i, sign in enumerate(alphabet)}
        pairs = [tuple(merge.split(" ")) for merge in self.merges]
        for pair in pairs:
            if len(pair) != 2 or not all(part in id_of for part in pair):
                raise DataError(
                    f"The byte-pair merge {' '.join(pair)!r} joins what no earlier merge made.",
                    expected='"left right", of bytes or tokens of earlier merges',
                    fix="load the tokenizer from where it was saved, unchanged",
                )
            id_of.setdefault("".join(pair), len(id_of))
        byte_of = {sign: byte for byte, sign in enumerate(alphabet)}
        self._bytes = [bytes(byte_of[sign] for sign in token) for token in id_of]
        self._engine = Engine(BPE(vocab=id_of, merges=pairs))
        self._engine.pre_tokenizer = _byte_level()

    @property
    def vocabulary_size(self) -> int:
        return SPECIAL + len(self._bytes)

    def _ids(self, text: str) -> list[int]:
        return [i + SPECIAL for i in self._engine.encode(checked_unicode(text)).ids]

    def _text(self, ids: Sequence[int]) -> str:
        unknown = UNKNOWN.encode()
        parts = (unknown if i == UNKNOWN_ID else self._bytes[i - SPECIAL] for i in ids)
        return b"".join(parts).decode("utf-8", errors="replace")

    def _state(self) -> dict[str, Any]:
        return {"merges": list(self.merges)}


KINDS = (
    WordTokenizer.kind,
    CharacterTokenizer.kind,
    SubwordTokenizer.kind,
    BytePairTokenizer.kind,
)


def fit_tokenizer(
    kind: str,
    texts: Iterable[str],
    *,
    vocabulary_size: int,
    lowercase: bool = False,
    min_count: int = 1,
) -> Tokenizer:
    """Fit a tokenizer to texts; the same texts in the same order give the same tokenizer.

    Args:
        kind: "word", "character", "subword" or "bpe".
        texts: what is learned from.
        vocabulary_size: ids at most, padding and unknown included; the most frequent are kept. At
            least 3, and 258 for "bpe". Few texts give fewer.
        lowercase: texts, here and in `encode`.
        min_count: how often a word, a character or a pair must occur.

    Raises:
        UnknownNameError: no such kind.
        ArgumentError: a number out of range.
        DataError: the texts hold nothing to learn from.

    >>> tokenizer = fit_tokenizer("word", ["to be or not to be"], vocabulary_size=4)
    >>> tokenizer.words
    ('be', 'to')
    """
    if kind not in KINDS:
        raise unknown_name("tokenizer", kind, KINDS, fix=f"use one of {', '.join(KINDS)}")
    smallest = SPECIAL + (BYTES if kind == BytePairTokenizer.kind else 1)
    for name, value, low in (
        ("vocabulary_size", vocabulary_size, smallest),
        ("min_count", min_count, 1),
    ):
        if not isinstance(value, int) or isinstance(value, bool) or value < low:
            raise ArgumentError(
                f"{name}={value!r} does not suit the tokenizer {kind!r}.",
                expected=f"a whole number of at least {low}",
                fix=f"set {name} within that range",
            )
    texts = (checked_unicode(text.lower() if lowercase else text) for text in texts)
    how = {"vocabulary_size": vocabulary_size - SPECIAL, "min_count": min_count}
    if kind == BytePairTokenizer.kind:
        _, merges = train_pairs(texts, before=_byte_level(), alphabet=byte_alphabet(), **how)
        return BytePairTokenizer(merges, lowercase=lowercase)
    if kind == SubwordTokenizer.kind:
        texts = [with_marks(text) for text in texts if text]
    split = split_words if kind == WordTokenizer.kind else list
    counts = Counter(token for text in texts for token in split(text))
    kept = _most_frequent(counts, vocabulary_size - SPECIAL, min_count=min_count)
    if kind == SubwordTokenizer.kind:
        pieces, merges = sorted(kept), []
        if len(kept) == len(counts):  # pairs come after all characters
            pieces, merges = train_pairs(texts, before=at_spaces(), alphabet=pieces, **how)
        return SubwordTokenizer(pieces, merges, lowercase=lowercase)
    if kind == CharacterTokenizer.kind:
        return CharacterTokenizer("".join(sorted(kept)), lowercase=lowercase)
    return WordTokenizer(kept, lowercase=lowercase)


def load_tokenizer(state: Mapping[str, Any]) -> Tokenizer:
    """Rebuild a tokenizer from `Tokenizer.to_dict`, also after a trip through JSON.

    Raises:
        DataError: the values are not those of a tokenizer.
    """
    for own in (PublishedTokenizer, SubwordTokenizer):
        if state.get("kind") == own.kind:
            return own.from_state(state)
    types = {"word": WordTokenizer, "character": CharacterTokenizer, "bpe": BytePairTokenizer}
    items = {"word": "words", "character": "characters", "bpe": "merges"}
    kind, lowercase = state.get("kind"), state.get("lowercase")
    joins_marks = state.get("joins_marks", False)  # version 0.1.0 cut words at marks
    name = items.get(kind) if isinstance(kind, str) else None
    values = state.get(name) if name else None
    fits = isinstance(values, str if kind == CharacterTokenizer.kind else list | tuple)
    switches = isinstance(lowercase, bool) and isinstance(joins_marks, bool)
    if not fits or not switches or not all(isinstance(v, str) for v in values):
        raise DataError(
            f"These values are not those of a tokenizer: {', '.join(map(str, state)) or 'nothing'}.",
            expected=f"kind ({', '.join(KINDS)}), lowercase, and what belongs to that kind",
            fix="load the tokenizer from where it was saved, unchanged",
        )
    if kind == WordTokenizer.kind:
        return WordTokenizer(values, lowercase=lowercase, joins_marks=joins_marks)
    return types[kind](values, lowercase=lowercase)


@functools.cache
def byte_alphabet() -> str:
    """Return GPT-2's character for each of the 256 bytes: printable ones stand for themselves."""
    others = iter(range(BYTES, 2 * BYTES))
    return "".join(
        chr(byte)
        if 33 <= byte <= 126 or (161 <= byte <= 255 and byte != 173)
        else chr(next(others))
        for byte in range(BYTES)
    )


def _byte_level() -> Any:
    from tokenizers.pre_tokenizers import ByteLevel

    return ByteLevel(add_prefix_space=False, use_regex=True)


def _most_frequent(counts: Counter, limit: int, *, min_count: int) -> list[str]:
    """Return the most frequent first, ties in alphabetical order."""
    kept = sorted((t for t, n in counts.items() if n >= min_count), key=lambda t: (-counts[t], t))
    if not kept:
        raise DataError(
            f"The texts hold nothing that occurs {min_count} time(s) or more.",
            expected="texts with words",
            fix="check the text column, or lower min_count",
        )
    return kept[:limit]
