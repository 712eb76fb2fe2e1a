"""Small pictures of heat, for a page with many: one pixel for a pixel of an image, and sounds."""

import numpy as np
from matplotlib.colors import to_rgb

from recipes.explanations.drawing import scaled
from recipes.report.pictures import audio_picture
from recipes.report.theme import FIRST, SECOND

SMALLEST = 96  # pixels of the longer side of a framed image
SHADES = 6  # of gray, and of heat on either side of 0
_SPECTROGRAM = 32  # first row of the spectrogram in every second one of `audio_picture`


def heated_image(pixels: np.ndarray, heat: np.ndarray, frame: tuple | None = None) -> np.ndarray:
    """Return an image in gray under its heat, uint8 (H, W, 3).

    Args:
        pixels: (H, W, C), 0–255.
        heat: (H, W).
        frame: rows and columns that are framed; the picture is enlarged for it.
    """
    gray = 0.35 + 0.65 * pixels.mean(axis=-1)[..., None] / 255
    found = _blended(gray, scaled(heat))
    return found if frame is None else _framed(found, frame)


def heated_sound(
    audio: np.ndarray, heat: np.ndarray, *, sample_rate_hz: int, frame: slice | None = None
) -> np.ndarray:
    """Return waveform and spectrogram of a clip in gray under its heat, uint8 (96, 96, 3).

    Few shades keep the files of a page small.

    Args:
        audio: (S,).
        heat: in time, (T,), or by frames and bands, (T, M), the lowest band first.
        sample_rate_hz: of the audio.
        frame: samples that are framed.
    """
    drawn = audio_picture(audio, sample_rate_hz=sample_rate_hz)[::2, ::2].mean(axis=-1) / 255
    drawn = np.round(drawn[..., None] * SHADES) / SHADES
    size = drawn.shape[0]
    rows = size - _SPECTROGRAM
    over = np.zeros(drawn.shape[:2])
    in_time = heat.sum(axis=1) if heat.ndim == 2 else heat
    over[:_SPECTROGRAM] = scaled(in_time)[_resized(len(heat), size)]
    bands = heat if heat.ndim == 2 else heat[:, None]
    whole = scaled(bands)[:, _resized(bands.shape[1], rows)][_resized(len(heat), size)]
    over[_SPECTROGRAM:] = whole.T[::-1]
    found = _blended(drawn, np.round(over * SHADES) / SHADES)
    for edge in (frame.start, frame.stop - 1) if frame else ():
        found[:, round((size - 1) * edge / max(1, len(audio) - 1))] = 0
    return found


def _blended(gray: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Return gray (H, W, 1), 0–1, under the colours of heat in [-1, 1], uint8 (H, W, 3)."""
    strength = 0.85 * np.abs(heat)[..., None]
    colour = np.where(heat[..., None] > 0, to_rgb(SECOND), to_rgb(FIRST))
    return np.round(255 * np.clip((1 - strength) * gray + strength * colour, 0, 1)).astype("uint8")


def _framed(picture: np.ndarray, frame: tuple[slice, slice]) -> np.ndarray:
    times = max(1, -(-SMALLEST // max(picture.shape[:2])))
    found = picture.repeat(times, axis=0).repeat(times, axis=1)
    (top, bottom), (left, right) = ((part.start * times, part.stop * times) for part in frame)
    width = max(1, max(found.shape[:2]) // SMALLEST)
    inside = found[top + width : bottom - width, left + width : right - width].copy()
    found[top:bottom, left:right] = 255
    found[top + width : bottom - width, left + width : right - width] = inside
    return found


def _resized(size: int, to: int) -> np.ndarray:
    """Return which of `size` places each of `to` places shows."""
    return np.arange(to) * size // to
