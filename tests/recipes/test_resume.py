"""A run that was stopped anywhere goes on bit for bit."""

import json
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from killed import SMALL, SMALL_OF

from recipes.runs.run import load
from recipes.training.history import WALL_TIMES
from recipes.training.train import train
from zoo.errors import Interrupted, RunError, ZooError
from zoo.weights import read_tensors


class Crash(Exception):
    """Stands for any sudden end."""


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "run"
    return train("image/digits-cnn", run_dir=folder, progress=False, **SMALL)


def history_of(run):
    return [{k: v for k, v in e.items() if k not in WALL_TIMES} for e in run.history]


def assert_equal_runs(run, whole):
    """Weights, raw weights, optimizer, seeds, history and metrics, bit for bit."""
    assert history_of(run) == history_of(whole)
    for name in (
        "weights.safetensors",
        "checkpoints/last.safetensors",
        "checkpoints/best.safetensors",
    ):
        mine, _ = read_tensors(run.path / name)
        theirs, _ = read_tensors(whole.path / name)
        assert mine.keys() == theirs.keys()
        for key in mine:
            assert np.array_equal(mine[key], theirs[key]), f"{name}: {key}"
    assert run.metrics["metrics"] == whole.metrics["metrics"]
    assert (run.path / "diagnostics.json").read_text() == (
        whole.path / "diagnostics.json"
    ).read_text()


def crash_after(batches, folder, patch, *, recipe="image/digits-cnn", resume=False, **arguments):
    """Train until so many steps are done, and then no further."""
    from recipes.training.callbacks import Recorder

    seen, recorded = 0, Recorder.on_train_batch_end

    def crash(self, batch, logs=None):
        nonlocal seen
        recorded(self, batch, logs)
        seen += batch + 1 > self.passed_over
        if seen == batches:
            raise Crash

    with patch.context() as inner:
        inner.setattr(Recorder, "on_train_batch_end", crash)
        with pytest.raises(Crash):
            train(recipe, run_dir=folder, resume=resume, progress=False, **SMALL | arguments)


@pytest.mark.parametrize(
    ("batches", "seconds", "minutes"), [(3, 0, 10), (22, 0, 10), (22, 1000, 10), (23, 1000, 1e-9)]
)
def test_run_that_crashed_in_an_epoch_resumes_exactly(
    uninterrupted, tmp_path, monkeypatch, batches, seconds, minutes
):
    import recipes.training.callbacks

    monkeypatch.setattr(recipes.training.callbacks, "CHECKPOINT_SECONDS", seconds)
    crash_after(batches, tmp_path / "run", monkeypatch, checkpoint_minutes=minutes)
    run = train("image/digits-cnn", run_dir=tmp_path / "run", resume=True, progress=False, **SMALL)
    assert_equal_runs(run, uninterrupted)


def test_a_checkpoint_inside_an_epoch_is_gone_on_from_at_that_step(
    uninterrupted, tmp_path, monkeypatch
):
    from recipes.runs.trained import checkpoint_state
    from recipes.training.callbacks import Recorder

    crash_after(9, tmp_path / "run", monkeypatch, checkpoint_minutes=1e-9)
    state = checkpoint_state(tmp_path / "run")
    assert (state["epoch"], state["step"]) == (1, 2)  # of 7 steps
    assert len(state["history"]) == 1
    trained, recorded = [], Recorder.on_train_batch_end

    def note(self, batch, logs=None):
        recorded(self, batch, logs)
        if logs:  # steps that are passed over have none
            trained.append((self._epoch, batch))

    monkeypatch.setattr(Recorder, "on_train_batch_end", note)
    run = train("image/digits-cnn", run_dir=tmp_path / "run", resume=True, progress=False, **SMALL)
    assert trained[0] == (1, 2)
    assert len(trained) == len(run.history) * 7 - 9
    assert history_of(run) == history_of(uninterrupted)
    assert all(row["samples_per_second"] > 0 for row in run.history)


