"""Is it the same person? Recordings compared with those of one who was enrolled."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from recipes.runs.base import TrainedModel
from recipes.runs.inputs import Input, Item
from recipes.runs.predict import Reading, answers, embedder
from recipes.runs.run import load_run
from zoo.errors import ArgumentError, DataError
from zoo.metrics.verification import VERIFIED

TASK, OTHER = "speaker_verification", "speaker_identification"
SILENT = 1e-3  # of full scale, -60 dB: what no sample passes is silence
LEAST_SECONDS = 0.3  # of sound


def same_speaker(
    target: Any,
    *,
    enrol: Sequence[Input] | Input,
    test: Sequence[Input] | Input,
    threshold: float | None = None,
    batch_size: int = 64,
    column: str | None = None,
    keep_going: bool = False,
) -> list[dict[str, Any]]:
    """Tell which recordings are of one person, of whom others are given.

    The score is the cosine between the vector of a recording and the mean vector of those that are
    enrolled. Of a recording that is longer than the model's clips its middle is heard.

    Args:
        target: run, weight or recipe name of the task speaker_verification, or published weights that
            give vectors of voices.
        enrol: recordings of one person, as `zoo.predict` takes inputs.
        test: recordings that are compared, likewise.
        threshold: of the score, -1 to 1; None takes that of equal error on the validation split of the
            run. It was chosen with one recording on each side.
        batch_size, column, keep_going: as `zoo.predict`.

    Returns:
        One {"file", "task", "predictions": [{"same_speaker", "score", "threshold"}]} for each test
        recording. "same_speaker" and "threshold" are None for published weights without a threshold.

    Raises:
        ArgumentError: the model gives no vectors of voices, or the threshold is out of range.
        DataError: a recording cannot be read, is silent or too short.

    >>> zoo.same_speaker("ge2e.resemblyzer", enrol=["ann.wav"], test=["who.wav"])  # doctest: +SKIP
    """
    run = load_run(target)
    _check(run, threshold)
    if threshold is None and VERIFIED in run.assets.extra:
        threshold = run.assets.extra[VERIFIED]["threshold"]
    ear = _Ear(run, batch_size=batch_size, column=column)
    known = [vector for _, vector in ear.vectors(enrol, keep_going=False)]
    if not known:
        raise DataError("No recording is enrolled.", fix="give one or more of one person")
    voice = np.mean(known, axis=0)
    voice /= max(float(np.linalg.norm(voice)), 1e-12)
    found = []
    for item, vector in ear.vectors(test, keep_going=keep_going):
        told = {**item.source, "task": TASK}
        if item.error is not None:
            found.append(told | {"predictions": [], "error": item.error.to_dict()})
            continue
        score = float(vector @ voice)
        same = None if threshold is None else score > threshold
        answer = {"same_speaker": same, "score": round(score, 6), "threshold": threshold}
        found.append(told | {"predictions": [answer]})
    return found


def _check(run: TrainedModel, threshold: float | None) -> None:
    headless = run.task.name == OTHER and not run.assets.classes
    if run.task.name != TASK and not headless:
        raise ArgumentError(
            f"{run.name} does not compare voices: its task is {run.task.name}.",
            expected=f"a run of the task {TASK}, or ge2e.resemblyzer",
            fix="train one, zoo train speech/an4_speakers-xvector, or give that weight's name",
        )
    if threshold is not None and not -1 <= threshold <= 1:
        raise ArgumentError(
            f"threshold={threshold} is not a cosine.", expected="-1 to 1", fix="give another number"
        )


class _Ear:
    """Recordings to vectors of length 1."""

    def __init__(self, run: TrainedModel, **reading: Any):
        self.run, self.reading = run, reading
        ((name, column),) = run.assets.x.items()
        self.name, self.rate = column.source or name, column.sample_rate_hz
        self._network: Any = None

    def vectors(
        self, inputs: Sequence[Input] | Input, *, keep_going: bool
    ) -> Iterator[tuple[Item, Any]]:
        """Yield each recording with its vector (D,), or with an error in its item.

        Raises:
            DataError: one cannot be used, unless `keep_going`.
        """
        given = [inputs] if isinstance(inputs, str | Path | np.ndarray) else list(inputs)
        reading = Reading(keep_going=keep_going, **self.reading)
        yield from answers(self.run, given, reading=reading, decode=self._heard, check=self._check)

    def _heard(self, x: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the vectors of a batch of clips, (B, D)."""
        if self._network is None:
            self._network = embedder(self.run.model, self.run.assets, name=self.run.name)
        found = np.asarray(self._network.predict_on_batch(x), "float64")
        return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)

    def _check(self, item: Item, values: Mapping[str, Any]) -> None:
        """Refuse a recording that is silent or too short."""
        loud = np.flatnonzero(np.abs(values[self.name]) > SILENT)
        seconds = (loud[-1] + 1 - loud[0]) / self.rate if len(loud) else 0.0
        if seconds < LEAST_SECONDS:
            what = f"holds {seconds:.2f} seconds of sound" if seconds else "is silent"
            raise DataError(
                f"{item.file or 'A recording'} {what}.",
                expected=f"{LEAST_SECONDS} seconds of speech or more, louder than -60 dB",
                fix="record it again, or give another one",
            )
