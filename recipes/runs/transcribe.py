"""Transcribe recordings with published weights: half a minute after the other, with times."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, final

import numpy as np

from recipes.runs.base import TrainedModel
from recipes.runs.inputs import Input, Item, items_of
from zoo.errors import ArgumentError, DataError, ZooError, unknown_name

if TYPE_CHECKING:
    from zoo.decoding.transcription import Stretch
    from zoo.decoding.voice_activity import VoiceActivity

TASK = "speech_to_text"
VOICES = "silero_vad_16k.silero"
_CONTEXT = 8 + 224  # marks before a transcript, and its ids


def transcribe_each(
    run: TrainedModel,
    inputs: Sequence[Input],
    *,
    language: str | None = None,
    vad: bool = False,
    column: str | None = None,
    keep_going: bool = False,
    tta: int = 0,
    calibrated: bool | float = False,
) -> Iterator[dict[str, Any]]:
    """Yield the transcript of one recording after the other.

    A recording is read in windows of half a minute. Each begins where the last stretch of speech of
    the one before it ended (2212.04356 §3.8), so that a recording of any length takes the same memory.
    The likeliest token is taken at each place; nothing of earlier windows is given to later ones.

    Args:
        run: of published weights of the task speech_to_text.
        inputs: paths of files, folders, patterns or tables that name files, or float32 (samples,) at
            16 kHz.
        language: code of what is spoken, such as "en"; None finds it in the first window.
        vad: hear only where Silero's network (`silero_vad_16k.silero`) finds speech.
        column: of a table, that names the files.
        keep_going: a recording that cannot be read becomes a result with "error" instead of raising.
        tta, calibrated: of models that give probabilities; refused here.

    Yields:
        {"file", "task", "predictions": [{"text", "language", "seconds", "stretches"}]}; each stretch
        of speech is {"start", "end", "text"}, in seconds.

    Raises:
        UnknownNameError: the model does not know the language.
        DataError: a recording cannot be read.
        WeightsError: the weights of Silero's network cannot be had.
        ArgumentError: `tta` or `calibrated` is given.
    """
    if tta or calibrated is not False:
        raise ArgumentError(
            f"{run.name} transcribes speech: there is no --tta, --calibrated or --temperature.",
            fix="leave them (tta=, calibrated=) out",
        )
    scribe = Transcriber(run, vad=vad)
    scribe.check(language)
    items = recordings(run, inputs, column=column)
    for item in items:
        if item.error is not None and not keep_going:
            raise item.error
    for item in items:
        told, error = {**item.source, "task": run.task.name}, item.error
        if error is None:
            try:
                with _opened(item.values["audio"], scribe.column.sample_rate_hz) as sound:
                    yield told | {"predictions": [scribe.transcript(sound, language)]}
                continue
            except ZooError as raised:
                if not keep_going:
                    raise
                error = raised
        yield told | {"predictions": [], "error": error.to_dict()}


@final
def recordings(
    run: TrainedModel, inputs: Sequence[Input], *, column: str | None = None
) -> list[Item]:
    """Return the recordings that inputs stand for; arguments as of `transcribe_each`."""
    columns = {"audio": run.assets.x["audio"]}
    return items_of(_listed(inputs), columns, model=run.name, column=column)


class Transcriber:
    """The compiled model of a run, with its tokenizer.

    Args:
        run, vad: as `transcribe_each` takes them.
    """

    def __init__(self, run: TrainedModel, *, vad: bool = False):
        from zoo.decoding.encoder_decoder import Writer
        from zoo.decoding.signs import Signs

        self.column, self.tokenizer = run.assets.x["audio"], run.assets.x["ids"].loaded
        self.signs = Signs.of(self.tokenizer)
        self.writer = Writer(run.model, length=_CONTEXT)
        self.voice = _voice_activity(self.column) if vad else None

    def check(self, language: str | None) -> None:
        """Raise UnknownNameError for a language that the model does not know."""
        known = sorted(self.signs.languages)
        if language is not None and language not in known:
            fix = "give one of these codes, or leave --language (language=) out"
            raise unknown_name("language", language, known, fix=fix)

    def transcript(self, sound: "Sound", language: str | None) -> dict[str, Any]:
        """Return text, language, seconds and stretches of a recording."""
        from zoo.decoding.voice_activity import Part

        rate, length = self.column.sample_rate_hz, self.column.samples
        place, end, told = 0, 0.0, []
        # The tenth of a second behind the last word is not looked at again.
        while len(piece := sound.piece(place, length)) > (rate // 10 if place else 0):
            end = (place + len(piece)) / rate
            part = self.voice.part(piece) if self.voice else Part(0, len(piece), length)
            heard, after = [], part.next
            if part.begin < part.end:
                audio = piece[part.begin : part.end]
                heard, language, seconds = self._heard(audio, language)
                if seconds < len(audio) / rate:  # it did not finish what it heard
                    after = part.begin + round(seconds * rate)
            begin, limit = ((place + sample) / rate for sample in (part.begin, part.end))
            for one, text in heard:
                start, stop = (round(min(begin + s, limit), 2) for s in (one.start, one.end))
                told.append({"start": start, "end": stop, "text": text})
            place += max(1, after)
        text = " ".join(one["text"] for one in told if one["text"])
        seconds = round(end, 2)
        return {"text": text, "language": language, "seconds": seconds, "stretches": told}

    def _heard(
        self, audio: np.ndarray, language: str | None
    ) -> tuple[list[tuple["Stretch", str]], str, float]:
        """Return the stretches of a window with their texts, the language, and the seconds heard."""
        from zoo.decoding.transcription import hear, stretches

        padded = np.pad(audio, (0, self.column.samples - len(audio)))
        heard = hear(self.writer, padded, self.signs, language=language, times=True)
        whole = self.column.samples / self.column.sample_rate_hz
        found, after = ([], whole) if heard.is_silent else stretches(heard, self.signs)
        texts = [(one, self.tokenizer.decode(one.ids).strip()) for one in found]
        return texts, heard.language, after


class Sound(Protocol):
    """What is read piece by piece; `zoo.columns.readers.recording.Recording` documents it."""

    def piece(self, start: int, samples: int) -> np.ndarray:
        """Return samples from `start` on."""


@final
class _Values:
    """A waveform that is in memory, read as a recording is."""

    def __init__(self, values: np.ndarray):
        self.values = values

    def __enter__(self) -> "_Values":
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def piece(self, start: int, samples: int) -> np.ndarray:
        """Return float32 (samples,) at most, from sample `start` on."""
        return self.values[start : start + samples]


def _voice_activity(column: Any) -> "VoiceActivity":
    """Return the network that finds speech in the windows of a column."""
    from zoo.composition import build
    from zoo.decoding.voice_activity import VoiceActivity

    return VoiceActivity(build(VOICES, features_only=True, input_shape=(column.samples,)))


def _opened(value: Any, sample_rate_hz: int) -> AbstractContextManager["Sound"]:
    from zoo.columns.readers.recording import open_recording

    if isinstance(value, str | Path):
        return open_recording(value, sample_rate_hz=sample_rate_hz)
    values = np.asarray(value)
    if values.ndim != 1 or not values.size or not np.issubdtype(values.dtype, np.floating):
        raise DataError(
            f"An array of {values.dtype} and shape {values.shape} is not a recording.",
            expected="finite floats of shape (samples,) in [-1, 1]",
            fix="take one channel and divide 16-bit integers by 32768",
        )
    return _Values(values.astype("float32"))


def _listed(inputs: Any) -> list[Input]:
    return [inputs] if isinstance(inputs, str | Path | Mapping | np.ndarray) else list(inputs)
