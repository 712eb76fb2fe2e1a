"""Sounds: duration, level, noise floor, pitch and sample rate; log-mel features for the classifier."""

from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np

from recipes.drift.kind import Kind, Measure, joined
from zoo import devices

FLOOR_DB = -100.0
FRAME_SECONDS = 0.025
Sound = tuple[np.ndarray, int]  # float32 (samples,) and its rate in Hz


@final
class Sounds(Kind):
    """Waveforms with their sample rates."""

    word: ClassVar[str] = "sounds"
    measures: ClassVar[tuple[Measure, ...]] = (
        Measure("duration", "s", 2),
        Measure("level", "dB"),
        Measure("level of the quietest tenth", "dB"),
        Measure("spectral centroid", "Hz", 0),
        Measure("sample rate", "Hz", 0),
    )

    def measured(self, values: Sequence[Sound]) -> np.ndarray:
        """Return the duration, the level of all and of quiet frames below full scale, the mean frequency
        by power, and the sample rate."""
        return np.array([_measured(*sound) for sound in values]).reshape(-1, len(self.measures))

    def features(self, values: Sequence[Sound], measured: np.ndarray) -> np.ndarray:
        devices.load_tensorflow()  # quietly, as the mel filters are in a file of Keras layers
        from recipes.baseline.sounds import log_mel

        mels = (log_mel(clip, sample_rate_hz=rate) for clip, rate in values)
        means = np.stack([np.r_[each.mean(axis=0), each.std(axis=0)] for each in mels])
        return joined(measured, means)


def _measured(clip: np.ndarray, rate: int) -> tuple[float, ...]:
    frame = max(1, round(FRAME_SECONDS * rate))
    cut = np.asarray(clip[: len(clip) // frame * frame] if len(clip) >= frame else clip, "float64")
    frames = cut.reshape(-1, frame) if len(cut) >= frame else cut.reshape(1, -1)
    powers = (frames**2).mean(axis=1)
    spectrum = (np.abs(np.fft.rfft(frames, axis=1)) ** 2).mean(axis=0)
    hertz = np.fft.rfftfreq(frames.shape[1], 1 / rate)
    centroid = float(spectrum @ hertz / spectrum.sum()) if spectrum.sum() > 0 else 0.0
    quiet = float(np.quantile(powers, 0.1))
    return len(clip) / rate, _decibels(powers.mean()), _decibels(quiet), centroid, rate


def _decibels(power: float) -> float:
    return float(10 * np.log10(max(power, 10 ** (FLOOR_DB / 10))))
