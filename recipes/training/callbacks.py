"""Callbacks of training: measure, select, save, continue from a checkpoint."""

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from recipes.runs.evaluate import predictions_of
from recipes.training.checkpoint import Midway, save_checkpoint
from recipes.training.history import TensorBoardLog, write_csv
from zoo.data.pipeline import Encoded
from zoo.metrics.base import Metric
from zoo.tasks.base import Assets, Task
from zoo.weights import save_model_weights


class Selection(keras.callbacks.Callback):
    """Score validation, remember the best epoch, stop when it no longer improves.

    Keras' EarlyStopping and ModelCheckpoint do not save their state, guess the direction of a metric,
    and write in place; a run that resumes exactly needs all three done differently.

    Args:
        encoded: the validation split.
        task: scores.
        assets: of the run.
        batch_size: of prediction.
        best_path: where the weights of the best epoch go.
        metric: that is to improve; None takes the task's first.
        patience: epochs without improvement before stopping; 0 never stops.
    """

    def __init__(
        self,
        encoded: Encoded,
        task: Task,
        assets: Assets,
        *,
        batch_size: int,
        best_path: Path,
        metric: Metric | None = None,
        patience: int = 0,
    ):
        super().__init__()
        self.metric = metric or task.metrics[0]
        self.encoded, self.task, self.assets = encoded, task, assets
        self.batch_size, self.best_path, self.patience = batch_size, best_path, patience
        self.state: dict[str, Any] = {"best": None, "best_epoch": 0, "stopped": ""}

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        with averaged_weights(self.model):
            predictions, truths = predictions_of(
                self.model, self.task, self.assets, self.encoded, batch_size=self.batch_size
            )
            scores = self.task.score(predictions, truths)
            logs |= {f"val_{name}": value for name, value in scores.items()}
            if not all(map(math.isfinite, (logs["loss"], *scores.values()))):
                self._stop("diverged")
            elif self._better(scores[self.metric.name]):
                self.state |= {"best": scores[self.metric.name], "best_epoch": epoch + 1}
                save_model_weights(self.best_path, self.model)
        if self.patience and epoch + 1 - self.state["best_epoch"] >= self.patience:
            self._stop("early stopping")

    def _better(self, value: float) -> bool:
        best = self.state["best"]
        return best is None or self.metric.sign * value > self.metric.sign * best

    def _stop(self, why: str) -> None:
        self.state["stopped"] = self.state["stopped"] or why
        self.model.stop_training = True


CHECKPOINT_SECONDS = 10.0  # epochs that are over sooner share a checkpoint: writing costs them most


