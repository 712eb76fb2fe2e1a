"""Where there is speech in a piece of a recording, by the probabilities of Silero's network."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import keras
import numpy as np
from keras import ops

from zoo.decoding.compiled import compiled

CHUNK = 512  # samples of 16 kHz for each probability
START, STOP = 0.5, 0.35  # speech begins at the first probability, and goes on down to the second
SHORTEST_SILENCE = 16  # chunks, half a second: shorter ones are within speech
AROUND = 6  # chunks that are kept before and behind speech, 0.2 seconds


@dataclass(frozen=True)
class Part:
    """What of a piece is to be heard, in samples from its beginning.

    Attributes:
        begin, end: of the part; equal where nobody speaks.
        next: where the next piece begins.
    """

    begin: int
    end: int
    next: int


@final
class VoiceActivity:
    """The compiled network, which hears each piece by itself.

    Args:
        model: from waveforms (B, samples) to features, "speech" (B, samples / 512, 1) among them.
    """

    def __init__(self, model: keras.Model):
        self._features, self._samples = compiled(model), model.input_shape[1]

    def part(self, piece: np.ndarray) -> Part:
        """Return what is to be heard of a piece, float32 (samples,); a shorter one is the last."""
        padded = np.pad(piece, (0, self._samples - len(piece)))
        speech = ops.convert_to_numpy(self._features(padded[None])["speech"])[0, :, 0]
        count = -(-len(piece) // CHUNK)
        return part_of(speech[:count], samples=len(piece), goes_on=len(piece) == self._samples)


def spans(speech: Sequence[float]) -> list[tuple[int, int]]:
    """Return where speech begins and ends, in chunks, from the probability of each.

    >>> spans([0.1, 0.9, 0.4, 0.9, 0.1])
    [(1, 4)]
    """
    found: list[tuple[int, int]] = []
    begin, end = None, 0
    for place, probability in enumerate(speech):
        if probability >= (START if begin is None else STOP):
            begin, end = place if begin is None else begin, place + 1
        elif begin is not None and place + 1 - end >= SHORTEST_SILENCE:
            found.append((begin, end))
            begin = None
    return found if begin is None else [*found, (begin, end)]


def part_of(speech: Sequence[float], *, samples: int, goes_on: bool) -> Part:
    """Return what is to be heard of a piece, cut in silence where it can be.

    Args:
        speech: probability of each chunk.
        samples: of the piece.
        goes_on: more follows, so that speech at the end may be cut off.

    >>> part_of([0.0] * 40, samples=40 * 512, goes_on=True)
    Part(begin=20480, end=20480, next=20480)
    """
    found, count = spans(speech), len(speech)
    if not found:
        return Part(samples, samples, samples)
    begin, end, after = max(0, found[0][0] - AROUND), min(count, found[-1][1] + AROUND), count
    if goes_on and count - found[-1][1] < SHORTEST_SILENCE:  # speech that may not have ended
        if len(found) > 1:
            end = after = found[-2][1] + AROUND
        elif begin:
            end = after = begin  # nothing yet: it is heard from its beginning
        else:
            end = after = count  # no silence to cut in
    return Part(*(min(samples, chunk * CHUNK) for chunk in (begin, end, after)))
