"""Transcripts on the terminal, and as files of subtitles."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, final

from zoo.cli.output import console
from zoo.cli.prediction_files import check_new
from zoo.cli.subtitle_forms import SUBTITLES
from zoo.errors import ArgumentError
from zoo.files import write_text


@final
@dataclass(frozen=True)
class Subtitles:
    """The options of `zoo predict` for transcripts.

    Attributes:
        srt, vtt: files to write.
        asked: values of `recipes.runs.transcribe.Listening` by name; None and False are not asked for.
    """

    srt: Path | None
    vtt: Path | None
    asked: Mapping[str, Any]

    def method(
        self, run: Any, inputs: list[Any], *, column: str | None
    ) -> Callable[..., Iterator[dict[str, Any]]]:
        """Return what gives the results of a run, once the options suit it and the inputs."""
        from recipes.runs.transcribe import TASK, recordings

        if run.task.name != TASK:
            self.refuse(run.name if hasattr(run, "name") else "The model")
            return run.predict_each
        for path in self._files.values():
            check_new(path)
        if self._files:  # now, not after minutes
            self._check_single(len(recordings(run, inputs, column=column)))
        return partial(_transcribed, run, self._given)

    @property
    def _given(self) -> dict[str, Any]:
        return {k: v for k, v in self.asked.items() if v is not None and v is not False}

    @property
    def _files(self) -> dict[str, Path]:
        both = {"srt": self.srt, "vtt": self.vtt}
        return {form: path for form, path in both.items() if path is not None}

    def _check_single(self, count: int) -> None:
        for form in self._files:
            if count != 1:
                raise ArgumentError(
                    f"--{form} is for one recording, and there are {count}.",
                    fix="give one recording, or take --jsonl, which holds the times of all",
                )

    def refuse(self, name: str) -> None:
        """Raise ArgumentError for any of the options, for a model that does not transcribe."""
        asked = [f"--{name.replace('_', '-')}" for name in (*self._files, *self._given)]
        if asked:
            raise ArgumentError(
                f"{name} does not transcribe speech: no {', no '.join(asked)}.",
                expected="a model of speech_to_text, such as whisper_base.openai",
                fix="leave it out, or name such a model",
            )

    def write(self, results: Sequence[dict[str, Any]]) -> None:
        """Write the stretches of the one recording that `method` allows; nothing if it is unreadable."""
        for form, path in self._files.items():
            for result in results:
                if "error" not in result:
                    write_text(path, SUBTITLES[form](result["predictions"][0]["stretches"]))


def _transcribed(
    run: Any,
    given: dict[str, Any],
    inputs: list[Any],
    *,
    batch_size: int,
    top: int | None,
    threshold: float | None,
    calibrated: bool | float,
    **how: Any,
) -> Iterator[dict[str, Any]]:
    """Transcribe; a number as `calibrated` is what --temperature gave."""
    from recipes.runs.listing import Listing
    from recipes.runs.transcribe import Listening, transcribe_each

    Listing(top, threshold).check(run.assets, run.name)
    if not isinstance(calibrated, bool):
        given, calibrated = given | {"temperature": calibrated}, False
    return transcribe_each(run, inputs, listening=Listening(**given), calibrated=calibrated, **how)


def show_transcripts(results: Sequence[dict[str, Any]]) -> None:
    """Print the text of each recording, under its name where there are several."""
    for result in results:
        if len(results) > 1:
            console.print(f"— {result['file']} —", style="bold", soft_wrap=True)
        told = result["error"]["problem"] if "error" in result else result["predictions"][0]["text"]
        console.print(told, soft_wrap=True, markup=False, highlight=False)
