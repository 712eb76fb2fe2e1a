"""What the training process does with a trial: validation only, and exact when it goes on."""

import csv
import dataclasses
import json
from pathlib import Path

import pytest

import zoo.automatic_preset
from recipes.runs.run import load
from recipes.values.load import dump_yaml, load_recipe
from tuning.hypermodel import RecipeHyperModel
from tuning.space import make_space
from tuning.workers import worker
from zoo.weights import read_tensors

SMALL = {
    "data.max_examples": 200,
    "model.arguments": {"widths": [4, 8]},
    "training.epochs": 3,
    "training.batch_size": 32,
    "schedule.warmup_epochs": 1,
    "regularization.averaging_decay": 0.9,
}


def folder_with(path: Path, **changes) -> Path:
    """A run folder as a study makes it."""
    recipe = load_recipe("image/digits-cnn").with_values(SMALL | changes)
    path.mkdir()
    (path / "recipe.yaml").write_text(dump_yaml(recipe.resolved()))
    return path


def tensors(folder: Path):
    return {
        name: value.tobytes()
        for name, value in read_tensors(folder / "checkpoints" / "last.safetensors")[0].items()
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A trial that ran to its end at once, and what it came to."""
    folder = folder_with(tmp_path_factory.mktemp("worker") / "whole")
    return folder, worker.trial(folder=str(folder), epochs=3, data_dir=None)


@pytest.mark.slow
def test_a_trial_that_goes_on_is_bit_for_bit_the_one_that_never_stopped(whole, tmp_path):
    folder = folder_with(tmp_path / "parts")
    first = worker.trial(folder=str(folder), epochs=1, data_dir=None)
    assert first["epochs"] == first["epoch"] == 1
    second = worker.trial(folder=str(folder), epochs=2, data_dir=None)
    assert second["value"] == load_history(whole[0])[1]["val_accuracy"]
    completed = worker.finish(folder=str(folder), data_dir=None)  # trains the third epoch first
    assert completed["epochs"] == 3
    assert tensors(folder) == tensors(whole[0])
    assert worker.finish(folder=str(whole[0]), data_dir=None) == completed
    assert load(whole[0]).sha256 == load(folder).sha256
    assert worker.finish(folder=str(folder), data_dir=None) == completed  # nothing is left to do


@pytest.mark.slow
def test_a_trial_does_without_a_test_split(tmp_path, monkeypatch):
    import recipes.training.setup

    make = recipes.training.setup.make_dataset

    def without_test(*arguments, **named):
        dataset = make(*arguments, **named)
        splits = {name: split for name, split in dataset.splits.items() if name != "test"}
        return dataclasses.replace(dataset, splits=splits)

    monkeypatch.setattr(recipes.training.setup, "make_dataset", without_test)
    folder = folder_with(tmp_path / "run")
    assert worker.trial(folder=str(folder), epochs=1, data_dir=None)["value"] > 0
    with pytest.raises(KeyError, match="test"):
        worker.finish(folder=str(folder), data_dir=None)


def test_the_value_is_that_of_the_weights_that_are_kept(whole, tmp_path):
    history = load_history(whole[0])
    assert whole[1]["value"] == history[-1]["val_accuracy"]  # this recipe keeps the last
    folder = folder_with(tmp_path / "best", **{"training.select": "best"})
    found = worker.trial(folder=str(folder), epochs=3, data_dir=None)
    history = load_history(folder)
    assert found["value"] == max(entry["val_accuracy"] for entry in history)
    assert found["loss"] == history[found["epoch"] - 1]["val_loss"]


def load_history(folder):
    rows = csv.DictReader((folder / "history.csv").read_text().splitlines())
    return [{name: float(value) for name, value in row.items()} for row in rows]


def test_training_that_diverges_has_no_value(tmp_path):
    folder = folder_with(
        tmp_path / "nan",
        **{"optimizer.learning_rate": 1e30, "optimizer.name": "sgd", "regularization.clip_norm": 0},
    )
    found = worker.trial(folder=str(folder), epochs=3, data_dir=None)
    assert found["value"] is None
    assert found["stopped"] == "diverged"
    assert json.dumps(found, allow_nan=False)


def test_describing_says_what_decides():
    values = load_recipe("image/digits-cnn").model_dump(mode="json", exclude={"expects"})
    found = worker.describe(values=json.loads(json.dumps(values)), data_dir=None)
    assert (found["metric"], found["mode"]) == ("accuracy", "max")
    assert found["fingerprint"] == load_recipe("image/digits-cnn").expects.data_fingerprint


def test_keras_tuners_own_search_takes_the_hypermodel(tmp_path):
    import keras_tuner

    recipe = load_recipe("image/digits-cnn").with_values(SMALL | {"training.epochs": 1})
    values = {
        "model.arguments.widths": {"choices": [[4], [4, 8]]},
        "regularization.flip": {"choices": [True, False]},
    }
    space = make_space(values, recipe, source="test")
    model = RecipeHyperModel(recipe, space=space)
    hp = keras_tuner.HyperParameters()
    hp.values = {"model.arguments.widths": "[4, 8]", "regularization.flip": True}
    built = model.build(hp)
    assert built.optimizer is not None
    assert model.recipe(hp).model.arguments["widths"] == [4, 8]
    assert model.recipe(hp).regularization.flip is True
    tuner = keras_tuner.RandomSearch(
        model,
        keras_tuner.Objective("val_accuracy", "max"),
        max_trials=2,
        seed=1,
        directory=tmp_path,
        overwrite=True,
    )
    tuner.search(verbose=0)
    scores = [trial.score for trial in tuner.oracle.get_best_trials(2)]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


def test_a_trial_is_judged_by_the_metric_that_the_recipe_monitors(tmp_path):
    changes = {"training.monitor": "loss", "training.epochs": 2, "training.select": "best"}
    folder = folder_with(tmp_path / "monitored", **changes)
    values = load_recipe(folder / "recipe.yaml").model_dump(mode="json", exclude={"expects"})
    told = worker.describe(values=values, data_dir=None)
    assert (told["metric"], told["mode"]) == ("loss", "min")
    found = worker.trial(folder=str(folder), epochs=2, data_dir=None)
    assert found["value"] == min(row["val_loss"] for row in load_history(folder))


@pytest.mark.slow
def test_a_trial_keeps_the_preset_that_it_chose(tmp_path, monkeypatch):
    folder = folder_with(tmp_path / "auto", regularization={"preset": "auto"})
    worker.describe(values=load_recipe(folder / "recipe.yaml").model_dump(), data_dir=None)
    worker.trial(folder=str(folder), epochs=1, data_dir=None)
    assert load_recipe(folder / "recipe.yaml").regularization.preset == "none"
    for name in ("FEW_UPDATES", "SHORT_UPDATES", "SMALL_SIDE"):
        monkeypatch.setattr(zoo.automatic_preset, name, 0)
    found = worker.trial(folder=str(folder), epochs=2, data_dir=None)
    assert found["epochs"] == 2
    assert load_recipe(folder / "recipe.yaml").regularization.preset == "none"
