"""Tokenizers that came with published weights, run by the library `tokenizers`: the same ids as theirs.

Two forms are read: tokenizer.json, and the vocab.txt of BERT's WordPiece. Neither is trusted: size, keys
and kinds of parts are checked before anything is built.
"""

import functools
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, final

from zoo.errors import DataError, ZooError
from zoo.tokenizer_base import Tokenizer, checked_unicode

if TYPE_CHECKING:
    from tokenizers import Tokenizer as Engine

MAX_BYTES = 2**25  # of a file; that of XLM-R, with 250,000 pieces, has 9 MB
MAX_PATTERN = 1000  # characters of a regular expression
_KEYS = frozenset(
    ("version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer",
     "post_processor", "decoder", "model")
)  # fmt: skip
_MODELS = ("WordPiece", "BPE", "Unigram", "WordLevel")
# GPT-2 has no padding; the mark that ends its documents takes the place, as is usual.
_PADDING, _UNKNOWN = ("[PAD]", "<pad>", "<|endoftext|>"), ("[UNK]", "<unk>")
_MARKS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_LONGEST_WORD = 100  # characters; WordPiece takes longer ones for unknown
_FIX = "get the file from the place that published the weights"


@final
class PublishedTokenizer(Tokenizer):
    """The tokenizer of published weights; marks such as [CLS] and [SEP] are put around a text.

    As in the reference, a mark that a text spells out, such as "[SEP]", becomes the id of the mark.

    Args:
        text: of a tokenizer.json. What it says of padding and truncation is not used.

    Raises:
        DataError: it is not a tokenizer, or has no token for padding.

    >>> words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "fine", "##r", "film"]
    >>> tokenizer = PublishedTokenizer(wordpiece(words))
    >>> tokenizer.encode("Finer FILM").tolist(), tokenizer.encode("Finer FILM", length=4).tolist()
    ([2, 5, 6, 7, 3], [2, 5, 6, 3])
    """

    kind = "published"

    def __init__(self, text: str):
        super().__init__(lowercase=False)  # its own normalizer sees to that
        self.json = text
        self._engine = _engine(text)
        self._padding = _id_of(self._engine, _PADDING)
        if self._padding is None:
            raise _unusable("has no token for padding", expected=" or ".join(_PADDING))

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Return the tokenizer of `to_dict`.

        Raises:
            DataError: the values are not those of a tokenizer.
        """
        text = state.get("json")
        if not isinstance(text, str):
            raise _unusable("is not text", expected='the text of a tokenizer.json, as "json"')
        return cls(text)

    @property
    def padding_id(self) -> int:
        return self._padding

    @property
    def unknown_id(self) -> int:
        found = _id_of(self._engine, _UNKNOWN)
        return self._padding if found is None else found

    @property
    def kept_ids(self) -> tuple[int, ...]:
        added = self._engine.get_added_tokens_decoder()
        marks = {i for i, token in added.items() if token.special}
        return tuple(sorted({self._padding, *marks}))

    @property
    def marks(self) -> dict[str, int]:
        """Ids of the tokens that stand for no text, by what they are called."""
        added = self._engine.get_added_tokens_decoder()
        return {token.content: i for i, token in added.items() if token.special}

    def pieces(self, text: str) -> list[int]:
        """Return the ids of a text without marks around it."""
        return self._engine.encode(checked_unicode(text), add_special_tokens=False).ids

    @property
    def separator_id(self) -> int | None:
        return self._suffix[-1] if self._suffix else None

    @property
    def vocabulary_size(self) -> int:
        return self._engine.get_vocab_size()

    @functools.cached_property
    def pair_marks(self) -> tuple[int, tuple[int, ...], int]:
        alone, both = len(self._engine.encode("").ids), self._engine.encode("", "").ids
        behind = len(self._suffix)
        return alone - behind, tuple(both[alone : len(both) - behind]), behind

    @functools.cached_property
    def _suffix(self) -> list[int]:
        """The marks behind a text."""
        marks, some = (self._engine.encode(text).ids for text in ("", "a"))
        count = 0
        while count < len(marks) and marks[-1 - count] == some[-1 - count]:
            count += 1
        return marks[len(marks) - count :]

    def _cut(self, ids: list[int], length: int) -> list[int]:
        if len(ids) <= length:
            return ids
        kept = max(0, length - len(self._suffix))
        return (ids[:kept] + self._suffix)[:length]

    def _ids(self, text: str) -> list[int]:
        return self._engine.encode(checked_unicode(text)).ids

    def _text(self, ids: Sequence[int]) -> str:
        return self._engine.decode(list(ids), skip_special_tokens=True)

    def _state(self) -> dict[str, Any]:
        return {"json": self.json}


def wordpiece(words: Sequence[str], *, lowercase: bool = True) -> str:
    """Return the text of a tokenizer.json for the words of a vocab.txt, as BERT's tokenizer reads them.

    Text is cleaned of control characters, Chinese signs stand alone, accents are stripped with the case.

    Args:
        words: by id; a piece that continues a word begins with "##".
        lowercase: False keeps case and accents.

    Raises:
        DataError: a word comes twice, or a mark of BERT's is missing.
    """
    from tokenizers import Tokenizer as Engine
    from tokenizers import decoders, models, normalizers, pre_tokenizers, processors

    vocabulary = {word: i for i, word in enumerate(words)}
    missing = [mark for mark in _MARKS if mark not in vocabulary]
    if missing or len(vocabulary) < len(words):
        problem = f"has no {', '.join(missing)}" if missing else "has a word twice"
        raise _unusable(problem, expected=f"one word per line, {' '.join(_MARKS)} among them")
    engine = Engine(
        models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=_LONGEST_WORD)
    )
    engine.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    engine.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    engine.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(mark, vocabulary[mark]) for mark in ("[CLS]", "[SEP]")],
    )
    engine.decoder = decoders.WordPiece()
    engine.add_special_tokens(list(_MARKS))
    return engine.to_str()


def _engine(text: str) -> "Engine":
    from tokenizers import Tokenizer as Engine

    _check(text)
    try:
        engine = Engine.from_str(text)
    except Exception as error:
        raise _unusable(f"is not a tokenizer: {error!s:.200}") from error
    engine.no_padding()
    engine.no_truncation()
    return engine


def _check(text: str) -> None:
    """Refuse what is too large, or holds other parts than a tokenizer has."""
    if len(text) > MAX_BYTES:
        raise _unusable(f"has {len(text):,} characters", expected=f"at most {MAX_BYTES:,}")
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _unusable(f"is not JSON: {error!s:.100}") from error
    if not isinstance(values, dict) or not isinstance(values.get("model"), dict):
        raise _unusable("has no model", expected='an object with "model"')
    more = sorted(set(values) - _KEYS)
    if more:
        raise _unusable(f"has unknown parts: {', '.join(more)[:100]}", expected=", ".join(_KEYS))
    kind = values["model"].get("type", "WordPiece" if "unk_token" in values["model"] else None)
    if kind not in _MODELS:
        raise _unusable(f"has a model of the type {kind!r:.50}", expected=", ".join(_MODELS))
    parts = [values.get(key) for key in ("normalizer", "pre_tokenizer", "decoder")]
    longest = max((len(pattern) for part in parts for pattern in _patterns(part)), default=0)
    if longest > MAX_PATTERN:
        raise _unusable(f"has a pattern of {longest:,} characters", expected=f"{MAX_PATTERN:,}")


def _patterns(part: Any) -> list[str]:
    """Return the regular expressions in a part, at any depth."""
    if isinstance(part, dict):
        own = [part["Regex"]] if isinstance(part.get("Regex"), str) else []
        return own + [one for value in part.values() for one in _patterns(value)]
    return [one for value in part for one in _patterns(value)] if isinstance(part, list) else []


def _id_of(engine: "Engine", tokens: Sequence[str]) -> int | None:
    found = (engine.token_to_id(token) for token in tokens)
    return next((i for i in found if i is not None), None)


def _unusable(problem: str, *, expected: str | None = None) -> ZooError:
    return DataError(f"The tokenizer {problem}.", expected=expected, fix=_FIX)
