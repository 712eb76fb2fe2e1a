"""Sounds: which moments speak for a class; axes S (samples), T (frames), M (mel bands)."""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, final

import numpy as np

from recipes.explanations.explanation import Explanation
from recipes.explanations.subject import Subject, windows
from zoo.columns import Column

if TYPE_CHECKING:
    from recipes.explanations.network import Network

PIECES = 10  # of a clip: few enough for exact Shapley values


@final
class SoundSubject(Subject):
    """A waveform in [-1, 1]."""

    baselines: ClassVar[tuple[str, ...]] = ("silence",)
    positions: ClassVar[tuple[int, ...]] = (2, 3)  # (frames, channels), (frames, bands, channels)
    power: ClassVar[int] = 4

    def __init__(self, network: "Network", encoded: np.ndarray, column: Column):
        super().__init__(network, encoded, column)
        self.point = encoded.astype("float32")  # (S,)

    @property
    def places(self) -> tuple[int, ...]:
        return self.point.shape

    @property
    def cells(self) -> tuple[int, ...]:
        return (min(PIECES, len(self.point)),)

    def baseline(self, name: str) -> np.ndarray:
        return np.zeros_like(self.point)

    def patches(self) -> np.ndarray:
        """Return pieces of a tenth of the clip, half a piece apart."""
        slices = windows(len(self.point), 1 / PIECES)
        found = np.zeros((len(slices), len(self.point)), bool)
        for hidden, piece in zip(found, slices, strict=True):
            hidden[piece] = True
        return found

    def grown(self, coarse: np.ndarray) -> np.ndarray:
        return coarse.astype("float64")

    def strongest(self, found: Explanation) -> slice:
        """Return the tenth of the clip with the largest sum of numbers for the class, in samples."""
        heat = found.attribution
        heat = heat.sum(axis=1) if heat.ndim == 2 else heat  # (T,) or (S,)
        slices = windows(len(self.point), 1 / PIECES)
        edges = np.arange(len(self.point)) * len(heat) // len(self.point)
        share = len(heat) / len(self.point)  # of a frame's number that each of its samples has
        sums = [heat[edges[piece]].sum() * share for piece in slices]
        return slices[int(np.argmax(sums))]

    def write(self, found: Explanation, folder: Path, stem: str) -> list[Path]:
        """Draw the heat over waveform and log-mel, and cut out what mattered: STEM.png, STEM.wav."""
        from recipes.explanations.drawing import heat_over_sound
        from zoo.columns.readers.audio import write_wav
        from zoo.files import write_bytes

        picture, sound = folder / f"{stem}.png", folder / f"{stem}.wav"
        rate, piece = self.column.sample_rate_hz, self.strongest(found)
        write_bytes(picture, heat_over_sound(self.point, found, piece, sample_rate_hz=rate))
        write_wav(sound, np.clip(self.point[piece], -1, 1), sample_rate_hz=rate)
        return [picture, sound]
