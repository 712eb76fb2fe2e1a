"""What happens at the end of an epoch: averages, selection, stopping, recording."""

import json
import math

import keras
import numpy as np
import pytest

from recipes.training.callbacks import Recorder, Rejoin, Selection, averaged_weights
from zoo.columns import Spec
from zoo.columns.assets import Assets
from zoo.data.dataset import Split
from zoo.data.pipeline import Encoded
from zoo.metrics.base import Metric
from zoo.weights import read_tensors

ASSETS = Assets(x={"value": Spec((2,), "float32")}, y={"label": Spec((), "int64")})
X, Y = np.eye(2, dtype="float32")[[0, 1, 0, 1]], np.ones((4, 1), "float32")


def line(optimizer):
    keras.utils.set_random_seed(1)
    value = keras.Input((2,), name="value")
    model = keras.Model(value, keras.layers.Dense(1, name="dense")(value), name="line")
    optimizer.build(model.trainable_variables)
    model.compile(optimizer, "mse")
    return model


def averaging(**arguments):
    return keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5, **arguments)


def kernel(model):
    return np.array(model.get_weights()[0])


def trained(optimizer):
    """A model in the middle of training: its raw weights and its averages differ."""
    model = line(optimizer)
    for _ in range(3):
        model.train_on_batch(X, Y)
    return model


# --- averaged weights


def averages_by_hand(steps=3):
    model = line(keras.optimizers.SGD(0.1))
    average = np.zeros_like(kernel(model))
    for step in range(steps):
        model.train_on_batch(X, Y)
        average = kernel(model) if step == 0 else 0.5 * average + 0.5 * kernel(model)
    return average


