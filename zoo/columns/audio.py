"""Sounds: waveforms in, clips of one length at the model's rate out."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np

from zoo.columns.base import Column, Parts, Spec, as_json
from zoo.columns.readers import formats
from zoo.errors import DataError

if TYPE_CHECKING:
    from zoo.columns.usage import Usage


@final
@dataclass(frozen=True)
class Audio(Column):
    """Waveforms, float32 (samples,), in [-1, 1], one channel.

    Args:
        sample_rate_hz: of the values that `encode` takes.
        samples: of a clip; None where clips differ.
        data_rate_hz: of the data's values, where that is another; `adapter` resamples them.
        preprocessing: values of `zoo.cards.SoundPreprocessing`: "log_mel", settings of the layer
            before the backbone.
        buckets: samples that batches are padded to, with silence behind, where clips differ.

    >>> Audio(8000, samples=4).encode(np.ones(2, "float32"))[""].tolist()
    [0.0, 1.0, 1.0, 0.0]
    """

    kind: ClassVar[str] = "audio"
    word: ClassVar[str] = "sounds"
    modality: ClassVar[str] = "speech"
    suffixes: ClassVar[tuple[str, ...]] = formats.SOUNDS
    example: ClassVar[str] = "clip.wav"

    sample_rate_hz: int = 0
    samples: int | None = None
    data_rate_hz: int = 0
    preprocessing: Mapping[str, Any] = field(default_factory=dict)
    buckets: tuple[int, ...] = ()

    @property
    def front(self) -> Mapping[str, Any]:
        """Settings of the log-mel layer before the backbone; empty where there is none."""
        return self.preprocessing.get("log_mel", {})

    def preprocessed(self, values: Mapping[str, Any]) -> "Audio":
        return replace(self, preprocessing={**self.preprocessing, **as_json(values)})

    def shaped(self, shape: tuple[int | None, ...]) -> "Audio":
        return replace(self, samples=shape[0])

    def uncut(self) -> "Audio":
        """Return the column for clips that keep their length; `samples` is the largest bucket.

        Batches are padded behind with zeros, which the log-mel layer then tells from sound.
        """
        front = {**self.front, "padded": True}
        return replace(
            self,
            samples=None,
            buckets=clip_buckets(self.samples),
            preprocessing={**self.preprocessing, "log_mel": front},
        )

    def specs(self) -> dict[str, Spec]:
        return {"": Spec((self.samples,), "float32", buckets=tuple(self.buckets))}

    def read(self, raw: Any) -> np.ndarray:
        if not self.is_file(raw) and not isinstance(raw, bytes):
            return raw
        from zoo.columns.readers.audio import read_audio

        return read_audio(raw, sample_rate_hz=self.sample_rate_hz or None)[0]

    def encode(self, value: Any) -> Parts:
        audio = np.asarray(value)
        is_sound = audio.ndim == 1 and audio.size and np.issubdtype(audio.dtype, np.floating)
        if not is_sound or not np.isfinite(audio).all():
            raise DataError(
                f"An array of {audio.dtype} and shape {audio.shape} is not a clip.",
                expected="finite floats of shape (samples,) in [-1, 1]",
                fix="take one channel and divide 16-bit integers by 32768, or leave it out",
            )
        audio = audio.astype("float32")
        return {"": audio if self.samples is None else fit_clip(audio, self.samples)}

    def amount(self, values: Iterable[np.ndarray]) -> tuple[str, float]:
        samples = sum(len(value) for value in values if value is not None)
        return "seconds", round(samples / self.sample_rate_hz, 2)

    def length(self, value: Any) -> tuple[str, float]:
        return "seconds", len(value) / (self.data_rate_hz or self.sample_rate_hz)

    def told(self, value: Any) -> str:
        return f"{len(value) / self.sample_rate_hz:.2f} s"

    def adapter(self) -> Callable[[Any], Any] | None:
        if self.data_rate_hz in (0, self.sample_rate_hz):
            return None
        return partial(resampled, to_hz=self.sample_rate_hz, from_hz=self.data_rate_hz)

    def from_other(self, column: Column) -> Callable[[Any], Any] | None:
        own = self.data_rate_hz or self.sample_rate_hz
        other = getattr(column, "sample_rate_hz", 0)
        return None if other in (0, own) else partial(resampled, to_hz=own, from_hz=other)

    def for_data(self, column: Column) -> "Audio":
        super().for_data(column)
        return replace(self, data_rate_hz=column.sample_rate_hz)

    def random(self, generator: np.random.Generator, count: int) -> Parts:
        shape = (count, self.sample_rate_hz if self.samples is None else self.samples)
        return {"": generator.normal(0, 0.1, shape).astype("float32")}

    def usage(self, name: str) -> "Usage":
        from zoo.columns.usage import Usage, presence, variable_of

        variable, samples, rate = variable_of(name), self.samples, self.sample_rate_hz
        more, tensors = presence(name, optional=self.optional)
        file = self.example if name == self.kind else f"{variable}.wav"
        front = "; the log-mel front end is inside" if self.front else ""
        fitted = (
            f"missing = max(0, {samples} - len(clip))  # silence around, or the middle of it",
            "clip = np.pad(clip, (missing // 2, missing - missing // 2))",
            f"start = (len(clip) - {samples}) // 2",
            f"{variable} = clip[None, start : start + {samples}]",
        )
        return Usage(
            meaning=f"a waveform in [-1, 1], one channel at {rate} Hz{front}",
            lines=(
                f'clip, _ = soundfile.read("{file}", dtype="float32")  # one channel at {rate} Hz',
                *((f"{variable} = clip[None]",) if samples is None else fitted),
                *more,
            ),
            tensors={variable: variable} | tensors,
            imports="import soundfile",
            package="soundfile",
        )


def fit_clip(audio: np.ndarray, samples: int) -> np.ndarray:
    """Return the middle of a longer clip (N,), or a shorter one amid silence: (samples,).

    >>> fit_clip(np.array([1.0, 2.0, 3.0]), 5).tolist()
    [0.0, 1.0, 2.0, 3.0, 0.0]
    """
    before = (len(audio) - samples) // 2
    if before >= 0:
        return audio[before : before + samples]
    missing = samples - len(audio)
    return np.pad(audio, (missing // 2, missing - missing // 2))


def voice_piece(audio: np.ndarray, samples: int, *, seed: int | None) -> np.ndarray:
    """Return a piece of a recording (N,), which is repeated until it is long enough.

    Args:
        audio: one sample or more.
        samples: of the piece.
        seed: of where it begins; None takes the middle.

    >>> voice_piece(np.arange(9.0), 3, seed=None).tolist()
    [3.0, 4.0, 5.0]
    >>> voice_piece(np.array([1.0, 2.0]), 5, seed=None).tolist()
    [1.0, 2.0, 1.0, 2.0, 1.0]
    """
    if len(audio) < samples:
        return np.resize(audio, samples)
    spare = len(audio) - samples
    start = spare // 2 if seed is None else np.random.default_rng(seed).integers(spare + 1)
    return audio[start : start + samples]


def clip_buckets(samples: int, *, shortest: int = 8000) -> tuple[int, ...]:
    """Return the lengths that recordings are padded to, up to `samples`, each a fourth longer.

    >>> clip_buckets(20_000)
    (8000, 10000, 12500, 15625, 19531, 20000)
    """
    edges = [min(shortest, samples)]
    while edges[-1] < samples:
        edges.append(min(int(edges[-1] * 1.25), samples))
    return tuple(edges)


def resampled(audio: np.ndarray, *, to_hz: int, from_hz: int) -> np.ndarray:
    """Return a waveform at another rate, by polyphase filtering."""
    from scipy.signal import resample_poly

    return resample_poly(audio, to_hz, from_hz).astype("float32")
