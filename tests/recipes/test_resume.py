"""A run that was stopped anywhere goes on bit for bit."""

import json
import random
import shutil
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
from zoo.errors import Interrupted, RunError
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


@pytest.mark.parametrize(("batches", "seconds"), [(3, 0), (22, 0), (22, 1000)])
def test_run_that_crashed_in_an_epoch_resumes_exactly(
    uninterrupted, tmp_path, monkeypatch, batches, seconds
):
    import recipes.training.callbacks

    monkeypatch.setattr(recipes.training.callbacks, "CHECKPOINT_SECONDS", seconds)

    seen = 0

    def crash(self, batch, logs=None):
        nonlocal seen
        seen += 1
        if seen == batches:
            raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(recipes.training.callbacks.Recorder, "on_train_batch_end", crash)
        with pytest.raises(Crash):
            train("image/digits-cnn", run_dir=tmp_path / "run", progress=False, **SMALL)
    run = train("image/digits-cnn", run_dir=tmp_path / "run", resume=True, progress=False, **SMALL)
    assert_equal_runs(run, uninterrupted)


def test_interrupted_run_says_how_to_go_on(tmp_path, monkeypatch):
    import recipes.training.callbacks

    def interrupt(self, batch, logs=None):
        raise KeyboardInterrupt

    monkeypatch.setattr(recipes.training.callbacks.Recorder, "on_train_batch_end", interrupt)
    with pytest.raises(Interrupted, match="--resume") as caught:
        train("image/digits-cnn", run_dir=tmp_path / "run", progress=False, **SMALL)
    assert str(tmp_path / "run") in str(caught.value)
    assert caught.value.exit_code == 130


def test_resuming_a_finished_run_changes_nothing(uninterrupted):
    before = {p: p.stat().st_mtime_ns for p in uninterrupted.path.rglob("*") if p.is_file()}
    run = train(
        "image/digits-cnn", run_dir=uninterrupted.path, resume=True, progress=False, **SMALL
    )
    assert run.metrics == uninterrupted.metrics
    assert {p: p.stat().st_mtime_ns for p in before} == before


def test_resuming_with_other_values_is_refused(uninterrupted):
    with pytest.raises(RunError, match="other values"):
        train(
            "image/digits-cnn", run_dir=uninterrupted.path, resume=True, progress=False,
            **SMALL | {"optimizer.learning_rate": 0.5},
        )  # fmt: skip


def test_resuming_with_other_data_is_refused(tmp_path):
    from zoo.data.images import write_png

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
        [sys.executable, str(script), *arguments], capture_output=True, text=True, timeout=300
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
        where = generator.choice(["batch", "write", "renamed"])
        after = generator.randint(1, 20 if where == "batch" else 3)
        result = run_child(tmp_path / "run", resume=attempt > 0, where=where, after=after)
        kills += result.returncode == -9
        assert result.returncode in (0, -9), result.stderr[-2000:]
    assert kills >= 1
    run = train("image/digits-cnn", run_dir=tmp_path / "run", resume=True, progress=False, **SMALL)
    assert_equal_runs(run, uninterrupted)
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())


@pytest.mark.slow
@pytest.mark.parametrize("recipe", [name for name in SMALL_OF if name != "image/digits-cnn"])
def test_three_random_sigkills_resume_exactly_for_text_language_models_and_speech(recipe, tmp_path):
    values = SMALL_OF[recipe]
    whole = train(recipe, run_dir=tmp_path / "whole", progress=False, **values)
    generator = random.Random(1)
    for attempt, where in enumerate(["batch", "write", "renamed"]):
        after = generator.randint(2, 8 if where == "batch" else 2)
        result = run_child(
            tmp_path / "run", resume=attempt > 0, where=where, after=after, recipe=recipe
        )
        assert result.returncode == -9, result.stderr[-2000:]
    run = train(recipe, run_dir=tmp_path / "run", resume=True, progress=False, **values)
    assert_equal_runs(run, whole)
