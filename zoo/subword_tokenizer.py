"""Subwords: characters and what byte-pair encoding joins of them; for targets of speech recognition."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self, final

from zoo.errors import DataError
from zoo.tokenizer_base import SPECIAL, UNKNOWN, UNKNOWN_ID, Tokenizer, checked_unicode

SPACE_MARK = "▁"  # of a space in pieces

_UNKNOWN_PIECE = " "  # of no text, where spaces are marks


@final
class SubwordTokenizer(Tokenizer):
    """Characters and what byte-pair encoding joins of them (1508.07909, §3.2); none crosses a space.

    As in SentencePiece (1808.06226), the space before a word is part of it, written "▁", and the
    first word has one too. Exact both ways for characters it knows; "▁" itself becomes a space.

    Args:
        pieces: by id, from `SPECIAL` on; single characters among them.
        merges: "left right", pieces both, the first merged first.
        lowercase: see `Tokenizer`.

    Raises:
        DataError: a merge of parts that are not pieces, or that makes none.

    >>> tokenizer = SubwordTokenizer(["a", "b", "▁", "▁a"], ["▁ a"], lowercase=False)
    >>> tokenizer.encode("a ab").tolist(), tokenizer.decode([5, 3])
    ([5, 5, 3], 'ab')
    """

    kind = "subword"

    def __init__(self, pieces: Sequence[str], merges: Sequence[str], *, lowercase: bool):
        super().__init__(lowercase=lowercase)
        from tokenizers import Tokenizer as Engine
        from tokenizers.models import BPE

        self.pieces, self.merges = tuple(pieces), tuple(merges)
        ids = {piece: i for i, piece in enumerate(self.pieces, start=SPECIAL)}
        pairs = [tuple(merge.split(" ")) for merge in self.merges]
        for pair in pairs:
            if len(pair) != 2 or not {*pair, "".join(pair)} <= ids.keys():
                raise DataError(
                    f"The merge {' '.join(pair)!r} is not of two pieces that make a third.",
                    expected='"left right", with all three among the pieces',
                    fix="load the tokenizer from where it was saved, unchanged",
                )
        unknown = {_UNKNOWN_PIECE: UNKNOWN_ID}
        self._engine = Engine(BPE(vocab=unknown | ids, merges=pairs, unk_token=_UNKNOWN_PIECE))
        self._engine.pre_tokenizer = at_spaces()

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Return the tokenizer of `to_dict`.

        Raises:
            DataError: the values are not those of a tokenizer.
        """
        lists = [state.get(name) for name in ("pieces", "merges")]
        texts = all(isinstance(one, list | tuple) for one in lists)
        texts = texts and all(isinstance(item, str) for one in lists for item in one)
        if not texts or not isinstance(state.get("lowercase"), bool):
            raise DataError(
                f"These values are not those of subwords: {', '.join(map(str, state))}.",
                expected="lowercase, pieces and merges",
                fix="load the tokenizer from where it was saved, unchanged",
            )
        return cls(*lists, lowercase=state["lowercase"])

    @property
    def characters(self) -> frozenset[str]:
        """What it knows of texts."""
        return frozenset(with_spaces(piece) for piece in self.pieces if len(piece) == 1)

    @property
    def vocabulary_size(self) -> int:
        return SPECIAL + len(self.pieces)

    def _ids(self, text: str) -> list[int]:
        return self._engine.encode(with_marks(checked_unicode(text))).ids if text else []

    def _text(self, ids: Sequence[int]) -> str:
        parts = (UNKNOWN if i == UNKNOWN_ID else self.pieces[i - SPECIAL] for i in ids)
        return with_spaces("".join(parts)).removeprefix(" ")

    def _state(self) -> dict[str, Any]:
        return {"pieces": list(self.pieces), "merges": list(self.merges)}


def at_spaces() -> Any:
    """Return what cuts a text up before the marks of spaces."""
    from tokenizers.pre_tokenizers import Metaspace

    return Metaspace(replacement=SPACE_MARK, prepend_scheme="never")


def with_marks(text: str) -> str:
    """Return a text with the mark of a space before each word, the first one too."""
    return SPACE_MARK + text.replace(" ", SPACE_MARK)


def with_spaces(pieces: str) -> str:
    """Return the text of pieces, with spaces in place of their marks."""
    return pieces.replace(SPACE_MARK, " ")


def train_pairs(
    texts: Iterable[str],
    *,
    vocabulary_size: int,
    min_count: int,
    before: Any,
    alphabet: Iterable[str],
) -> tuple[list[str], list[str]]:
    """Return the tokens by id, and the merges, that the tokenizers library learns.

    Args:
        texts: what is learned from.
        vocabulary_size: tokens at most.
        min_count: how often a pair must occur.
        before: cuts texts up first; no merge crosses a cut.
        alphabet: tokens that there are in any case, the first ids.
    """
    import json

    from tokenizers import Tokenizer as Engine
    from tokenizers.models import BPE
    from tokenizers.trainers import BpeTrainer

    engine = Engine(BPE())
    engine.pre_tokenizer = before
    trainer = BpeTrainer(
        vocab_size=vocabulary_size,
        min_frequency=min_count,
        initial_alphabet=list(alphabet),
        show_progress=False,
    )
    engine.train_from_iterator(texts, trainer)
    merges = json.loads(engine.to_str())["model"]["merges"]
    ids = engine.get_vocab()
    return sorted(ids, key=ids.__getitem__), [" ".join(pair) for pair in merges]
