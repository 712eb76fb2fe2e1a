"""The progress display of a run."""

import sys
import time
from collections.abc import Iterable
from typing import Any

import keras
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from zoo.metrics.base import Metric
from zoo.quantities import clock


def show_notes(notes: Iterable[str]) -> None:
    """Print on stderr what users must know before training starts."""
    for note in notes:
        Console(file=sys.stderr, markup=False, highlight=False).print("note:", note, soft_wrap=True)


class ProgressDisplay(keras.callbacks.Callback):
    """Show epoch, loss, metric, samples per second and remaining time on stderr.

    A terminal gets a moving bar, anything else one line per epoch.

    Args:
        epochs: of the whole run.
        steps: of an epoch.
        batch_size: for samples per second.
        metric: of validation, shown after each epoch.
        steps_before: of the whole run that an earlier process has done.
    """

    def __init__(
        self, *, epochs: int, steps: int, batch_size: int, metric: Metric, steps_before: int = 0
    ):
        super().__init__()
        self.epochs, self.steps, self.batch_size = epochs, steps, batch_size
        self.steps_before = steps_before
        self.metric, self.text = f"val_{metric.name}", metric.text
        self.console = Console(file=sys.stderr)
        self.bar: Progress | None = None
        self._task: Any = None
        self._began = self._shown = self._epoch_began = 0.0
        self._passed_over = 0
        self._last = ""

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        self._began = time.perf_counter()
        if self.console.is_terminal:
            self.bar = Progress(
                TextColumn("epoch {task.fields[epoch]}"),
                BarColumn(bar_width=24),
                TextColumn("{task.fields[facts]}"),
                console=self.console,
                transient=True,
            )
            self._task = self.bar.add_task("train", total=self.steps, epoch="", facts="")
            self.bar.start()

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._passed_over = max(0, self.steps_before - epoch * self.steps)  # of this epoch
        self._epoch_began = self._shown = time.perf_counter()
        if self.bar:
            self.bar.update(self._task, completed=0, epoch=f"{epoch + 1}/{self.epochs}")

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        now = time.perf_counter()
        if not self.bar or now - self._shown < 0.2:
            return
        self._shown = now
        done = max(0, batch + 1 - self._passed_over)
        rate = done * self.batch_size / (now - self._epoch_began)
        logs = logs or {}
        facts = f"loss {float(logs.get('loss', 0)):.4f}  {rate:,.0f} samples/s  {self._last}"
        self.bar.update(self._task, completed=batch + 1, facts=facts)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        now = time.perf_counter()
        done = (epoch + 1) * self.steps - self.steps_before
        remaining = (now - self._began) / done * (self.epochs - epoch - 1) * self.steps
        rate = (self.steps - self._passed_over) * self.batch_size / (now - self._epoch_began)
        line = (
            f"epoch {epoch + 1:>3}/{self.epochs}  loss {logs['loss']:.4f}  "
            f"{self.metric} {self.text(logs[self.metric])}  {rate:,.0f} samples/s  "
            f"{clock(remaining)} left"
        )
        self._last = f"{self.metric} {self.text(logs[self.metric])}  {clock(remaining)} left"
        self.console.print(line, highlight=False)

    def close(self) -> None:
        """Take the bar away and give the cursor back, also after an interruption."""
        if self.bar:
            self.bar.stop()
