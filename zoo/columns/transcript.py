"""Transcripts: the words of a recording, as a target."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, final

import numpy as np

from zoo.columns.base import Column, Parts, Spec
from zoo.errors import DataError
from zoo.tokenizers import PADDING_ID, Tokenizer, load_tokenizer

SIGNS = "signs"  # part that holds the text itself


@final
@dataclass(frozen=True)
class Transcript(Column):
    """Strings; encoded, ids int32 (L,) of a tokenizer and code points int32 (N,), both padded with 0.

    A model learns the ids. It is scored against the code points, since ids do not say what an unknown
    word was.

    Args:
        tokenizer: values of `Tokenizer.to_dict`.

    >>> from zoo.tokenizers import fit_tokenizer
    >>> words = fit_tokenizer("word", ["go on"], vocabulary_size=9)
    >>> Transcript(words.to_dict()).encode("go on")[""].tolist()
    [2, 3]
    """

    kind: ClassVar[str] = "transcript"
    word: ClassVar[str] = "transcripts"

    tokenizer: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def loaded(self) -> Tokenizer:
        """The fitted tokenizer."""
        return load_tokenizer(self.tokenizer)

    @property
    def value_shape(self) -> tuple[int | None, ...]:
        return ()

    def specs(self) -> dict[str, Spec]:
        return {
            "": Spec((None,), "int32", padding=PADDING_ID),
            SIGNS: Spec((None,), "int32", padding=PADDING_ID),
        }

    def encode(self, value: Any) -> Parts:
        if not isinstance(value, str) or not value.strip():
            raise DataError(
                f"{value!r:.80} is not a transcript.",
                expected="a string with at least one word",
                fix="leave the recording out",
            )
        return {"": self.loaded.encode(value), SIGNS: np.array([*map(ord, value)], "int32")}


def text_of(signs: np.ndarray) -> str:
    """Return the text of code points (N,); those of 0 are padding.

    >>> text_of(np.array([103, 111, 0]))
    'go'
    """
    return "".join(map(chr, signs[signs != PADDING_ID].tolist()))