def test_averages_are_swapped_in_and_the_raw_weights_put_back_exactly():
    model = trained(averaging())
    raw = model.get_weights()
    with averaged_weights(model):
        inside = kernel(model)
    assert np.abs(inside - raw[0]).max() > 1e-4
    assert inside == pytest.approx(averages_by_hand(), rel=1e-5)
    for before, after in zip(raw, model.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_raw_weights_come_back_when_the_block_fails():
    model = trained(averaging())
    raw = kernel(model)
    with pytest.raises(OSError), averaged_weights(model):
        raise OSError
    np.testing.assert_array_equal(kernel(model), raw)


def test_swapping_changes_nothing_in_the_training_that_follows():
    with_swaps, without = line(averaging()), line(averaging())
    for _ in range(4):
        with_swaps.train_on_batch(X, Y)
        without.train_on_batch(X, Y)
        with averaged_weights(with_swaps):
            pass
    np.testing.assert_array_equal(kernel(with_swaps), kernel(without))


def test_without_averaging_the_weights_stay():
    model = trained(keras.optimizers.SGD(0.1))
    raw = kernel(model)
    with averaged_weights(model):
        np.testing.assert_array_equal(kernel(model), raw)


def test_averages_are_found_inside_the_wrapper_of_float16():
    inner = averaging()
    model = trained(keras.optimizers.LossScaleOptimizer(inner, initial_scale=2.0))
    raw = kernel(model)
    with averaged_weights(model):
        assert np.abs(kernel(model) - raw).max() > 1e-4
    np.testing.assert_array_equal(kernel(model), raw)


# --- selection


class Scripted:
    """Stands for a task whose validation metric follows a script."""

    def __init__(self, mode, values):
        self.metrics, self.values = (Metric("error", mode, ""),), iter(values)

    def units(self, split, assets, *, training):
        return split

    def encode(self, example, assets, seed):
        return {"value": np.asarray(example["value"])}, {"label": np.int64(example["label"])}

    def decode(self, model, x, assets):
        return np.zeros(len(x["value"]))

    def score(self, predictions, truths):
        return {"error": next(self.values), "other": 0.5}


def run_epochs(tmp_path, values, *, mode="max", patience=0, losses=None, optimizer=None):
    """Call the callback as `fit` would, the kernel holding the epoch's number; return all."""
    task = Scripted(mode, values)
    encoded = Encoded(Split({"value": X, "label": np.zeros(4, "int64")}), task, ASSETS)
    model = line(optimizer or keras.optimizers.SGD(0.1))
    path = tmp_path / "best.safetensors"
    selection = Selection(encoded, task, ASSETS, batch_size=4, best_path=path, patience=patience)
    selection.set_model(model)
    model.stop_training = False
    logs = []
    for epoch in range(len(values)):
        model.layers[-1].kernel.assign(np.full((2, 1), epoch + 1.0))
        logs.append({"loss": losses[epoch] if losses else 1.0})
        selection.on_epoch_end(epoch, logs[-1])
        if model.stop_training:
            break
    return selection, logs, path


def saved_epoch(path):
    tensors, _ = read_tensors(path)
    (value,) = {float(v) for name, v in tensors.items() if "kernel" in name for v in v.ravel()}
    return int(value)


@pytest.mark.parametrize(
    ("mode", "values", "best"),
    [
        ("max", [0.1, 0.7, 0.3], 2),
        ("min", [0.9, 0.7, 0.8], 2),
        ("min", [0.1, 0.7, 0.3], 1),
        ("max", [-3.0, -2.0, -1.0], 3),
        ("max", [0.5, 0.5, 0.5], 1),  # only a better one replaces what is there
        ("min", [0.5, 0.5, 0.4], 3),
    ],
)
def test_the_best_epoch_is_kept_whichever_way_the_metric_is_better(tmp_path, mode, values, best):
    selection, _, path = run_epochs(tmp_path, values, mode=mode)
    assert selection.state == {"best": values[best - 1], "best_epoch": best, "stopped": ""}
    assert saved_epoch(path) == best


def test_scores_of_validation_are_in_the_logs(tmp_path):
    _, logs, _ = run_epochs(tmp_path, [0.1, 0.7])
    assert [entry["val_error"] for entry in logs] == [0.1, 0.7]
    assert [entry["val_other"] for entry in logs] == [0.5, 0.5]


def test_training_stops_after_epochs_without_improvement(tmp_path):
    values = [0.1, 0.5, 0.4, 0.5, 0.9]
    selection, logs, path = run_epochs(tmp_path, values, patience=2)
    assert selection.state["stopped"] == "early stopping"
    assert len(logs) == 4
    assert saved_epoch(path) == 2


def test_without_patience_nothing_stops(tmp_path):
    selection, logs, _ = run_epochs(tmp_path, [0.9, 0.1, 0.1, 0.1], patience=0)
    assert selection.state["stopped"] == ""
    assert len(logs) == 4


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("where", ["loss", "score"])
def test_numbers_that_are_not_finite_stop_training_and_are_never_the_best(tmp_path, bad, where):
    values = [0.5, bad if where == "score" else 0.9, 0.9]
    losses = [1.0, bad if where == "loss" else 1.0, 1.0]
    selection, logs, path = run_epochs(tmp_path, values, losses=losses)
    assert len(logs) == 2
    assert selection.state == {"best": 0.5, "best_epoch": 1, "stopped": "diverged"}
    assert saved_epoch(path) == 1


def test_divergence_in_the_first_epoch_leaves_nothing_to_keep(tmp_path):
    selection, _, path = run_epochs(tmp_path, [0.5], losses=[math.nan], patience=1)
    assert selection.state == {"best": None, "best_epoch": 0, "stopped": "diverged"}
    assert not path.exists()


def test_the_averages_are_what_is_scored_and_saved(tmp_path):
    selection, _, path = run_epochs(tmp_path, [0.5], optimizer=averaging())
    tensors, _ = read_tensors(path)
    saved = next(value for name, value in tensors.items() if "kernel" in name)
    assert np.abs(saved - 1.0).max() > 1e-4  # the raw kernel is 1
    np.testing.assert_array_equal(kernel(selection.model), np.ones((2, 1), "float32"))


def test_the_state_of_selection_survives_json(tmp_path):
    selection, _, _ = run_epochs(tmp_path, [0.1, 0.7])
    assert json.loads(json.dumps(selection.state)) == selection.state


# --- recording


def test_short_epochs_share_a_checkpoint_and_the_last_has_one(tmp_path, monkeypatch):
    saved = []
    monkeypatch.setattr(
        "recipes.training.callbacks.save_checkpoint",
        lambda path, model, state, midway: saved.append(state["epoch"]),
    )
    for seconds, expected in ((1000, [4]), (0, [1, 2, 3, 4])):
        monkeypatch.setattr("recipes.training.callbacks.CHECKPOINT_SECONDS", seconds)
        recorder = Recorder(tmp_path, state=dict, examples_per_epoch=4)
        model = line(keras.optimizers.SGD(0.25))
        model.fit(X, Y, epochs=4, batch_size=4, verbose=0, shuffle=False, callbacks=[recorder])
        assert saved == expected
        saved.clear()


def test_an_epoch_leaves_a_checkpoint_and_a_row(tmp_path):
    model = line(keras.optimizers.SGD(0.25))
    recorder = Recorder(tmp_path, state=lambda: {"more": [1]}, examples_per_epoch=4)
    model.fit(X, Y, epochs=2, batch_size=4, verbose=0, shuffle=False, callbacks=[recorder])
    assert [entry["epoch"] for entry in recorder.history] == [1, 2]
    assert all(entry["learning_rate"] == 0.25 for entry in recorder.history)
    assert all(entry["seconds"] >= 0 < entry["samples_per_second"] for entry in recorder.history)
    _, metadata = read_tensors(tmp_path / "checkpoints" / "last.safetensors")
    state = json.loads(metadata["state"])
    assert state == {"epoch": 2, "history": recorder.history, "more": [1]}
    rows = (tmp_path / "history.csv").read_text().splitlines()
    assert [row.partition(",")[0] for row in rows] == ["epoch", "1", "2"]


# --- going on in the middle of an epoch


def batches_from(step):
    """An endless stream whose batch `n` is a function of n."""
    import tensorflow as tf

    def batch(n):
        return tf.cast(n, "float32") * tf.ones((4, 2)) / 10, tf.ones((4, 1))

    return tf.data.Dataset.range(step, 10**6).map(batch)


class Spy(keras.callbacks.Callback):
    """Remembers weights and metrics after a step, and what is trained with which loss."""

    def __init__(self, epoch, batch):
        super().__init__()
        self.wanted, self.epoch, self.trained = (epoch, batch), 0, []

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if logs:
            self.trained.append((self.epoch, batch))
        if (self.epoch, batch) == self.wanted and logs:
            self.weights = self.model.get_weights()
            self.metrics = [np.array(v) for v in self.model.metrics_variables]


def fit_from(model, step, callbacks):
    return model.fit(
        batches_from(step), epochs=3, initial_epoch=step // 4, steps_per_epoch=4, verbose=0,
        shuffle=False, callbacks=callbacks,
    ).history["loss"]  # fmt: skip


def test_steps_that_are_done_are_passed_over_and_the_means_go_on():
    whole, spy = line(keras.optimizers.SGD(0.1)), Spy(1, 2)
    losses = fit_from(whole, 0, [spy])
    resumed, other = line(keras.optimizers.SGD(0.1)), Spy(1, 3)
    resumed.set_weights(spy.weights)
    found = fit_from(resumed, 7, [other, Rejoin(3, spy.metrics)])
    assert other.trained == [(1, 3), (2, 0), (2, 1), (2, 2), (2, 3)]
    assert found == losses[1:]
    for one, two in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_the_rate_of_an_epoch_is_that_of_its_last_update(tmp_path):
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([3], [0.5, 0.25])
    recorder = Recorder(tmp_path, state=dict, examples_per_epoch=16)
    fit_from(line(keras.optimizers.SGD(schedule)), 0, [recorder])
    # Updates 0 to 3 use 0.5; after them, the optimizer already tells the rate of update 4.
    assert [entry["learning_rate"] for entry in recorder.history] == [0.5, 0.25, 0.25]


def test_checkpoints_inside_an_epoch_come_after_the_time_that_was_asked(tmp_path, monkeypatch):
    saved = []

    def note(path, model, state, *, midway=None):
        saved.append((state["epoch"], state.get("step", 0)))
        assert (midway is not None) == bool(state.get("step"))

    monkeypatch.setattr("recipes.training.callbacks.save_checkpoint", note)
    for seconds, expected in (
        (0, [(0, 1), (0, 2), (0, 3), (1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3), (3, 0)]),
        (1000, [(3, 0)]),
    ):
        recorder = Recorder(tmp_path, state=dict, examples_per_epoch=16, checkpoint_seconds=seconds)
        fit_from(line(keras.optimizers.SGD(0.25)), 0, [recorder])
        assert saved == expected
        saved.clear()
