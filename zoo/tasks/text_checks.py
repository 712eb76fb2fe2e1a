"""Requirements on a text for training or scoring a language model.

All unknown characters are encoded as one id. A model that only has to guess that id seems
to predict a text better the less of it it knows, even below the text's entropy.
"""

from collections.abc import Sequence

import numpy as np

from zoo.errors import DataError
from zoo.tokenizers import UNKNOWN_ID, PublishedTokenizer, Tokenizer

LARGEST_SHARE = (
    0.01  # of a text's characters may be unknown: a held-out text has rare ones of its own
)
_SHOWN = 5  # of them, in a message
_BYTE_PAIRS = "task.arguments.tokenizer=bpe, which knows every character"


def check_length(ids: np.ndarray, *, what: str) -> None:
    """Raise DataError where ids (T,) leave nothing to predict; `what` the text is called."""
    if len(ids) < 2:
        raise DataError(
            f"{what} is too short to predict anything in it: {len(ids)} token(s).",
            expected="two tokens or more",
            fix="give more text",
        )


def check_vocabulary(tokenizer: Tokenizer, texts: Sequence[str], *, vocabulary_size: int) -> None:
    """Raise DataError where `vocabulary_size` leaves out too much of the texts of the fit.

    Args:
        tokenizer: fitted to the texts.
        texts: of the train split.
        vocabulary_size: that was asked for.
    """
    if tokenizer.vocabulary_size < vocabulary_size:
        return  # it has all that there is
    text = "".join(texts)
    share, unknown = _unknown(text, tokenizer.encode(text))
    if share > LARGEST_SHARE:
        needed = tokenizer.vocabulary_size + len(unknown)
        raise DataError(
            f"With vocabulary_size={vocabulary_size}, {share:.1%} of the characters of the training "
            f"text are unknown: {_listed(unknown)}.",
            expected=f"at most {LARGEST_SHARE:.0%} unknown characters",
            fix=f"set task.arguments.vocabulary_size={needed} or more, or {_BYTE_PAIRS}",
        )


def check_known(text: str, ids: np.ndarray, tokenizer: Tokenizer, *, what: str) -> None:
    """Raise DataError where more than `LARGEST_SHARE` of the characters of a text are unknown.

    Args:
        text: all of a split.
        ids: of the text, (T,).
        tokenizer: that gave them; the byte pairs of published ones know every character.
        what: the text is called.
    """
    if isinstance(tokenizer, PublishedTokenizer):
        return
    share, unknown = _unknown(text, ids)
    if share > LARGEST_SHARE:
        raise DataError(
            f"The model does not know {share:.1%} of the characters of {what}: {_listed(unknown)}.",
            expected=f"at most {LARGEST_SHARE:.0%} unknown characters",
            fix=f"train a new model with {_BYTE_PAIRS}; a trained model keeps its tokenizer",
        )


def _unknown(text: str, ids: np.ndarray) -> tuple[float, list[str]]:
    """Return the share of unknown characters, and each of them once, as they come in the text."""
    # Byte pairs have no unknown ids; with single characters the place of an id is that of its own.
    places = np.flatnonzero(ids == UNKNOWN_ID)
    return len(places) / max(1, len(ids)), list(dict.fromkeys(text[place] for place in places))


def _listed(characters: Sequence[str]) -> str:
    shown = ", ".join(map(repr, characters[:_SHOWN]))
    more = len(characters) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
