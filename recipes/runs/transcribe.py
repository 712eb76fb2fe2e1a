"""Transcribe recordings with published weights: half a minute after the other, with times."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, final

import numpy as np

from recipes.runs.base import TrainedModel
from recipes.runs.inputs import Input, Item, items_of
from zoo.errors import ArgumentError, DataError, ZooError, unknown_name

if TYPE_CHECKING:
    from zoo.decoding.transcription import Decoding, Stretch
    from zoo.decoding.voice_activity import VoiceActivity

TASK = "speech_to_text"
VOICES = "silero_vad_16k.silero"
_MARKS = 8  # before a transcript, at most


@dataclass(frozen=True)
class Listening:
    """How recordings are transcribed.

    Attributes:
        language: code of what is spoken, such as "en"; None finds it in the first window.
        vad: hear only where Silero's network (`silero_vad_16k.silero`) finds speech.
        beam: texts that are searched side by side at temperature 0; 1 takes the likeliest token at each
            place.
        temperature: decode at this temperature alone, [0, 1]; None starts at 0 and goes up by 0.2 where
            a text repeats itself or is unsure (2212.04356 §4.5).
        previous_text: give each window the text of those before it.
        seed: of tokens that are drawn, at temperatures above 0.
    """

    language: str | None = None
    vad: bool = False
    beam: int = 1
    temperature: float | None = None
    previous_text: bool = False
    seed: int = 1

    def decoding(self) -> "Decoding":
        """Return beams and temperatures.

        Raises:
            ArgumentError: one of them is out of range.
        """
        from zoo.decoding.transcription import TEMPERATURES, Decoding

        if not isinstance(self.seed, int) or self.seed < 0:
            raise ArgumentError(
                f"seed={self.seed!r} is not a seed.", expected="0 or more", fix="give an integer"
            )
        only = self.temperature
        return Decoding(self.beam, TEMPERATURES if only is None else (float(only),))


def transcribe_each(
    run: TrainedModel,
    inputs: Sequence[Input],
    *,
    listening: Listening = Listening(),
    column: str | None = None,
    keep_going: bool = False,
    tta: int = 0,
    calibrated: bool | float = False,
) -> Iterator[dict[str, Any]]:
    """Yield the transcript of one recording after the other.

    A recording is read in windows of half a minute. Each begins where the last stretch of speech of
    the one before it ended (2212.04356 §3.8), so that a recording of any length takes the same memory.

    Args:
        run: of published weights of the task speech_to_text.
        inputs: paths of files, folders, patterns or tables that name files, or float32 (samples,) at
            16 kHz.
        listening: language, search, temperatures.
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
        ArgumentError: `tta` or `calibrated` is given, or a value of `listening` is out of range.
    """
    if tta or calibrated is not False:
        raise ArgumentError(
            f"{run.name} transcribes speech: there is no --tta and no --calibrated.",
            fix="leave them (tta=, calibrated=) out; zoo.transcribe(temperature=) has a temperature",
        )
    scribe = Transcriber(run, listening)
    scribe.check()
    items = recordings(run, inputs, column=column)
    for item in items:
        if item.error is not None and not keep_going:
            raise item.error
    for item in items:
        told, error = {**item.source, "task": run.task.name}, item.error
        if error is None:
            try:
                with _opened(item.values["audio"], scribe.column.sample_rate_hz) as sound:
                    yield told | {"predictions": [scribe.transcript(sound)]}
                continue
            except ZooError as raised:
                if not keep_going:
                    raise
                error = raised
        yield told | {"predictions": [], "error": error.to_dict()}


def recordings(
    run: TrainedModel, inputs: Sequence[Input], *, column: str | None = None
) -> list[Item]:
    """Return the recordings that inputs stand for; arguments as of `transcribe_each`."""
    columns = {"audio": run.assets.x["audio"]}
    return items_of(_listed(inputs), columns, model=run.name, column=column)


class Transcriber:
    """The compiled model of a run, with its tokenizer.

    Args:
        run, listening: as `transcribe_each` takes them.

    Raises:
        ArgumentError: a value of `listening` is out of range.
    """

    def __init__(self, run: TrainedModel, listening: Listening = Listening()):
        from zoo.decoding.encoder_decoder import Writer
        from zoo.decoding.signs import Signs
        from zoo.decoding.transcription import CONTEXT, LONGEST

        self.listening, self.decoding = listening, listening.decoding()
        self.column, self.tokenizer = run.assets.x["audio"], run.assets.x["ids"].loaded
        self.signs = Signs.of(self.tokenizer)
        length = CONTEXT if listening.previous_text else _MARKS + LONGEST
        self.writer = Writer(run.model, length=length)
        self.voice = _voice_activity(self.column) if listening.vad else None

    def check(self) -> None:
        """Raise UnknownNameError for a language that the model does not know."""
        language, known = self.listening.language, sorted(self.signs.languages)
        if language is not None and language not in known:
            fix = "give one of these codes, or leave --language (language=) out"
            raise unknown_name("language", language, known, fix=fix)

    def transcript(self, sound: "Sound") -> dict[str, Any]:
        """Return text, language, seconds and stretches of a recording."""
        from zoo.decoding.voice_activity import Part

        rate, length = self.column.sample_rate_hz, self.column.samples
        place, end, told = 0, 0.0, []
        windows = _Windows(self, self.listening.language)
        # The tenth of a second behind the last word is not looked at again.
        while len(piece := sound.piece(place, length)) > (rate // 10 if place else 0):
            end = (place + len(piece)) / rate
            part = self.voice.part(piece) if self.voice else Part(0, len(piece), length)
            heard, after = [], part.next
            if part.begin < part.end:
                audio = piece[part.begin : part.end]
                heard, seconds = windows.heard(audio, place)
                if seconds < len(audio) / rate:  # it did not finish what it heard
                    after = part.begin + round(seconds * rate)
            begin, limit = ((place + sample) / rate for sample in (part.begin, part.end))
            for one, text in heard:
                start, stop = (round(min(begin + s, limit), 2) for s in (one.start, one.end))
                told.append({"start": start, "end": stop, "text": text})
            place += max(1, after)
        text = " ".join(one["text"] for one in told if one["text"])
        found = {"text": text, "language": windows.language, "seconds": round(end, 2)}
        return found | {"stretches": told}


@final
class _Windows:
    """What goes from one window of a recording to the next: its language, and the text so far."""

    def __init__(self, scribe: Transcriber, language: str | None):
        self.scribe, self.language = scribe, language
        self.previous: list[int] = []

    def heard(self, audio: np.ndarray, place: int) -> tuple[list[tuple["Stretch", str]], float]:
        """Return the stretches of a window with their texts, and the seconds heard.

        Args:
            audio: float32 (samples,), half a minute at most.
            place: of the window in the recording, which with the seed decides what is drawn.
        """
        from zoo.decoding.transcription import FORGETFUL, as_previous, hear, stretches

        scribe, column = self.scribe, self.scribe.column
        heard = hear(
            scribe.writer,
            np.pad(audio, (0, column.samples - len(audio))),
            scribe.signs,
            language=self.language,
            times=True,
            decoding=scribe.decoding,
            previous=self.previous,
            text_of=lambda ids: scribe.tokenizer.decode(ids).strip(),
            seed=(scribe.listening.seed, place),
        )
        self.language = heard.language
        whole = column.samples / column.sample_rate_hz
        found, after = ([], whole) if heard.is_silent else stretches(heard, scribe.signs)
        if scribe.listening.previous_text:
            self.previous += as_previous(found, scribe.signs)
        if heard.temperature >= FORGETFUL:  # it may be wrong, and would lead the next astray
            self.previous = []
        return [(one, scribe.tokenizer.decode(one.ids).strip()) for one in found], after


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
