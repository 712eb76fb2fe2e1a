"""The progress display of a study."""

import csv
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, final

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from tuning.trials import Trial
from zoo.metrics.base import Metric
from zoo.quantities import clock


@final
class StudyDisplay:
    """Show trial, values, validation metric, best so far and remaining time on stderr.

    A terminal also gets a live line with the current epoch; other outputs get one line per trial.

    Args:
        metric: of validation.
        max_trials: None where only the oracle decides the end.
        shown: False keeps silent.
    """

    def __init__(self, *, metric: Metric, max_trials: int | None, shown: bool = True):
        self.metric, self.text = f"val_{metric.name}", metric.text
        self.max_trials = max_trials
        self.console = Console(file=sys.stderr, quiet=not shown)
        self._bar: Progress | None = None
        self._task: Any = None
        self._history = Path()
        self._trial: Trial | None = None
        self._best = self._left = ""
        if shown and self.console.is_terminal:
            self._bar = Progress(
                TextColumn("{task.fields[what]}"),
                BarColumn(bar_width=24),
                TextColumn("{task.fields[facts]}"),
                console=self.console,
                transient=True,
            )
            self._task = self._bar.add_task("study", total=1, what="getting ready", facts="")
            self._bar.start()

    def say(self, text: str) -> None:
        """Print a line."""
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)

    def begin(self, trial: Trial, folder: Path) -> None:
        """Start watching a trial's run folder."""
        self._trial, self._history = trial, folder / "history.csv"
        self.waiting()

    def waiting(self) -> None:
        """Update the live line from the trial's run folder."""
        if self._bar is None or self._trial is None:
            return
        done = _last_epoch(self._history)
        epoch, value = int(done.get("epoch", 0)), done.get(self.metric)
        now = f"{self.metric} {self.text(float(value))}" if value else "getting ready"
        self._bar.update(
            self._task,
            completed=epoch,
            total=self._trial.epochs,
            what=f"{self._place(self._trial)}  epoch {epoch}/{self._trial.epochs}",
            facts="  ".join(filter(None, (now, self._best, self._left))),
        )

    def end(self, trial: Trial, best: Trial | None, *, seconds_left: float | None) -> None:
        """Print the result of a trial."""
        self._best = f"best {self.text(best.value)} (trial {best.number})" if best else ""
        self._left = f"{clock(seconds_left)} left" if seconds_left else ""
        reached = f"{self.metric} {self.text(trial.value)}"
        came = reached if trial.completed else f"failed: {trial.message}"
        values = "the recipe as it is" if trial.number == 1 else short_values(trial.values)
        parts = (self._place(trial), came, self._best, clock(trial.seconds), values, self._left)
        self.say("  ".join(filter(None, parts)))
        self._trial = None

    def close(self) -> None:
        """Remove the live line and restore the cursor, also after an interruption."""
        if self._bar:
            self._bar.stop()

    def _place(self, trial: Trial) -> str:
        return f"trial {trial.number:>3}" + (f"/{self.max_trials}" if self.max_trials else "")


def short_values(values: Mapping[str, Any]) -> str:
    """Return values as text, each named by the last part of its path where that is unique.

    >>> short_values({"optimizer.learning_rate": 0.01, "training.batch_size": 64})
    'learning_rate=0.01 batch_size=64'
    """
    named = zip(short_names(values), values.values(), strict=True)
    return " ".join(f"{name}={value}" for name, value in named)


def short_names(paths: Collection[str]) -> list[str]:
    """Return the last parts of dotted paths, whole where two of them would be the same."""
    lasts = [path.rpartition(".")[2] for path in paths]
    return [
        last if lasts.count(last) == 1 else path for path, last in zip(paths, lasts, strict=True)
    ]


def _last_epoch(path: Path) -> dict[str, str]:
    """Return the last row of a run's history; empty where there is none yet."""
    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    except OSError:
        return {}
    return rows[-1] if rows else {}
