"""Sounds: which moments speak for a class; axes S (samples), T (frames), M (mel bands)."""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, final

import numpy as np

from recipes.explanations.explanation import Explanation, Scores
from recipes.explanations.subject import LOG_MEL, Subject, reaching, windows
from zoo.columns import Column

if TYPE_CHECKING:
    from recipes.explanations.network import Network

PIECES = 10  # of a clip: few enough for exact Shapley values
REMOVED = 20  # pieces that deletion removes one after another
WAVEFORM_POWER = 4  # of `integrated_gradients`: networks of waveforms bend most next to silence


@final
class SoundSubject(Subject):
    """A waveform in [-1, 1].

    Its places are samples, which masks silence. Gradients are taken at the log-mel features where the
    model begins with them: next to silence, the logarithm and a normalization of clips make the logit
    jump, so that no sum of gradients with respect to samples adds up.
    """

    baselines: ClassVar[tuple[str, ...]] = ("silence",)
    positions: ClassVar[tuple[int, ...]] = (2, 3)  # (frames, channels), (frames, bands, channels)
    front: ClassVar[str] = LOG_MEL

    def __init__(self, network: "Network", encoded: np.ndarray, column: Column):
        super().__init__(network, encoded, column)
        self.audio = encoded.astype("float32")  # (S,)
        fronted = network.has_front
        self.point = network.fronted(self.audio[None]) if fronted else self.audio  # (T, M) or (S,)
        self.power = 1 if fronted else WAVEFORM_POWER

    @property
    def places(self) -> tuple[int, ...]:
        return self.audio.shape

    @property
    def cells(self) -> tuple[int, ...]:
        return (min(PIECES, len(self.audio)),)

    def baseline(self, name: str) -> np.ndarray:
        """Return silence, or its features."""
        silence = np.zeros_like(self.audio)
        return self.network.fronted(silence[None]) if self.network.has_front else silence

    def masked(self, baseline: str) -> Scores:
        """Return the score of the clip with silence where masks (N, S) are 0."""
        return lambda keep: self.network.input_scores((keep * self.audio).astype("float32"))

    def summed(self, attribution: np.ndarray) -> np.ndarray:
        """Return numbers of samples, or of frames and bands; cepstral coefficients have no place."""
        return attribution.sum(axis=-1) if self._is_cepstral else attribution

    def sized(self, gradient: np.ndarray) -> np.ndarray:
        return np.sqrt((gradient**2).sum(axis=-1)) if self._is_cepstral else np.abs(gradient)

    @property
    def _is_cepstral(self) -> bool:
        front = self.network.compiled.front
        return front is not None and front.get_config()["num_coefficients"] > 0

    def patches(self) -> np.ndarray:
        """Return pieces of a tenth of the clip, half a piece apart."""
        slices = windows(len(self.audio), 1 / PIECES)
        found = np.zeros((len(slices), len(self.audio)), bool)
        for hidden, piece in zip(found, slices, strict=True):
            hidden[piece] = True
        return found

    def removed_parts(self) -> np.ndarray:
        """Return more pieces than exact Shapley values could have."""
        size = len(self.audio)
        return np.arange(size) * min(REMOVED, size) // size

    def by_part(self, attribution: np.ndarray, parts: np.ndarray) -> np.ndarray:
        return np.bincount(parts, weights=self._by_sample(attribution))

    @property
    def input(self) -> np.ndarray:
        return self.audio

    def compared(self, attribution: np.ndarray, baseline: str) -> np.ndarray:
        """Return all numbers: maps of features, of frames and of samples differ in their places."""
        return attribution.ravel()

    def _by_sample(self, heat: np.ndarray) -> np.ndarray:
        """Return numbers of samples, (S,), from those of frames and bands, frames or samples."""
        heat = heat.sum(axis=1) if heat.ndim == 2 else heat  # (T,) or (S,)
        places = np.arange(len(self.audio)) * len(heat) // len(self.audio)
        return heat[places] * (len(heat) / len(self.audio))

    def grown(self, coarse: np.ndarray) -> np.ndarray:
        return coarse.astype("float64")

    def attended(self, rollout: np.ndarray, pooling: str) -> np.ndarray:
        return reaching(rollout, pooling)  # (frames,)

    def strongest(self, found: Explanation) -> slice:
        """Return the tenth of the clip with the largest sum of numbers for the class, in samples."""
        heat = self._by_sample(found.attribution)
        slices = windows(len(self.audio), 1 / PIECES)
        sums = [heat[piece].sum() for piece in slices]
        return slices[int(np.argmax(sums))]

    def write(self, found: Explanation, folder: Path, stem: str) -> list[Path]:
        """Draw the heat over waveform and log-mel, and cut out what mattered: STEM.png, STEM.wav."""
        from recipes.explanations.drawing import heat_over_sound
        from zoo.columns.readers.audio import write_wav
        from zoo.files import write_bytes

        picture, sound = folder / f"{stem}.png", folder / f"{stem}.wav"
        rate, piece = self.column.sample_rate_hz, self.strongest(found)
        write_bytes(picture, heat_over_sound(self.audio, found, piece, sample_rate_hz=rate))
        write_wav(sound, np.clip(self.audio[piece], -1, 1), sample_rate_hz=rate)
        return [picture, sound]
