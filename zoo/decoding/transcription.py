"""Transcribe half a minute of sound with Whisper, with or without times (2212.04356 §4.5).

A window is decoded at one temperature after the other until its text passes: greedily or by beam search
at 0, drawn at those above. The rules of times are those of the authors' code: a stretch of speech is
between two of them, and they never go back.
"""

import zlib
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np

from zoo.decoding.encoder_decoder import Rule, Writer, Writing, beam_search, log_probabilities
from zoo.decoding.sampling import next_ids
from zoo.decoding.signs import SECONDS_PER_TIME, Signs
from zoo.errors import ArgumentError

WINDOW_SECONDS = 30.0
LATEST_START_SECONDS = 1.0  # of the first stretch
LONGEST = 224  # ids of a window, half of the context
CONTEXT = 2 * LONGEST
TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
# A window is silent if the first is passed, and the mean log probability is below the second.
NO_SPEECH_PROBABILITY, UNSURE = 0.6, -1.0
REPETITIVE = 2.4  # compression ratio of a text that says the same again and again
FORGETFUL = 0.5  # temperature from which a text is not given to the next window
MOST_BEAMS = 64
_BLOCK = 64  # previous text is padded to a multiple of it, so that few shapes are compiled


@dataclass(frozen=True)
class Decoding:
    """How windows are decoded.

    Attributes:
        beam: texts that are searched side by side at temperature 0; 1 is greedy.
        temperatures: tried one after the other, until a text passes.

    Raises:
        ArgumentError: a value is out of range, or beams and temperatures exclude each other.

    >>> Decoding(beam=5, temperatures=(0.0,))
    Decoding(beam=5, temperatures=(0.0,))
    """

    beam: int = 1
    temperatures: tuple[float, ...] = TEMPERATURES

    def __post_init__(self):
        is_count = isinstance(self.beam, int) and not isinstance(self.beam, bool)
        if not is_count or not 1 <= self.beam <= MOST_BEAMS:
            raise ArgumentError(
                f"beam={self.beam!r} is not a number of beams.",
                expected=f"1 (greedy) to {MOST_BEAMS}",
                fix="5 is usual",
            )
        if not all(0 <= one <= 1 for one in self.temperatures):
            raise ArgumentError(
                f"A recording cannot be transcribed at the temperature {self.temperatures[0]!r}.",
                expected=f"0 to 1; none given tries {', '.join(map(str, TEMPERATURES))}",
                fix="give 0 for the likeliest text alone, or leave --temperature (temperature=) out",
            )
        if self.beam > 1 and 0 not in self.temperatures:
            raise ArgumentError(
                f"There is no beam search at the temperature {self.temperatures[0]}: ids are drawn.",
                fix="leave one of --beam and --temperature (beam=, temperature=) out",
            )


LIKELIEST = Decoding(temperatures=(0.0,))  # greedy, without a second try


@dataclass(frozen=True)
class Heard:
    """What was heard in a window.

    Attributes:
        ids: of text and times, without marks.
        language: code.
        no_speech: probability that nobody speaks.
        log_probability: mean of the ids', the end's included, in nats.
        temperature: at which it was written.
    """

    ids: np.ndarray
    language: str
    no_speech: float
    log_probability: float
    temperature: float = 0.0

    @property
    def is_silent(self) -> bool:
        """Whether nobody speaks: likely, and the text is unsure."""
        return self.no_speech > NO_SPEECH_PROBABILITY and self.log_probability < UNSURE

    def passes(self, text: str) -> bool:
        """Whether the window, whose text is given, needs no higher temperature."""
        sure = self.log_probability >= UNSURE and compression_ratio(text) <= REPETITIVE
        return sure or self.is_silent


def compression_ratio(text: str) -> float:
    """Return how many times as long a text is as what zlib makes of it.

    >>> [round(compression_ratio(text), 1) for text in ("go to the shop", "go on " * 20)]
    [0.7, 7.1]
    """
    whole = text.encode()
    return len(whole) / len(zlib.compress(whole))


@dataclass(frozen=True)
class Stretch:
    """A stretch of speech: ids of its text, and its start and end in seconds of the window."""

    ids: tuple[int, ...]
    start: float
    end: float


