"""Example images: small copies for the page, grids for files, pictures of sounds."""

import base64
import io
import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from recipes.report.theme import FIRST, INK, MUTED, PAPER, SECOND, short

LARGEST_SIDE = 96  # pixels in the page; keeps the file small

_SIDE_INCHES = 1.25  # of the longer side of an image
_SIDE, _WAVE, _GAP = 192, 60, 4  # pixels: of the picture, of the waveform above, between the two
_QUIET = 0.1  # a clip that peaks below this is drawn as quiet as it is
_WINDOW_MS, _RANGE_DB, _SILENT_DB = 25, 70, -60


def data_uri(image: np.ndarray) -> str:
    """Return a PNG of at most 96 pixels per side as a `data:` address.

    Args:
        image: uint8, (H, W), (H, W, 1) or (H, W, 3).
    """
    picture = Image.fromarray(_drawable(image))
    if max(picture.size) > LARGEST_SIDE:
        picture.thumbnail((LARGEST_SIDE, LARGEST_SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def audio_picture(audio: np.ndarray, *, sample_rate_hz: int) -> np.ndarray:
    """Draw a clip: its waveform, and below it its spectrogram up to half the sample rate.

    The waveform is scaled to the clip's peak, or to 0.1 where the clip is quieter. The spectrogram
    has one 25 ms Hann window per column (so long clips are sampled, not averaged), frequency upwards
    on the mel scale, and is darkest 70 dB below its loudest point (at most: below -60 dBFS).

    Args:
        audio: float (samples,), in [-1, 1].
        sample_rate_hz: of the clip.

    Returns:
        uint8 (192, 192, 3).

    >>> audio_picture(np.sin(np.arange(8000) / 3), sample_rate_hz=8000).shape
    (192, 192, 3)
    """
    audio = np.asarray(audio, dtype="float32")
    picture = np.full((_SIDE, _SIDE, 3), _bytes(to_rgb(PAPER)))
    picture[:_WAVE][_waveform(audio)] = _bytes(to_rgb(FIRST))
    shades = _spectrogram(audio, sample_rate_hz, rows=_SIDE - _WAVE - _GAP)
    picture[_WAVE + _GAP :] = _bytes(colormaps["magma"](shades)[..., :3])
    return picture


def _bytes(colour: object) -> np.ndarray:
    return np.round(255 * np.asarray(colour)).astype("uint8")


def _waveform(audio: np.ndarray) -> np.ndarray:
    """Return where the waveform is drawn, bool (_WAVE, _SIDE): lowest to highest of each column."""
    edges = np.linspace(0, len(audio), _SIDE + 1).astype(int)
    scale = max(_QUIET, np.abs(audio).max(initial=0.0))
    drawn = np.zeros((_WAVE, _SIDE), dtype=bool)
    for column, (start, end) in enumerate(pairwise(edges)):
        values = audio[start : max(end, start + 1)]  # clips of few samples repeat some
        low, high = values.min(initial=0.0), values.max(initial=0.0)
        top, bottom = (round((1 - value / scale) / 2 * (_WAVE - 1)) for value in (high, low))
        drawn[top : bottom + 1, column] = True
    return drawn


def _spectrogram(audio: np.ndarray, sample_rate_hz: int, *, rows: int) -> np.ndarray:
    """Return loudness in 0..1, (rows, _SIDE), the highest frequency first."""
    window = max(64, sample_rate_hz * _WINDOW_MS // 1000)
    padded = np.pad(audio, window // 2 + 1)
    starts = np.linspace(0, len(audio), _SIDE).astype(int)
    hann = np.hanning(window)
    frames = np.stack([padded[start : start + window] for start in starts]) * hann
    power = np.abs(np.fft.rfft(frames / (hann.sum() / 2), n=2 * window)) ** 2  # full scale is 1
    highest_mel = 2595 * np.log10(1 + sample_rate_hz / 2 / 700)  # HTK's scale
    wanted = 700 * (10 ** (np.linspace(highest_mel, 0, rows) / 2595) - 1)  # Hz
    bins = np.linspace(0, sample_rate_hz / 2, window + 1)
    levels = np.stack([np.interp(wanted, bins, row) for row in power])  # (_SIDE, rows)
    decibels = 10 * np.log10(levels + 1e-13)
    return np.clip(1 + (decibels - max(decibels.max(), _SILENT_DB)) / _RANGE_DB, 0, 1).T


def grid(
    images: Sequence[tuple[np.ndarray, str, str]], *, title: str, empty: str, columns: int = 8
) -> Figure:
    """Lay images out in rows, each under two lines of text.

    Args:
        images: (uint8 image, first line, second line).
        title: of the whole.
        empty: what to say where there are no images.
        columns: images in a row.
    """
    rows = max(1, math.ceil(len(images) / columns))
    width, height = 1.45 * columns, 1.75 * rows + 0.5  # inches
    figure = Figure(figsize=(width, height))
    figure.text(0.1 / width, 1 - 0.3 / height, title, fontsize=12, fontweight="bold", color=INK)
    if not images:
        figure.text(0.5, 0.45, empty, ha="center", va="center", fontsize=11, color=MUTED)
        return figure
    axes = figure.add_axes((0, 0, 1, 1))  # one for all, in inches from the upper left
    axes.set(xlim=(0, width), ylim=(height, 0), autoscale_on=False)
    axes.set_axis_off()
    for position, (image, first, second) in enumerate(images):
        row, column = divmod(position, columns)
        left, right, bottom, top = _box(image, 1.45 * column + 0.725, 1.475 + 1.75 * row)
        pixels = _drawable(image)
        colours = {"cmap": "gray" if pixels.ndim == 2 else None, "vmin": 0, "vmax": 255}
        axes.imshow(pixels, extent=(left, right, bottom, top), aspect="auto", **colours)
        above = ((left + right) / 2, top)
        how = {"textcoords": "offset points", "ha": "center", "annotation_clip": False}
        axes.annotate(short(first, 16), above, (0, 14), va="baseline", fontsize=8, color=INK, **how)
        if second:
            axes.annotate(
                short(second, 20), above, (0, 3), va="bottom", fontsize=7, color=SECOND, **how
            )
    return figure


def _box(image: np.ndarray, x: float, y: float) -> tuple[float, float, float, float]:
    """Return left, right, bottom and top, in inches, of an image whose middle is at a point."""
    height, width = np.asarray(image).shape[:2]
    scale = _SIDE_INCHES / max(height, width) / 2
    return x - scale * width, x + scale * width, y + scale * height, y - scale * height


def _drawable(image: np.ndarray) -> np.ndarray:
    image = np.asarray(image, dtype="uint8")
    return image[..., 0] if image.ndim == 3 and image.shape[-1] == 1 else image
