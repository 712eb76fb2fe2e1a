"""What every tokenizer does: text to ids and back, and a state of JSON values."""

import abc
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from zoo.errors import ArgumentError, DataError

PADDING_ID, UNKNOWN_ID = 0, 1  # of tokenizers that are fitted here
SPECIAL = 2  # how many ids of theirs come before those of text
UNKNOWN = "\N{REPLACEMENT CHARACTER}"  # what an unknown id decodes to


class Tokenizer(abc.ABC):
    """Text <-> ids; subclasses are final and know how to cut text up.

    Args:
        lowercase: of text, before it is cut up.
    """

    kind: str

    def __init__(self, *, lowercase: bool):
        self.lowercase = lowercase

    @property
    def padding_id(self) -> int:
        """Id of no text."""
        return PADDING_ID

    @property
    def unknown_id(self) -> int:
        """Id of what it never saw."""
        return UNKNOWN_ID

    @property
    def kept_ids(self) -> tuple[int, ...]:
        """Ids that stand for no text, which augmentation must not change."""
        return (self.padding_id,)

    @property
    def separator_id(self) -> int | None:
        """Id of the mark that ends a text; None where there is none."""
        return None

    @property
    def pair_marks(self) -> tuple[int, tuple[int, ...], int]:
        """How many marks are in front of a text, which are between two, how many are behind one."""
        return 0, (), 0

    def encode(self, text: str, *, length: int | None = None) -> np.ndarray:
        """Return the ids of a text, int32 (T,); none of them is `padding_id`.

        Args:
            text: of any length.
            length: ids at most; what is beyond them is cut off.
        """
        ids = self._ids(text.lower() if self.lowercase else text)
        return np.array(ids if length is None else self._cut(ids, length), dtype="int32")

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of ids; padding is left out, unknown ids become "\ufffd".

        Raises:
            ArgumentError: an id that is not below `vocabulary_size`.
        """
        ids = [int(i) for i in ids]
        wrong = [i for i in ids if not 0 <= i < self.vocabulary_size]
        if wrong:
            raise ArgumentError(
                f"This tokenizer has no id {wrong[0]}.",
                expected=f"0 to {self.vocabulary_size - 1}",
                fix="decode ids with the tokenizer that made them",
            )
        return self._text([i for i in ids if i != self.padding_id])

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values, for `load_tokenizer`."""
        return {"kind": self.kind, "lowercase": self.lowercase} | self._state()

    @property
    @abc.abstractmethod
    def vocabulary_size(self) -> int:
        """Ids that there are, padding and unknown included."""

    def _cut(self, ids: list[int], length: int) -> list[int]:
        return ids[:length]

    @abc.abstractmethod
    def _ids(self, text: str) -> list[int]: ...

    @abc.abstractmethod
    def _text(self, ids: Sequence[int]) -> str: ...

    @abc.abstractmethod
    def _state(self) -> dict[str, Any]: ...


def checked_unicode(text: str) -> str:
    """Return a text, or raise DataError where it holds half a character (a lone surrogate)."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise DataError(
            f"A text is not valid Unicode at character {error.start}: {text[:40]!r}.",
            expected="text that was read with the right encoding",
            fix="write the file as UTF-8, or state its encoding",
        ) from error
    return text
