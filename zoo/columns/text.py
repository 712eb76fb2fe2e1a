"""Texts: strings in, ids of a tokenizer out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np

from zoo.columns.base import Column, Parts, Spec
from zoo.columns.readers import formats
from zoo.errors import DataError
from zoo.tokenizers import PADDING_ID, Tokenizer, fit_tokenizer, load_tokenizer

if TYPE_CHECKING:
    from zoo.columns.usage import Usage

FILE_LIMIT_BYTES = 10_000_000  # of a file that is one text
SHORTEST_BUCKET = 8  # tokens


@final
@dataclass(frozen=True)
class Text(Column):
    """Strings; encoded, ids int32 (T,) of a tokenizer, padded with 0.

    Args:
        tokenizer: values of `Tokenizer.to_dict`; empty before `fit` and where only ids are held.
        context_length: tokens that a model takes; what a text has beyond them is cut off. 0 for any.
        buckets: lengths that batches are padded to.
        fitting: arguments of `fit_tokenizer`, for `fit`.
        joined: a model joins it with another text. The separator is an id beyond the vocabulary, or
            that of a published tokenizer.

    >>> text = Text(fitting={"kind": "word", "vocabulary_size": 9}).fit(["to be or not to be"])
    >>> text.encode("to be")[""].tolist()
    [3, 2]
    """

    kind: ClassVar[str] = "text"
    word: ClassVar[str] = "texts"
    modality: ClassVar[str] = "text"
    suffixes: ClassVar[tuple[str, ...]] = formats.TEXTS
    example: ClassVar[str] = "Some text."

    tokenizer: Mapping[str, Any] = field(default_factory=dict)
    context_length: int = 0
    buckets: tuple[int, ...] = ()
    fitting: Mapping[str, Any] = field(default_factory=dict)
    joined: bool = False

    @property
    def expected(self) -> str:
        return "texts, or files of text in UTF-8: txt, csv, tsv, jsonl"

    @cached_property
    def loaded(self) -> Tokenizer:
        """The fitted tokenizer."""
        return load_tokenizer(self.tokenizer)

    @property
    def sizes(self) -> dict[str, int]:
        sizes = {"context_length": self.context_length} if self.context_length else {}
        if self.tokenizer:
            own, size = self.loaded.separator_id, self.loaded.vocabulary_size
            sizes["vocabulary_size"] = size + int(self.joined and own is None)
            if self.joined and own is not None:
                sizes["separator_id"] = own
        return sizes

    def cut_to(self, max_tokens: int) -> "Text":
        """Return the column for texts of so many tokens at most."""
        buckets = length_buckets(max_tokens)
        return replace(self, context_length=max_tokens, buckets=buckets)

    def fit(self, values: Iterable[str]) -> "Text":
        """Return the column with a tokenizer that was fitted to texts; absent ones are left out."""
        arguments = dict(self.fitting)
        texts = (text for text in values if text is not None)
        tokenizer = fit_tokenizer(arguments.pop("kind"), texts, **arguments)
        return replace(self, tokenizer=tokenizer.to_dict(), fitting={})

    @property
    def value_shape(self) -> tuple[int | None, ...]:
        return ()

    def specs(self) -> dict[str, Spec]:
        padding = self.loaded.padding_id if self.tokenizer else PADDING_ID
        return {"": Spec((None,), "int32", padding=padding, buckets=tuple(self.buckets))}

    def is_file(self, raw: Any) -> bool:
        """A `Path` names a file, a `str` is a text."""
        return isinstance(raw, Path)

    def read(self, raw: Any) -> str:
        return _read_text(raw) if self.is_file(raw) else raw

    def amount(self, values: Iterable[str | None]) -> tuple[str, float]:
        return "characters", sum(len(value) for value in values if value is not None)

    def length(self, value: str) -> tuple[str, float]:
        """Return the tokens of a text before it is cut off; its characters without a tokenizer."""
        if not self.tokenizer:
            return "characters", len(value)
        return "tokens", len(self.loaded.encode(value))

    def encode(self, value: Any) -> Parts:
        if not isinstance(value, str) or not value.strip():
            raise DataError(
                f"{value!r:.80} is not a text.",
                expected="a string with at least one word",
                fix="leave it out",
            )
        return {"": self.loaded.encode(value, length=self.context_length or None)}

    def is_batch(self, raw: Any) -> bool:
        return isinstance(raw, np.ndarray)

    def random(self, generator: np.random.Generator, count: int) -> Parts:
        length = max(self.buckets, default=32)
        known = self.loaded.vocabulary_size if self.tokenizer else 2
        return {"": generator.integers(1, known, (count, length), "int32")}

    def usage(self, name: str) -> "Usage":
        from zoo.columns.usage import Usage, presence, variable_of

        variable = variable_of(name)
        more, tensors = presence(name, optional=self.optional)
        cut = f", length={self.context_length}" if self.context_length else ""
        return Usage(
            meaning="token ids of the tokenizer in `assets.json`; "
            f"{self.specs()[''].padding} is padding",
            lines=(
                f'tokenizer = load_tokenizer(assets["x"]["{name}"]["tokenizer"])',
                f'{variable} = np.asarray([tokenizer.encode("What is this?"{cut})], "int32")',
                *more,
            ),
            tensors={variable: variable} | tensors,
            imports="from zoo.tokenizers import load_tokenizer",
            package="kerazoo",
            needs="the tokenizer",
            answer="tokenizer.decode([logits[0, -1].argmax()])",
        )


def length_buckets(max_tokens: int) -> tuple[int, ...]:
    """Return the lengths that batches are padded to: 8, 16, 24, 32, 48, 64, 96, … `max_tokens`.

    Few, because each costs a trace of the model; steps of a half at most, because padding costs time.

    >>> length_buckets(40)
    (8, 16, 24, 32, 40)
    """
    edges, edge = [], SHORTEST_BUCKET
    while edge < max_tokens:
        edges += [edge] if edge == SHORTEST_BUCKET else [edge, edge * 3 // 2]
        edge *= 2
    return (*(e for e in edges if e < max_tokens), max_tokens)


def _read_text(path: Path) -> str:
    if path.stat().st_size > FILE_LIMIT_BYTES:
        raise DataError(
            f"{path} is too large for one text: {path.stat().st_size / 1e6:.0f} MB.",
            expected=f"at most {FILE_LIMIT_BYTES / 1e6:.0f} MB",
            fix="cut it into smaller files",
        )
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is not UTF-8 text: byte {error.start} is invalid.",
            expected="text in UTF-8",
            fix="convert it, for example with: iconv -f cp1252 -t utf-8",
        ) from error
