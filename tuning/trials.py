"""The table of trials, from which everything else of a study is rebuilt."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from zoo.errors import RunError
from zoo.files import write_text

TABLE, SHEET, FOLDER = "trials.jsonl", "trials.csv", "trials"
_SIZE_LIMIT_BYTES = 50_000_000


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One training run of a study.

    Attributes:
        number: from 1; the first is the recipe as it is.
        status: "running", "completed" or "failed".
        values: of the searched fields, by path.
        drawn: the oracle's proposal, with its own notes; empty for the first.
        epochs: planned length, counted from its first epoch.
        goes_on_from: the number of the trial whose training it continues, or None.
        value: the validation metric of the weights that it keeps; None unless completed.
        loss: the validation loss of that epoch, None where the task has none.
        epoch: which epoch's weights are kept.
        seconds: of training and setup, with those of `goes_on_from`.
        message: why it failed, or that it stopped early.
    """

    number: int
    status: str = "running"
    values: Mapping[str, Any]
    drawn: Mapping[str, Any] = field(default_factory=dict)
    epochs: int
    goes_on_from: int | None = None
    value: float | None = None
    loss: float | None = None
    epoch: int = 0
    seconds: float = 0.0
    message: str = ""

    @property
    def completed(self) -> bool:
        """Whether it ended with a finite validation metric."""
        return self.status == "completed"


def folder_of(study: Path, number: int) -> Path:
    """Return the run folder of a trial."""
    return study / FOLDER / f"{number:03d}"


def write_trials(study: Path, trials: Sequence[Trial]) -> None:
    """Write the table, and the same as CSV for spreadsheets, each whole or not at all."""
    lines = [json.dumps(asdict(trial), allow_nan=False) for trial in trials]
    write_text(study / TABLE, "".join(f"{line}\n" for line in lines))
    buffer = io.StringIO()
    plain = [f.name for f in fields(Trial) if f.name not in ("values", "drawn")]
    paths = list(dict.fromkeys(path for trial in trials for path in trial.values))
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([*plain, *paths])
    for trial in trials:
        shown = [getattr(trial, name) for name in plain]
        writer.writerow([*shown, *(_cell(trial.values.get(path)) for path in paths)])
    write_text(study / SHEET, buffer.getvalue())


def read_trials(study: Path) -> list[Trial]:
    """Read the table back; empty where no trial was begun.

    Raises:
        RunError: the table was changed or cut by something else.
    """
    path = study / TABLE
    if not path.exists():
        return []
    try:
        if path.stat().st_size > _SIZE_LIMIT_BYTES:
            raise ValueError("it is too large")
        lines = path.read_text(encoding="utf-8").splitlines()
        trials = [Trial(**json.loads(line)) for line in lines]
        if [trial.number for trial in trials] != list(range(1, len(trials) + 1)):
            raise ValueError("its trials are not numbered from 1 on")
    except (OSError, ValueError, TypeError) as error:
        raise RunError(
            f"{path} cannot be read: {error}",
            expected="the table as `zoo tune` wrote it",
            fix="restore it, or start another study",
        ) from error
    return trials


def best_trial(trials: Iterable[Trial], *, mode: str) -> Trial | None:
    """Return the trial with the best metric; of equals, the one with the lower loss, then the earliest.

    Ties are common: a validation split of 200 examples has only 201 possible accuracies.

    Args:
        trials: of a study.
        mode: "max" or "min".
    """
    sign = -1 if mode == "max" else 1
    done = [trial for trial in trials if trial.completed]
    return min(
        done,
        key=lambda trial: (
            sign * trial.value,
            float("inf") if trial.loss is None else trial.loss,
            trial.number,
        ),
        default=None,
    )


def _cell(value: Any) -> Any:
    return value if isinstance(value, str | int | float | None) else json.dumps(value)
