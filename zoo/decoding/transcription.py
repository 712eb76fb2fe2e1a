"""Transcribe half a minute of sound with Whisper: greedy, with or without times (2212.04356 §4.5).

The rules of times are those of the authors' code: a stretch of speech is between two of them, and they
never go back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from zoo.decoding.encoder_decoder import Writer
from zoo.decoding.signs import SECONDS_PER_TIME, Signs

WINDOW_SECONDS = 30.0
LATEST_START_SECONDS = 1.0  # of the first stretch
LONGEST = 224  # ids of a window, half of the context
NO_SPEECH_PROBABILITY, UNSURE = (
    0.6,
    -1.0,
)  # a window is silent if the first is passed, the other not


@dataclass(frozen=True)
class Heard:
    """What was heard in a window.

    Attributes:
        ids: of text and times, without marks.
        language: code.
        no_speech: probability that nobody speaks.
        log_probability: mean of the ids', the end's included, in nats.
    """

    ids: np.ndarray
    language: str
    no_speech: float
    log_probability: float

    @property
    def is_silent(self) -> bool:
        """Whether nobody speaks: likely, and the text is unsure."""
        return self.no_speech > NO_SPEECH_PROBABILITY and self.log_probability < UNSURE


@dataclass(frozen=True)
class Stretch:
    """A stretch of speech: ids of its text, and its start and end in seconds of the window."""

    ids: tuple[int, ...]
    start: float
    end: float


def hear(
    writer: Writer, audio: np.ndarray, signs: Signs, *, language: str | None, times: bool
) -> Heard:
    """Transcribe a window.

    Args:
        writer: of a Whisper.
        audio: float32 (samples,), silence behind it up to the length that the model takes.
        signs: of the tokenizer.
        language: code; None takes the likeliest.
        times: write when each stretch begins and ends.
    """
    writing = writer.begin(audio[None])
    first = writer.write(writing, np.array([[signs.start]]))[0, 0]  # (V,)
    no_speech = float(np.exp(first - _log_sum(first))[signs.no_speech])
    if language is None:
        codes = list(signs.languages)
        language = codes[int(np.argmax(first[list(signs.languages.values())]))]
    prompt = [signs.languages[language], signs.transcribe] + [signs.no_times] * (not times)
    logits = writer.write(writing, np.array([prompt]))[0, -1]
    ids: list[int] = []
    total, room = 0.0, min(LONGEST, writer.length - writing.position)
    while True:
        allowed = _allowed(logits, ids, signs, times=times)
        chosen = int(allowed.argmax())
        total += float(allowed[chosen] - _log_sum(allowed))
        if chosen == signs.end or len(ids) == room:
            break
        ids.append(chosen)
        logits = writer.write(writing, np.array([[chosen]]))[0, 0]
    return Heard(np.array(ids, "int32"), language, no_speech, total / (len(ids) + 1))


def _allowed(logits: np.ndarray, ids: Sequence[int], signs: Signs, *, times: bool) -> np.ndarray:
    """Return logits (V,) in which what may not follow is -inf."""
    logits, first = np.array(logits, "float64"), signs.first_time
    logits[list(signs.suppressed)] = -np.inf
    if not ids:
        logits[[signs.blank, signs.end]] = -np.inf
    if not times:
        logits[first:] = -np.inf
        return logits
    if not ids:
        logits[:first] = -np.inf
        logits[first + round(LATEST_START_SECONDS / SECONDS_PER_TIME) + 1 :] = -np.inf
        return logits
    after_time = ids[-1] >= first
    after_end = after_time and (len(ids) < 2 or ids[-2] >= first)
    if after_end:
        logits[first:] = -np.inf  # a stretch has begun: text follows
    elif after_time:
        logits[: signs.end] = -np.inf  # a stretch has ended: the next one begins, or all ends
    said = [one for one in ids if one >= first]
    if (
        said
    ):  # a stretch that begins may do so where the last one ended; one that ends has some length
        logits[first : said[-1] + (not (after_time and not after_end))] = -np.inf
    if _log_sum(logits[first:]) > logits[:first].max():
        logits[:first] = -np.inf
    return logits


def stretches(heard: Heard, signs: Signs) -> tuple[list[Stretch], float]:
    """Return the stretches of a window with times, and the seconds after which the next one begins.

    What follows the last whole stretch is left to the next window.
    """
    found: list[Stretch] = []
    ids, first = [int(one) for one in heard.ids], signs.first_time
    marks = [place for place, one in enumerate(ids) if one >= first]
    for a, b in pairwise(marks):
        text = tuple(ids[a + 1 : b])
        if text:
            found.append(Stretch(text, _seconds(ids[a], first), _seconds(ids[b], first)))
    rest = tuple(ids[marks[-1] + 1 :]) if marks else tuple(ids)
    ended_twice = len(marks) > 1 and marks[-1] == marks[-2] + 1 and not rest
    if (rest and found) or ended_twice:  # it goes on in the next window
        return found, found[-1].end if found else WINDOW_SECONDS
    if rest:
        start = _seconds(ids[marks[-1]], first) if marks else 0.0
        found.append(Stretch(rest, start, WINDOW_SECONDS))
    return found, WINDOW_SECONDS


def _seconds(mark: int, first: int) -> float:
    return round((mark - first) * SECONDS_PER_TIME, 2)


def _log_sum(logits: np.ndarray) -> Any:
    top = logits.max()
    return top + np.log(np.exp(logits - top).sum()) if np.isfinite(top) else top
