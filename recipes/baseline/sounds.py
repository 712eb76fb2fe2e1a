"""A simple model of sounds: logistic regression on the mean and deviation of log-mel features."""

from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from recipes.baseline.shallow import Shallow
from zoo.columns import Column
from zoo.columns.audio import fit_clip
from zoo.data.dataset import Split
from zoo.layers.log_mel import mel_filters

MOST_EXAMPLES = 5_000
MOST_SECONDS = 10  # of a clip, its middle
WINDOW_SECONDS, HOP_SECONDS = 0.025, 0.010
FREQUENCIES_HZ = 16  # between two frequencies at most, so that each mel bin holds one
NUM_MELS, LOW_HZ, LOG_FLOOR = 40, 20.0, 1e-6
STRENGTHS = (1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0)
ITERATIONS = 300


def values_of(split: Split, column: Column, name: str, places: Sequence[int]) -> np.ndarray:
    """Return mean and deviation over time of each mel bin, float32 (N, 80).

    Arguments as in `recipes.baseline.images.values_of`.

    Raises:
        DataError: a file can no longer be read, or is not a clip.
    """
    clips = (column.encode(split[int(i)][name])[""] for i in places)
    found = [log_mel(clip, sample_rate_hz=column.sample_rate_hz) for clip in clips]
    return np.stack([np.r_[each.mean(axis=0), each.std(axis=0)] for each in found]).astype(
        "float32"
    )


def most_examples(split: Split, column: Column, name: str) -> int:
    """Return how many examples of train are read."""
    return MOST_EXAMPLES


def models_for(values: np.ndarray) -> tuple[Shallow, ...]:
    """Return the simple model for sounds."""
    regression = Shallow(
        "logistic regression on log-mel",
        "log-mel",
        transformer=StandardScaler,
        classifier=lambda strength: LogisticRegression(C=strength, max_iter=ITERATIONS),
        strengths=STRENGTHS,
        features=values.shape[1],
    )
    return (regression,)


def log_mel(clip: np.ndarray, *, sample_rate_hz: int) -> np.ndarray:
    """Return the features of `zoo.layers.log_mel.LogMel` without normalization, (T, 40).

    Args:
        clip: float32 (samples,); silence follows one that is shorter than a window.
        sample_rate_hz: of the clip.
    """
    window, hop = (round(seconds * sample_rate_hz) for seconds in (WINDOW_SECONDS, HOP_SECONDS))
    fft_size = 2 ** (max(window, sample_rate_hz // FREQUENCIES_HZ) - 1).bit_length()
    clip = fit_clip(clip, min(len(clip), MOST_SECONDS * sample_rate_hz))
    clip = np.pad(clip, (0, max(0, window - len(clip))))
    frames = np.lib.stride_tricks.sliding_window_view(clip, window)[::hop]  # (T, window)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    power = np.abs(np.fft.rfft(frames * hann, fft_size)) ** 2
    filters = mel_filters(
        NUM_MELS, fft_size, sample_rate_hz, low_hz=LOW_HZ, high_hz=sample_rate_hz / 2, scale="htk"
    )
    return np.log(np.maximum(power @ filters, LOG_FLOOR))
