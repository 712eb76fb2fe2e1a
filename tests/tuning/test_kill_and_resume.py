"""A study that was killed goes on as if it had not been: with real trials in a real process."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from recipes.training.train import train
from tuning.trials import read_trials

RECIPE = "image/digits-cnn"
OVERRIDES = (
    "data.max_examples=240",
    "model.arguments.widths=[4,8]",
    "training.epochs=9",
    "training.batch_size=16",
    "schedule.warmup_epochs=1",
    "regularization.averaging_decay=0",
)
SPACE = """
optimizer.learning_rate: {low: 0.001, high: 0.05, sampling: log}
regularization.dropout_rate: {low: 0.0, high: 0.3, step: 0.1}
"""
COMMAND = [sys.executable, "-c", "from zoo.cli.main import main; main()", "tune"]


def command(folder: Path, *options: str, recipe=(RECIPE, *OVERRIDES)) -> list[str]:
    space = folder.parent / "space.yaml"
    space.write_text(SPACE)
    return [*COMMAND, *recipe, "--space", str(space), "--study", str(folder), *options]


def wait_for(condition, process, *, seconds=1200) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.stderr.read()[-2000:]
        assert time.monotonic() < end, "it never came that far"
        time.sleep(0.02)


def children(pid: int) -> list[int]:
    return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def kill_at(folder: Path, *, trial: int, epoch: int, options: tuple[str, ...]) -> None:
    """Begin or resume a study and kill it, as the kernel would, in the middle of a trial."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        command(folder, *options), stderr=subprocess.PIPE, text=True, env=environment
    )
    history = folder / "trials" / f"{trial:03d}" / "history.csv"

    def reached() -> bool:
        return history.exists() and len(history.read_text().splitlines()) > epoch

    wait_for(reached, process)
    (worker,) = children(process.pid)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    end = time.monotonic() + 300
    while alive(worker):
        assert time.monotonic() < end, "the training process outlived its study"
        time.sleep(0.05)


def without_times(folder: Path) -> list:
    return [dataclasses.replace(trial, seconds=0.0) for trial in read_trials(folder)]


def finished(folder: Path, *options: str) -> dict:
    result = subprocess.run(
        command(folder, *options, "--json"),
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        timeout=1800,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    return json.loads(result.stdout) | {"lines": result.stderr.splitlines()}


@pytest.mark.slow
@pytest.mark.parametrize("oracle", ["random", "hyperband"])
def test_a_study_killed_twice_ends_as_the_one_that_was_left_alone(tmp_path, oracle):
    options = ("--oracle", oracle, "--max-trials", "5")
    whole = finished(tmp_path / "whole", *options)
    killed = tmp_path / "killed"
    kill_at(killed, trial=1, epoch=4, options=options)
    kill_at(killed, trial=3, epoch=1, options=(*options, "--resume"))
    before = len(read_trials(killed))
    found = finished(killed, *options, "--resume")
    told = [line for line in found["lines"] if line.startswith("trial ")]
    assert len(told) == 5 - (before - 1)  # the one under way, and those after it
    assert without_times(killed) == without_times(tmp_path / "whole")
    assert found["test"] == whole["test"]
    run = train(found["best_recipe"], run_dir=tmp_path / "run", progress=False)
    assert run.metrics["metrics"] == found["test"]  # `zoo train` repeats what was found
