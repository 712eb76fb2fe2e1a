"""Corruptions of sounds: another room, microphone, speaker or line.

Values are float32 (N,), in [-1, 1], and come back so; `speed` alone changes N.
"""

from functools import partial

import numpy as np
from scipy import signal

from zoo.columns import Audio
from zoo.transforms.corruptions.base import Corruption

_MU = 255  # of the mu-law (ITU-T G.711)


def _noise(x: np.ndarray, ratio_db: float, generator: np.random.Generator) -> np.ndarray:
    """Add white noise; the signal's power is that of the samples that are not 0."""
    heard = x[x != 0]
    power = float(np.mean(heard.astype("float64") ** 2)) if len(heard) else 0.0
    scale = np.sqrt(power * 10 ** (-ratio_db / 10))
    return _as_sound(x + scale * generator.normal(0, 1, x.shape))


def _reverberation(
    x: np.ndarray, level: tuple[float, float], generator: np.random.Generator, *, rate_hz: int
) -> np.ndarray:
    """Add the echoes of a room: noise that falls by 60 dB within a time.

    Args:
        x: (N,).
        level: seconds of that time, and the ratio of the direct sound to the echoes, in dB.
        generator: of the echoes.
        rate_hz: of the samples.
    """
    seconds, ratio_db = level
    count = max(int(seconds * rate_hz), 1)
    longest = np.arange(count) / rate_hz
    echoes = generator.normal(0, 1, count) * 10 ** (-3 * longest / seconds)
    echoes *= 10 ** (-ratio_db / 20) / np.sqrt(np.sum(echoes**2))
    return _as_sound(x + signal.oaconvolve(x.astype("float64"), echoes)[: len(x)])


def _speed(x: np.ndarray, change: float, generator: np.random.Generator) -> np.ndarray:
    """Play faster or slower, to a random side; pitch goes with it, and nothing is lost."""
    factor = (1 + change) if generator.random() < 0.5 else 1 / (1 + change)
    count = round(len(x) / factor)
    if not count:
        return _as_sound(x)
    return _as_sound(np.interp(np.arange(count) * factor, np.arange(len(x)), x))


def _clipping(x: np.ndarray, share: float, generator: np.random.Generator) -> np.ndarray:
    """Cut off what is beyond a share of the peak."""
    limit = share * float(np.abs(x).max(initial=0.0))
    return _as_sound(np.clip(x, -limit, limit))


def _sample_rate(x: np.ndarray, divisor: int, generator: np.random.Generator) -> np.ndarray:
    """Resample to a part of the rate and back, as a narrow line does."""
    down = signal.resample_poly(x.astype("float64"), 1, divisor)
    return _as_sound(signal.resample_poly(down, divisor, 1)[: len(x)])


def _mu_law(x: np.ndarray, bits: int, generator: np.random.Generator) -> np.ndarray:
    """Quantize in the logarithmic levels of telephones, of which 8 bits are usual."""
    steps = 2**bits - 1
    squeezed = np.sign(x) * np.log1p(_MU * np.abs(np.clip(x, -1, 1))) / np.log1p(_MU)
    kept = np.rint((squeezed + 1) / 2 * steps) / steps * 2 - 1
    return _as_sound(np.sign(kept) * np.expm1(np.abs(kept) * np.log1p(_MU)) / _MU)


def _as_sound(x: np.ndarray) -> np.ndarray:
    return np.clip(x, -1, 1).astype("float32")


def audio_corruptions(column: Audio) -> tuple[Corruption, ...]:
    """Return the corruptions of sounds.

    Args:
        column: gives the sample rate of the values.

    >>> [corruption.name for corruption in audio_corruptions(Audio(8000))][:2]
    ['noise', 'reverberation']
    """
    rate_hz = column.data_rate_hz or column.sample_rate_hz
    echo = partial(_reverberation, rate_hz=rate_hz)
    rooms = ((0.2, 10), (0.4, 6), (0.6, 3), (0.9, 0), (1.3, -3))
    loud, masked = ("noise_probability", 0.8), ("frequency_masks", 2)
    return (
        Corruption("noise", "room", _noise, (20, 15, 10, 5, 0), *loud),
        Corruption("reverberation", "room", echo, rooms, "time_masks", 2),
        Corruption("speed", "speaker", _speed, (0.05, 0.1, 0.15, 0.22, 0.3), "speed_change", 0.1),
        Corruption("clipping", "line", _clipping, (0.5, 0.3, 0.2, 0.1, 0.05), *loud),
        Corruption("sample_rate", "line", _sample_rate, (2, 3, 4, 6, 8), *masked),
        Corruption("mu_law", "line", _mu_law, (8, 6, 5, 4, 3), *loud),
    )