def hear(
    writer: Writer,
    audio: np.ndarray,
    signs: Signs,
    *,
    language: str | None,
    times: bool,
    decoding: Decoding = LIKELIEST,
    previous: Sequence[int] = (),
    text_of: Callable[[Sequence[int]], str] | None = None,
    seed: int | Sequence[int] = 1,
) -> Heard:
    """Transcribe a window.

    Args:
        writer: of a Whisper.
        audio: float32 (samples,), silence behind it up to the length that the model takes.
        signs: of the tokenizer.
        language: code; None takes the likeliest.
        times: write when each stretch begins and ends.
        decoding: beams and temperatures.
        previous: ids of the windows before, of which the last 223 are given to the model.
        text_of: from ids of text to the text, in which repetitions are looked for; None does without.
        seed: of draws.
    """
    writing = writer.begin(audio[None])
    first = _introduced(writer, writing, signs, previous)  # (V,)
    no_speech = float(np.exp(log_probabilities(first)[signs.no_speech]))
    if language is None:
        codes = list(signs.languages)
        language = codes[int(np.argmax(first[list(signs.languages.values())]))]
    prompt = [signs.languages[language], signs.transcribe] + [signs.no_times] * (not times)
    logits = writer.write(writing, np.array([prompt]))[0, -1]
    rule = partial(_allowed, signs=signs, times=times)
    generator = np.random.default_rng(seed)
    how = {
        "end": signs.end,
        "rule": rule,
        "longest": min(LONGEST, writer.length - writing.position),
    }
    for temperature in decoding.temperatures:
        if temperature == 0 and decoding.beam > 1:
            (found,) = beam_search(writer, copy(writing), logits[None], beam=decoding.beam, **how)
            best = found[0]
            ids, total = list(best.ids), best.log_probability
        else:
            draw = {"temperature": temperature, "generator": generator}
            ids, total = _drawn(writer, copy(writing), logits, **draw, **how)
        mean = total / (len(ids) + 1)
        heard = Heard(np.array(ids, "int32"), language, no_speech, mean, temperature)
        if heard.passes(text_of([one for one in ids if one < signs.end]) if text_of else ""):
            break
    return heard


def _introduced(
    writer: Writer, writing: Writing, signs: Signs, previous: Sequence[int]
) -> np.ndarray:
    """Give previous text, if there is any, and the start; return the logits (V,) after it."""
    ids = [signs.previous, *previous[-(LONGEST - 1) :]] if len(previous) else []
    ids.append(signs.start)
    padding = -len(ids) % _BLOCK if len(previous) else 0
    logits = writer.write(writing, np.array([ids + [signs.end] * padding]))[0, len(ids) - 1]
    writing.position = len(ids)  # what comes next takes the places of the padding
    return logits


def _drawn(
    writer: Writer,
    writing: Writing,
    logits: np.ndarray,
    *,
    end: int,
    rule: Rule,
    longest: int,
    temperature: float,
    generator: np.random.Generator,
) -> tuple[list[int], float]:
    """Return ids that are drawn one after the other, the likeliest at 0, and their log probability."""
    ids: list[int] = []
    total = 0.0
    how = {"temperature": temperature, "top_k": None, "top_p": None, "generator": generator}
    while True:
        allowed = rule(logits, ids)
        chosen = int(next_ids(allowed[None], **how)[0])
        total += float(log_probabilities(allowed)[chosen])
        if chosen == end or len(ids) == longest:
            return ids, total
        ids.append(chosen)
        logits = writer.write(writing, np.array([[chosen]]))[0, 0]


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
    if said:  # a stretch may begin where the last one ended; one that ends has some length
        logits[first : said[-1] + (not (after_time and not after_end))] = -np.inf
    if np.logaddexp.reduce(logits[first:]) > logits[:first].max():
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


def as_previous(found: Sequence[Stretch], signs: Signs) -> list[int]:
    """Return the ids of stretches with their times, as the next window is given them."""
    ids: list[int] = []
    for one in found:
        start, end = (signs.first_time + round(t / SECONDS_PER_TIME) for t in (one.start, one.end))
        ids += [start, *one.ids, end]
    return ids


def _seconds(mark: int, first: int) -> float:
    return round((mark - first) * SECONDS_PER_TIME, 2)