def test_the_history_shows_the_rate_that_the_last_update_of_an_epoch_used(uninterrupted):
    # Warm-up over 3 epochs of 7 steps: update n, counted from 1, uses n / 21 of the peak.
    peak = uninterrupted.recipe.optimizer.learning_rate
    rates = [row["learning_rate"] for row in uninterrupted.history]
    assert rates[:3] == pytest.approx([peak * 7 / 21, peak * 14 / 21, peak], rel=1e-6)


def edit(folder, old, new):
    text = (folder / "recipe.yaml").read_text()
    assert text.count(old) == 1
    (folder / "recipe.yaml").write_text(text.replace(old, new))


def test_resuming_from_an_edited_recipe_names_the_field_then_and_now(
    uninterrupted, tmp_path, monkeypatch
):
    folder = tmp_path / "a run"
    crash_after(9, folder, monkeypatch, checkpoint_minutes=1e-9)
    edit(folder, "summary: ", "summary: Edited. ")  # changes nothing in what is trained
    edit(folder, "learning_rate: 0.003", "learning_rate: 0.5")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(RunError) as caught:
        train(folder / "recipe.yaml", run_dir=folder, resume=True, progress=False)
    assert "optimizer.learning_rate was 0.003 and is now 0.5" in str(caught.value)
    assert "summary" not in str(caught.value)
    assert f"zoo train '{folder / 'recipe.yaml'}'" in str(caught.value)
    assert {path: path.read_bytes() for path in before} == before
    edit(folder, "learning_rate: 0.5", "learning_rate: 0.003")
    run = train(folder / "recipe.yaml", run_dir=folder, resume=True, progress=False)
    assert history_of(run) == history_of(uninterrupted)


def test_a_finished_run_whose_recipe_was_edited_is_not_loaded(uninterrupted, tmp_path):
    shutil.copytree(uninterrupted.path, tmp_path / "run")
    edit(tmp_path / "run", "dropout_rate: 0.3\n  stochastic", "dropout_rate: 0.4\n  stochastic")
    with pytest.raises(RunError, match=r"regularization\.dropout_rate was 0\.3 and is now 0\.4"):
        load(tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "checkpoints")  # then it is not known what it was
    with pytest.raises(RunError, match="was edited after"):
        load(tmp_path / "run")


def test_interrupted_run_says_how_to_go_on(tmp_path, monkeypatch):
    import recipes.training.callbacks

    def interrupt(self, batch, logs=None):
        raise KeyboardInterrupt

    monkeypatch.setattr(recipes.training.callbacks.Recorder, "on_train_batch_end", interrupt)
    with pytest.raises(Interrupted, match="--resume") as caught:
        train("image/digits-cnn", run_dir=tmp_path / "run", progress=False, **SMALL)
    assert f"{tmp_path / 'run'} holds no checkpoint yet: --resume starts again" in str(caught.value)
    assert caught.value.exit_code == 130