class Recorder(keras.callbacks.Callback):
    """Keep the history and write checkpoints, the CSV and the TensorBoard log.

    The checkpoint is authoritative: a resumed run rewrites the logs from its history, so each epoch
    occurs once. It is written at the end of an epoch, at most every `CHECKPOINT_SECONDS` and always
    after the last, inside an epoch after `checkpoint_seconds` without one, and where a stop is asked
    for. Continuing from an earlier one gives the same bits.

    Args:
        run_dir: of the run.
        state: returns the state of the other callbacks.
        began: returns the probe's tensors as they were when the epoch began.
        examples_per_epoch: for samples per second.
        checkpoint_seconds: longest time between two checkpoints, as far as steps allow.
    """

    def __init__(
        self,
        run_dir: Path,
        *,
        state: Callable[[], dict[str, Any]],
        examples_per_epoch: int,
        began: Callable[[], Mapping[str, np.ndarray]] = dict,
        checkpoint_seconds: float = math.inf,
    ):
        super().__init__()
        self.run_dir, self.state, self.examples_per_epoch = run_dir, state, examples_per_epoch
        self.began, self.checkpoint_seconds = began, checkpoint_seconds
        self.history: list[dict[str, float]] = []
        self.stop_asked = False  # with Ctrl-C: end at the next step, with a checkpoint
        self.passed_over = 0  # steps of the epoch under way that an earlier process has done
        self.seconds_before = 0.0  # that they took
        self._log: TensorBoardLog | None = None
        self._saved = time.perf_counter()
        self._epoch = 0
        self._started = 0.0
        self._trained = 0.0
        self._rate = 0.0

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        self.rewrite()

    def rewrite(self) -> None:
        """Rewrite the logs from the history."""
        self.close()
        if self.history:
            write_csv(self.run_dir / "history.csv", self.history)
        self._log = TensorBoardLog(self.run_dir / "tensorboard", self.history)

    def close(self) -> None:
        """Release the log's file; Keras itself says nothing when training is interrupted."""
        if self._log is not None:
            self._log.close()
            self._log = None

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._epoch = epoch
        self._started = time.perf_counter() - self.seconds_before

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        if batch + 1 == self.params["steps"]:  # afterwards the optimizer tells the next one's
            rate = keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)
            self._rate = float(rate)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self._trained = time.perf_counter()
        is_inside = self.passed_over < batch + 1 < self.params["steps"]
        overdue = self._trained - self._saved >= self.checkpoint_seconds
        if is_inside and (self.stop_asked or overdue):
            metrics = [keras.ops.convert_to_numpy(v) for v in self.model.metrics_variables]
            self._save(self._epoch, batch + 1, Midway(metrics=metrics, began=self.began()))
        if self.stop_asked and batch + 1 < self.params["steps"]:
            raise KeyboardInterrupt

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        training = self._trained - self._started
        self.history.append(
            {"epoch": epoch + 1}
            | {name: float(value) for name, value in logs.items()}
            | {
                "learning_rate": self._rate,
                "seconds": round(time.perf_counter() - self._started, 3),
                "samples_per_second": round(self.examples_per_epoch / training, 1),
            }
        )
        self.passed_over, self.seconds_before = 0, 0.0
        is_last = self.model.stop_training or epoch + 1 == self.params["epochs"] or self.stop_asked
        if is_last or time.perf_counter() - self._saved >= CHECKPOINT_SECONDS:
            self._save(epoch + 1, 0)
        write_csv(self.run_dir / "history.csv", self.history)
        self._log.add(self.history[-1])
        if self.stop_asked:
            raise KeyboardInterrupt

    def _save(self, epoch: int, step: int, midway: Midway | None = None) -> None:
        """Write the checkpoint after so many whole epochs and steps of the next."""
        state = {"epoch": epoch, "history": self.history} | self.state()
        if step:
            state |= {"step": step, "seconds": round(time.perf_counter() - self._started, 3)}
        path = self.run_dir / "checkpoints" / "last.safetensors"
        save_checkpoint(path, self.model, state, midway=midway)
        self._saved = time.perf_counter()


class Rejoin(keras.callbacks.Callback):
    """Continue inside an epoch: skip the steps that are done and restore their running means.

    Keras begins every epoch at its first step and with empty metrics. Here the first steps do nothing:
    no batch is drawn and no weight changes; the stream must begin with the next batch.

    Args:
        steps: of the epoch that are done, > 0.
        metrics: state of the running means after them.
    """

    def __init__(self, steps: int, metrics: list[np.ndarray]):
        super().__init__()
        self.left, self.metrics = steps, metrics

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if not self.left:
            return
        model, train = self.model, self.model.train_function
        _assign(model.metrics_variables, self.metrics)

        def pass_over(*arguments: Any) -> Any:
            """Stand for `train(iterator)`; on JAX it is given a state first, and returns it."""
            self.left -= 1
            if not self.left:
                model.train_function = train
            return {} if len(arguments) == 1 else ({}, arguments[0])

        model.train_function = pass_over


@contextlib.contextmanager
def averaged_weights(model: keras.Model) -> Iterator[None]:
    """Swap in the optimizer's moving averages, where it keeps them, and put the raw weights back."""
    # Under mixed_float16 Keras wraps the optimizer, and the wrapper says that it keeps none.
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    if not getattr(optimizer, "use_ema", False):
        yield
        return
    raw = _copies(model.trainable_variables)
    optimizer.finalize_variable_values(model.trainable_variables)
    # On JAX model and optimizer now share their arrays, and prediction gives away the model's.
    _assign(model.trainable_variables, _copies(model.trainable_variables))
    try:
        yield
    finally:
        _assign(model.trainable_variables, raw)


def _copies(variables: list[keras.Variable]) -> list[np.ndarray]:
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]


def _assign(variables: list[keras.Variable], values: list[np.ndarray]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
