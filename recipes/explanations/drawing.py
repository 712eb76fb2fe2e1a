"""Pictures of explanations: heat over an image or a sound, coloured tokens."""

import html

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure

from recipes.explanations.explanation import Explanation
from recipes.report.theme import FIRST, INK, MUTED, PAPER, SECOND, plain, style, to_png

AGAINST_FOR = LinearSegmentedColormap.from_list("against_for", [FIRST, PAPER, SECOND])
FRAMES = 50  # columns of heat over a waveform


def heat_over_image(pixels: np.ndarray, found: Explanation) -> bytes:
    """Return a PNG of an image, and beside it the heat over the image in gray.

    Orange speaks for the class, blue against it; the colour is full at the 99th percentile.

    Args:
        pixels: (H, W, C), 0–255.
        found: its map is (H, W).
    """
    gray = pixels.mean(axis=-1) / 255
    heat = scaled(found.attribution)
    strength = np.abs(heat)[..., None]  # of the colour
    colours = np.where(heat[..., None] > 0, to_rgb(SECOND), to_rgb(FIRST))
    over = (1 - strength) * (0.35 + 0.65 * gray[..., None]) + strength * colours
    image = np.repeat(gray[..., None], 3, axis=-1) if pixels.shape[-1] == 1 else pixels / 255
    with style():
        figure = Figure(figsize=(7, 3.9), layout="constrained")
        figure.suptitle(_title(found), fontsize=10, color=INK, x=0.01, ha="left")
        for axes, shown in zip(figure.subplots(1, 2), (image, over), strict=True):
            axes.imshow(np.clip(shown, 0, 1), interpolation="nearest")
            axes.set_axis_off()
        figure.supxlabel(_legend(), fontsize=8, color=MUTED)
        return to_png(figure)


def heat_over_sound(
    audio: np.ndarray, found: Explanation, piece: slice, *, sample_rate_hz: int
) -> bytes:
    """Return a PNG of a waveform with heat behind it, and of its log-mel features with the heat over.

    Args:
        audio: (S,).
        found: its map is (S,), (frames,) or (frames, bands).
        piece: samples that are framed, which matter most.
        sample_rate_hz: of the audio.
    """
    seconds = len(audio) / sample_rate_hz
    extent = (0, seconds, 0, 1)
    bands = found.attribution[..., None] if found.attribution.ndim == 1 else found.attribution
    in_time = scaled(_columns(bands.sum(axis=1)))[None]
    with style():
        figure = Figure(figsize=(8, 5), layout="constrained")
        figure.suptitle(_title(found), fontsize=10, color=INK, x=0.01, ha="left")
        wave, mel = figure.subplots(2, 1, sharex=True)
        heat = {"aspect": "auto", "cmap": AGAINST_FOR, "vmin": -1, "vmax": 1, "origin": "lower"}
        peak = max(0.1, float(np.abs(audio).max(initial=0.0)))
        wave.imshow(in_time, extent=(0, seconds, -peak, peak), alpha=0.75, **heat)
        wave.plot(np.arange(len(audio)) / sample_rate_hz, audio, color=INK, linewidth=0.5)
        wave.set(xlim=(0, seconds), ylim=(-peak, peak), ylabel="waveform")
        for edge in (piece.start, piece.stop):
            wave.axvline(edge / sample_rate_hz, color=INK, linewidth=1, linestyle=":")
        features = _log_mel(audio, sample_rate_hz)
        mel.imshow(features.T, extent=extent, aspect="auto", cmap="gray", origin="lower")
        over = in_time if bands.shape[1] == 1 else scaled(bands).T
        mel.imshow(over, extent=extent, alpha=0.75 * np.abs(over), **heat)
        mel.set(xlabel="seconds", ylabel="log-mel bands", yticks=[])
        plain(wave, grid="")
        figure.supxlabel(
            f"{_legend()}; dotted: the piece that mattered most", fontsize=8, color=MUTED
        )
        return to_png(figure)


def coloured_tokens(found: Explanation) -> str:
    """Return an HTML page with the tokens of a text on their colours; each shows its number."""
    heat = scaled(found.attribution, percentile=100)
    words = []
    for word, number, strength in zip(found.tokens, found.attribution, heat, strict=True):
        red, green, blue = (round(255 * part) for part in AGAINST_FOR((strength + 1) / 2)[:3])
        colour = f"background:rgb({red},{green},{blue})"
        words.append(f'<span style="{colour}" title="{number:+.4g}">{html.escape(word)}</span>')
    title = html.escape(_title(found))
    return (
        f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{title}</title>\n'
        "<style>body{font:16px/2 system-ui,sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem;"
        f"color:{INK};background:{PAPER}}}span{{padding:.15em .3em;border-radius:.2em}}"
        f"p.key{{color:{MUTED};font-size:13px}}</style>\n"
        f"<p><strong>{title}</strong></p>\n<p>{' '.join(words)}</p>\n"
        f'<p class="key">{_legend()}</p></html>\n'
    )


def token_colours(found: Explanation) -> list[tuple[str, str]]:
    """Return each token with a style of `rich`: its background, and black letters on it."""
    heat = scaled(found.attribution, percentile=100)
    styles = []
    for word, strength in zip(found.tokens, heat, strict=True):
        red, green, blue = (round(255 * part) for part in AGAINST_FOR((strength + 1) / 2)[:3])
        styles.append((word, f"black on rgb({red},{green},{blue})"))
    return styles


def _title(found: Explanation) -> str:
    words = found.method.replace("_", " ")
    if found.baseline is None:
        return f"{found.label}: logit {found.score:.3g} ({words})"
    against = f"{found.baseline_score:.3g} for the baseline {found.baseline}"
    return f"{found.label}: logit {found.score:.3g}, {against} ({words})"


def _legend() -> str:
    return "orange speaks for the class, blue against it"


def scaled(attribution: np.ndarray, *, percentile: float = 99) -> np.ndarray:
    """Return numbers in [-1, 1]; 0 stays 0."""
    largest = np.percentile(np.abs(attribution), percentile) or np.abs(attribution).max()
    return np.clip(attribution / largest, -1, 1) if largest else np.zeros_like(attribution)


def _columns(numbers: np.ndarray) -> np.ndarray:
    """Return sums over equal stretches: single samples would be thinner than a pixel."""
    if len(numbers) <= FRAMES:
        return numbers
    starts = np.arange(FRAMES) * len(numbers) // FRAMES
    return np.add.reduceat(numbers, starts)


def _log_mel(audio: np.ndarray, sample_rate_hz: int) -> np.ndarray:
    """Return log-mel features (frames, bands) for the eye, whatever the model takes."""
    from zoo.layers.log_mel import LogMel

    return np.asarray(LogMel(sample_rate_hz, num_mels=40)(audio[None]))[0]
