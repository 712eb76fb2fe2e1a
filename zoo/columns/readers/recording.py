"""A long recording read piece by piece, so that its length takes no memory."""

import contextlib
import math
import os
from collections.abc import Iterator
from typing import final

import numpy as np
import soundfile

from zoo.columns.readers.audio import (
    check_sample_rate,
    cut_short,
    opened,
    promises_more,
    sound_rate,
)
from zoo.errors import ArgumentError, DataError

_BLOCK_SECONDS = 10
_AGAIN_SECONDS = 2  # read twice at the beginning of a block
_MARGIN_SECONDS = 0.1  # around a piece, for the filter that changes the rate
_LOUDEST = 8.0


@final
class Recording:
    """The sound of a file at another rate, one channel; pieces are read forwards.

    Args:
        stream: of the file.
        label: what error messages call it.
        sample_rate_hz: of the pieces.
    """

    def __init__(self, stream: soundfile.SoundFile, label: str, sample_rate_hz: int):
        self.label, self.sample_rate_hz = label, sample_rate_hz
        self._stream, self._rate = stream, sound_rate(stream, label)
        self._kept = np.zeros(0, "float32")  # from sample `_start` of the file on
        self._start, self._ended = 0, False

    def piece(self, start: int, samples: int) -> np.ndarray:
        """Return float32 (samples,) at most, in [-1, 1], from sample `start` on; fewer at the end.

        Args:
            start: not before that of the last piece, at the rate of the pieces.
            samples: how many.

        Raises:
            DataError: the file is damaged or cut short, or not scaled to [-1, 1].
            ArgumentError: what lies there is no longer kept.
        """
        common = math.gcd(self._rate, self.sample_rate_hz)
        theirs, ours = self._rate // common, self.sample_rate_hz // common  # one lasts as the other
        margin = math.ceil(_MARGIN_SECONDS * common) if ours != theirs else 0
        # Where both rates have a sample, so that the filter meets the samples of the whole file.
        first = max(0, start // ours - margin)
        last = -(-(start + samples) // ours) + margin
        if first * theirs < self._start:
            raise ArgumentError(f"Sample {start} of {self.label} was read and let go.")
        self._read_to(last * theirs, keep_from=first * theirs)
        found = self._kept[: last * theirs - self._start]
        if ours != theirs:
            from scipy.signal import resample_poly

            found = np.clip(resample_poly(found, ours, theirs), -1, 1).astype("float32")
        skipped = start - first * ours
        return found[skipped : skipped + samples]

    def _read_to(self, last: int, *, keep_from: int) -> None:
        blocks, have = [self._kept], self._start + len(self._kept)
        while have < last and not self._ended:
            blocks.append(self._block(have))
            have += len(blocks[-1])
        self._kept, self._start = np.concatenate(blocks)[keep_from - self._start :], keep_from

    def _block(self, place: int) -> np.ndarray:
        """Return what comes from sample `place` of the file on, which was read up to there."""
        again = 0
        if self._stream.format == "MP3":  # between two reads its decoder loses what it heard before
            again = min(place, _AGAIN_SECONDS * self._rate)
        count = again + _BLOCK_SECONDS * self._rate
        try:
            if again:
                self._stream.seek(place - again)
            channels = self._stream.read(count, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            raise cut_short(self.label, str(error)) from error
        self._ended = len(channels) < count
        block = channels[again:].mean(axis=1)  # (samples,)
        peak = np.abs(block).max(initial=0)
        if not peak <= _LOUDEST:  # NaN is not
            raise DataError(
                f"{self.label} holds values up to {peak:g}.",
                expected="samples in [-1, 1]",
                fix="scale it (16-bit values by 1/32768), or write it as 16-bit PCM",
            )
        return np.clip(block, -1, 1)


@contextlib.contextmanager
def open_recording(source: str | os.PathLike, *, sample_rate_hz: int) -> Iterator[Recording]:
    """Open a file of any length in the formats of `zoo.columns.readers.audio.read_audio`.

    Raises:
        DataError: no such file, empty, no audio, or without samples.
        ArgumentError: no such sample rate.

    >>> with open_recording("talk.mp3", sample_rate_hz=16_000) as sound:  # doctest: +SKIP
    ...     first = sound.piece(0, 480_000)
    """
    check_sample_rate(sample_rate_hz)
    label = os.fspath(source)
    with opened(source, label) as stream:
        if promises_more(source):
            raise cut_short(label, "it ends before its header says")
        yield Recording(stream, label, sample_rate_hz)
