"""How transcripts are decoded: greedily, or by a beam with a language model of the training texts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.decoding.ngram import HIGHEST_ORDER, fit_ngrams, read_arpa
from zoo.decoding.word_scores import Recognized, WordScorer, chosen_weights, recognized
from zoo.errors import ArgumentError
from zoo.metrics.transcripts import edits
from zoo.tokenizers import Tokenizer

LANGUAGE_MODEL, DECODING = "language_model", "decoding"  # keys of `Assets.extra`
MOST_TUNED = 200  # recordings of validation, on which weights are chosen
WIDEST_BEAM = 1000


@dataclass(frozen=True)
class TranscriptDecoding:
    """The settings of decoding.

    Args:
        beam_width: hypotheses that are kept.
        lm_order: words of the n-grams; 0 for no language model.
        lm_weight, word_bonus: as `WordScorer`; None chooses them on validation.

    Raises:
        ArgumentError: a value out of range, or a weight without a language model.
    """

    beam_width: int
    lm_order: int
    lm_weight: float | None
    word_bonus: float | None

    def __post_init__(self) -> None:
        for name, low, high in (("beam_width", 1, WIDEST_BEAM), ("lm_order", 0, HIGHEST_ORDER)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise _out_of_range(name, value, f"a whole number, {low} to {high}")
        for name, low in (("lm_weight", 0.0), ("word_bonus", -np.inf)):
            value = getattr(self, name)
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if value is not None and (not number or not low <= value < np.inf):
                raise _out_of_range(name, value, "a number" + (" from 0 on" if low == 0 else ""))
            if value is not None and not self.lm_order:
                raise _out_of_range(name, value, "null, as lm_order=0 means no language model")

    def fitted(self, texts: Sequence[str]) -> dict[str, Any]:
        """Return what `Assets.extra` holds of a language model of these texts."""
        if not self.lm_order:
            return {}
        return {LANGUAGE_MODEL: fit_ngrams(texts, order=self.lm_order).to_arpa()}

    def decoded(
        self, rows: Sequence[np.ndarray], tokenizer: Tokenizer, extra: Mapping[str, Any]
    ) -> list[Recognized]:
        """Return what is heard in recordings, greedily where no weights are chosen yet.

        Args:
            rows: logits (T, V) of each.
            tokenizer: of the tokens.
            extra: of the assets.
        """
        chosen = extra.get(DECODING)
        if not chosen:
            return [recognized(row, tokenizer) for row in rows]
        weights = {name: chosen[name] for name in ("lm_weight", "word_bonus")}
        scorer = WordScorer(read_arpa(extra[LANGUAGE_MODEL]), tokenizer, **weights)
        width = chosen["beam_width"]
        return [recognized(row, tokenizer, width=width, scorer=scorer) for row in rows]

    def chosen(
        self,
        heard: Sequence[Recognized],
        expected: Sequence[str],
        tokenizer: Tokenizer,
        extra: Mapping[str, Any],
    ) -> dict[str, Any]:
        """Return `extra` with the weights that make the fewest mistakes in words.

        Args:
            heard: of validation.
            expected: its true transcripts.
            tokenizer: of the tokens.
            extra: of the assets.
        """
        weights = (self.lm_weight, self.word_bonus)
        if None in weights:
            few, texts = heard[:MOST_TUNED], expected[:MOST_TUNED]
            found = chosen_weights(
                [one.log_probabilities for one in few],
                lambda answers: float(edits(answers, texts)["word_errors"].sum()),
                read_arpa(extra[LANGUAGE_MODEL]),
                tokenizer,
                width=self.beam_width,
            )
            weights = [b if a is None else a for a, b in zip(weights, found, strict=True)]
        names = ("beam_width", "lm_weight", "word_bonus")
        values = dict(zip(names, (self.beam_width, *weights), strict=True))
        return {**extra, DECODING: values}


def _out_of_range(name: str, value: Any, expected: str) -> ArgumentError:
    return ArgumentError(
        f"{name}={value!r} is out of range.",
        expected=expected,
        fix=f"set task.arguments.{name} within that range, or leave it out",
    )