@pytest.fixture
def interruptible():
    """Python's own handling of Ctrl-C, also where these tests were started in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("steps", "said"), [(3, "epoch 1, step 3"), (7, "epoch 1."), (10, "epoch 2, step 3")]
)
def test_ctrl_c_ends_the_step_and_resuming_goes_on_from_there(
    uninterrupted, interruptible, tmp_path, monkeypatch, capfd, steps, said
):
    from recipes.training.callbacks import Recorder

    done, recorded = 0, Recorder.on_train_batch_end

    def press(self, batch, logs=None):
        nonlocal done
        done += 1
        if done == steps:
            signal.raise_signal(signal.SIGINT)  # after the update, before anybody noted it
        recorded(self, batch, logs)

    with monkeypatch.context() as inner:
        inner.setattr(Recorder, "on_train_batch_end", press)
        with pytest.raises(Interrupted) as caught:
            train("image/digits-cnn", run_dir=tmp_path / "run", progress=False, **SMALL)
    assert f"holds the run up to {said}" in str(caught.value)
    assert done == steps
    assert "Ctrl-C again stops at once" in capfd.readouterr().err
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    run = train("image/digits-cnn", run_dir=tmp_path / "run", resume=True, **SMALL)
    step = f" and {steps % 7} of 7 steps" if steps % 7 else ""
    assert f"goes on after {steps // 7} of 8 epochs{step}." in capfd.readouterr().err
    assert_equal_runs(run, uninterrupted)


def test_a_second_ctrl_c_stops_at_once(interruptible, tmp_path, monkeypatch):
    from recipes.training.callbacks import Selection

    def press_twice(self, epoch, logs=None):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        raise AssertionError("goes on")

    monkeypatch.setattr(Selection, "on_epoch_end", press_twice)
    with pytest.raises(Interrupted, match="no checkpoint yet"):
        train("image/digits-cnn", run_dir=tmp_path / "run", progress=False, **SMALL)


def test_resuming_a_finished_run_changes_nothing(uninterrupted):
    before = {p: p.stat().st_mtime_ns for p in uninterrupted.path.rglob("*") if p.is_file()}
    run = train(
        "image/digits-cnn", run_dir=uninterrupted.path, resume=True, progress=False, **SMALL
    )
    assert run.metrics == uninterrupted.metrics
    assert {p: p.stat().st_mtime_ns for p in before} == before


def test_resuming_with_other_values_is_refused(uninterrupted):
    with pytest.raises(RunError, match="values other than"):
        train(
            "image/digits-cnn", run_dir=uninterrupted.path, resume=True, progress=False,
            **SMALL | {"optimizer.learning_rate": 0.5},
        )  # fmt: skip


def test_resuming_with_other_data_is_refused(tmp_path):
    from zoo.columns.readers.images import write_png

    generator = np.random.default_rng(0)
    for name in ("cat", "dog"):
        for i in range(12):
            write_png(
                tmp_path / "pets" / name / f"{i}.png",
                generator.integers(0, 255, (8, 8, 1), "uint8"),
            )
    values = SMALL | {"data.name": str(tmp_path / "pets"), "training.epochs": 2}
    train("image/digits-cnn", run_dir=tmp_path / "run", progress=False, **values)
    (tmp_path / "run" / "metrics.json").unlink()
    (tmp_path / "pets" / "dog" / "0.png").unlink()
    with pytest.raises(RunError, match="has changed since"):
        train("image/digits-cnn", run_dir=tmp_path / "run", resume=True, progress=False, **values)


def test_resuming_needs_the_folder():
    with pytest.raises(RunError, match="--run-dir"):
        train("image/digits-cnn", resume=True)


def test_logs_are_whole_after_a_kill_between_the_last_checkpoint_and_them(uninterrupted, tmp_path):
    shutil.copytree(uninterrupted.path, tmp_path / "run")
    (tmp_path / "run" / "metrics.json").unlink()
    rows = (tmp_path / "run" / "history.csv").read_text().splitlines()
    (tmp_path / "run" / "history.csv").write_text("\n".join(rows[:-1]) + "\n")
    run = train("image/digits-cnn", run_dir=tmp_path / "run", resume=True, progress=False, **SMALL)
    assert history_of(run) == history_of(uninterrupted)


def test_a_run_is_never_overwritten(uninterrupted):
    with pytest.raises(RunError, match="already holds a run"):
        train("image/digits-cnn", run_dir=uninterrupted.path, progress=False, **SMALL)


def test_logs_hold_each_epoch_once(uninterrupted):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    epochs = [entry["epoch"] for entry in uninterrupted.history]
    assert epochs == list(range(1, len(epochs) + 1))
    log = EventAccumulator(str(uninterrupted.path / "tensorboard"))
    log.Reload()
    assert "val_accuracy" in log.Tags()["tensors"]
    assert [event.step for event in log.Tensors("val_accuracy")] == epochs


def test_run_loads_without_training_and_predicts_the_same(uninterrupted):
    again = load(uninterrupted.path)
    images = [uninterrupted.dataset().splits["test"][i]["image"] for i in range(20)]
    assert again.predict(images) == uninterrupted.predict(images)
    assert again.evaluate()["metrics"] == uninterrupted.metrics["metrics"]


def test_early_stopping_ends_a_run_and_a_resume_leaves_it_ended(tmp_path):
    values = SMALL | {"regularization.early_stopping_patience": 1, "optimizer.learning_rate": 1e-9}
    run = train("image/digits-cnn", run_dir=tmp_path / "run", progress=False, **values)
    assert run.metrics["selection"]["stopped"] == "early stopping"
    assert len(run.history) < SMALL["training.epochs"]
    (tmp_path / "run" / "metrics.json").unlink()  # as if killed before the end was written
    again = train(
        "image/digits-cnn", run_dir=tmp_path / "run", resume=True, progress=False, **values
    )
    assert history_of(again) == history_of(run)


def test_divergence_is_named_with_what_to_do(tmp_path):
    values = SMALL | {"optimizer.learning_rate": 1e30, "regularization.clip_norm": 0.0}
    with pytest.raises(RunError, match=r"optimizer\.learning_rate"):
        train("image/digits-cnn", run_dir=tmp_path / "run", progress=False, **values)


def test_a_run_that_keeps_its_last_epoch_cannot_end_in_numbers_that_are_none(tmp_path, monkeypatch):
    import recipes.training.callbacks

    score = recipes.training.callbacks.Selection.on_epoch_end

    def diverge_later(self, epoch, logs=None):
        if epoch == 2:
            logs["loss"] = float("nan")
        score(self, epoch, logs)

    monkeypatch.setattr(recipes.training.callbacks.Selection, "on_epoch_end", diverge_later)
    values = SMALL | {"training.select": "last"}
    with pytest.raises(RunError, match="diverged"):
        train("image/digits-cnn", run_dir=tmp_path / "run", progress=False, **values)
    assert not (tmp_path / "run" / "metrics.json").exists()


def run_child(run_dir, *, resume, where, after, recipe="image/digits-cnn"):
    script = Path(__file__).with_name("killed.py")
    arguments = [str(run_dir), "resume" if resume else "new", where, str(after), recipe]
    return subprocess.run(
        [sys.executable, str(script), *arguments], capture_output=True, text=True, timeout=900
    )


def test_sigkill_while_a_checkpoint_is_written_resumes_exactly(uninterrupted, tmp_path):
    killed = run_child(tmp_path / "run", resume=False, where="write", after=3)
    assert killed.returncode == -9, killed.stderr[-2000:]
    leftovers = list((tmp_path / "run" / "checkpoints").glob(".*.part"))
    assert leftovers, "the kill came before the file was written"
    run = train("image/digits-cnn", run_dir=tmp_path / "run", resume=True, progress=False, **SMALL)
    assert_equal_runs(run, uninterrupted)
    assert not list((tmp_path / "run" / "checkpoints").glob(".*.part")), "litter was left"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_ten_random_sigkills_resume_exactly(uninterrupted, tmp_path, seed):
    generator = random.Random(seed)
    kills = 0
    for attempt in range(3):  # a run may be killed more than once
        where = generator.choice(["batch", "write", "renamed", "step", "step", "step write"])
        after = generator.randint(1, 3 if where in ("write", "renamed") else 20)
        result = run_child(tmp_path / "run", resume=attempt > 0, where=where, after=after)
        kills += result.returncode == -9
        assert result.returncode in (0, -9), result.stderr[-2000:]
    assert kills >= 1
    run = train("image/digits-cnn", run_dir=tmp_path / "run", resume=True, progress=False, **SMALL)
    assert_equal_runs(run, uninterrupted)
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())


@pytest.mark.slow
@pytest.mark.parametrize("recipe", [name for name in SMALL_OF if name != "image/digits-cnn"])
def test_five_random_sigkills_resume_exactly_for_text_language_models_and_speech(recipe, tmp_path):
    values = SMALL_OF[recipe]
    whole = train(recipe, run_dir=tmp_path / "whole", progress=False, **values)
    generator = random.Random(1)
    for attempt, where in enumerate(["batch", "write", "renamed", "step", "step write"]):
        after = generator.randint(2, 2 if where in ("write", "renamed") else 8)
        result = run_child(
            tmp_path / "run", resume=attempt > 0, where=where, after=after, recipe=recipe
        )
        assert result.returncode == -9, result.stderr[-2000:]
    run = train(recipe, run_dir=tmp_path / "run", resume=True, progress=False, **values)
    assert_equal_runs(run, whole)


# --- more epochs


CONSTANT = SMALL | {
    "schedule.name": "constant",
    "schedule.warmup_epochs": 1,
    "regularization.early_stopping_patience": 0,
    "regularization.averaging_decay": 0.5,  # the same however long a run is
    "training.epochs": 5,
}


@pytest.fixture(scope="module")
def five_epochs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("five") / "a run"
    return train("image/digits-cnn", run_dir=folder, progress=False, **CONSTANT)


@pytest.fixture(scope="module")
def seven_epochs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seven") / "run"
    values = CONSTANT | {"training.epochs": 7}
    return train("image/digits-cnn", run_dir=folder, progress=False, **values)


def files_of(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_run_that_is_continued_ends_as_one_that_was_longer(five_epochs, seven_epochs, tmp_path):
    before = files_of(five_epochs.path)
    run = train(
        five_epochs.path, "training.epochs=7", continue_run=True, run_dir=tmp_path / "longer",
        progress=False,
    )  # fmt: skip
    assert_equal_runs(run, seven_epochs)
    assert files_of(five_epochs.path) == before
    assert run.metrics["origin"] == {"run": str(five_epochs.path), "steps": 35}
    assert load(run.path).recipe.training.epochs == 7


def test_a_run_that_was_stopped_inside_an_epoch_is_continued(seven_epochs, tmp_path, monkeypatch):
    crash_after(15, tmp_path / "run", monkeypatch, checkpoint_minutes=1e-9, **CONSTANT)
    run = train(
        tmp_path / "run", continue_run=True, run_dir=tmp_path / "longer", progress=False,
        **{"training.epochs": 7},
    )  # fmt: skip
    assert_equal_runs(run, seven_epochs)
    assert run.metrics["origin"]["steps"] == 15


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ((), "training.epochs above 5"),
        (("training.epochs=4",), "training.epochs above 5"),
        (("training.epochs=9", "optimizer.learning_rate=0.1"), "only training.epochs to differ"),
    ],
)
def test_only_more_epochs_continue_a_run(five_epochs, in_tmp, overrides, words):
    with pytest.raises(RunError, match=words):
        train(five_epochs.path, *overrides, continue_run=True, progress=False)
    assert list(in_tmp.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"schedule.name": "cosine"}, "cosine depends on the number of epochs"),
        ({"regularization.averaging_decay": 0.99}, "ema_momentum 0.71.* would have been 0.79"),
        (
            {"regularization.early_stopping_patience": 1, "optimizer.learning_rate": 1e-9},
            "early stopping",
        ),
    ],
)
def test_what_a_longer_run_would_have_done_otherwise_is_not_continued(in_tmp, changes, words):
    run = train("image/digits-cnn", progress=False, **CONSTANT | changes)
    before = files_of(in_tmp)
    with pytest.raises(RunError, match=words) as caught:
        train(run.path, "training.epochs=7", continue_run=True, progress=False)
    assert "to fix:" in str(caught.value)
    assert files_of(in_tmp) == before


def test_what_is_not_a_run_is_not_continued(in_tmp):
    with pytest.raises(RunError, match="can be continued"):
        train("image/digits-cnn", "training.epochs=9", continue_run=True)
    with pytest.raises(ZooError, match="either resumed or continued"):
        train("runs/x", continue_run=True, resume=True, run_dir="runs/x")
    with pytest.raises(ZooError, match="checkpoint_minutes"):
        train("image/digits-cnn", checkpoint_minutes=0)
