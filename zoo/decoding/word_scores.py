"""Transcripts of what a network heard, with a word n-gram model and the choice of how much it counts.

A hypothesis has the score log p(heard) + lm_weight · log p(words) + word_bonus · words (Hannun et al.
2014, 1408.2873, eq. 2).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from zoo.decoding.ctc import best_path, prefix_beam
from zoo.decoding.ngram import BEGIN, END, NgramModel
from zoo.tokenizer_base import UNKNOWN, UNKNOWN_ID
from zoo.tokenizers import Tokenizer

WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)  # of the language model, that are tried
BONUSES = (-1.0, 0.0, 1.0, 2.0, 3.0)  # for each word
FIRST_BONUS = 1.0


@dataclass(frozen=True)
class _State:
    score: float
    history: tuple[str, ...]
    letters: str = ""  # of a word that has not ended


class WordScorer:
    """Scores words as they end; a `zoo.decoding.ctc.Scorer`.

    Args:
        model: of words.
        tokenizer: of characters or subwords, spaces among them, or of words.
        lm_weight: that the model's log-probabilities are multiplied by, >= 0.
        word_bonus: for each word.
    """

    def __init__(
        self, model: NgramModel, tokenizer: Tokenizer, *, lm_weight: float, word_bonus: float
    ):
        self.model, self.lm_weight, self.word_bonus = model, lm_weight, word_bonus
        self.by_word = tokenizer.kind == "word"
        # What each token adds behind another one, a space where it begins a word.
        others = range(tokenizer.vocabulary_size)
        self.texts = [tokenizer.decode([UNKNOWN_ID, i]).removeprefix(UNKNOWN) for i in others]

    def begun(self) -> _State:
        """Return the state of a hypothesis without tokens."""
        return _State(0.0, (BEGIN,))

    def extended(self, state: _State, token: int) -> _State:
        """Return the state after one more token."""
        letters, *words = self.texts[token].split(" ")
        state = _State(state.score, state.history, state.letters + letters)
        for word in words:
            ended = self._ended(state)
            state = _State(ended.score, ended.history, word)
        return self._ended(state) if self.by_word else state

    def score(self, state: _State) -> float:
        """Return the score of the words that have ended."""
        return state.score

    def final_score(self, state: _State) -> float:
        """Return the score with the last word and the end of the sentence."""
        state = self._ended(state)
        return state.score + self.lm_weight * self.model.log_probability(state.history, END)

    def _ended(self, state: _State) -> _State:
        if not state.letters:
            return state
        told = self.model.log_probability(state.history, state.letters)
        history = (*state.history, state.letters)[-max(1, self.model.order - 1) :]
        return _State(state.score + self.lm_weight * told + self.word_bonus, history)


@dataclass(frozen=True)
class Recognized:
    """What was heard in one recording.

    Attributes:
        text: the transcript.
        greedy: that of the most likely token of each frame.
        log_probabilities: of tokens by frame, float32 (T, V), without padding.
    """

    text: str
    greedy: str
    log_probabilities: np.ndarray


def recognized(
    logits: np.ndarray,
    tokenizer: Tokenizer,
    *,
    width: int = 1,
    scorer: WordScorer | None = None,
) -> Recognized:
    """Return what is heard in one recording.

    Args:
        logits: (T, V), without padding.
        tokenizer: of the tokens.
        width: of the beam.
        scorer: adds what a language model says; None decodes greedily.
    """
    logits = np.asarray(logits, "float64")
    heard = logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)
    greedy = " ".join(tokenizer.decode(best_path(heard)).split())
    text = transcript(heard, tokenizer, width=width, scorer=scorer) if scorer else greedy
    return Recognized(text, greedy, heard.astype("float32"))


def transcript(
    log_probabilities: np.ndarray, tokenizer: Tokenizer, *, width: int, scorer: WordScorer
) -> str:
    """Return the text of the best hypothesis of one recording, (T, V)."""
    best = prefix_beam(log_probabilities, width=width, scorer=scorer)[0][0]
    return " ".join(tokenizer.decode(best).split())


def chosen_weights(
    heard: Sequence[np.ndarray],
    errors: Callable[[list[str]], float],
    model: NgramModel,
    tokenizer: Tokenizer,
    *,
    width: int,
) -> tuple[float, float]:
    """Return the weight of a language model and the bonus of a word with the fewest errors.

    First the weight is chosen, then the bonus, then the weight again; ties go to the first tried.

    Args:
        heard: log-probabilities (T, V) of recordings.
        errors: of their transcripts, in their order.
        model, tokenizer: as `WordScorer`.
        width: of the beam.
    """
    tried: dict[tuple[float, float], float] = {}

    def tell(weight: float, bonus: float) -> float:
        if (weight, bonus) not in tried:
            scorer = WordScorer(model, tokenizer, lm_weight=weight, word_bonus=bonus)
            how = {"width": width, "scorer": scorer}
            tried[weight, bonus] = errors([transcript(one, tokenizer, **how) for one in heard])
        return tried[weight, bonus]

    weight = min(WEIGHTS, key=lambda value: tell(value, FIRST_BONUS))
    bonus = min(BONUSES, key=lambda value: tell(weight, value))
    min(WEIGHTS, key=lambda value: tell(value, bonus))
    return min(tried, key=lambda pair: tried[pair])
