"""A preset that is left to kerazoo is chosen once; whatever repeats the run takes it from the run."""

import shutil
from types import SimpleNamespace

import numpy as np
import pytest

import recipes.training.results
import zoo.automatic_preset
from recipes.objects import builder_arguments
from recipes.runs.trained import CHECKPOINT, checkpoint_state
from recipes.training.finetune import finetuning_recipe
from recipes.training.history import WALL_TIMES
from recipes.training.setup import prepare
from recipes.training.train import train
from recipes.values.load import load_recipe
from recipes.values.schema import Recipe
from zoo.columns import Text
from zoo.columns.assets import Assets
from zoo.errors import RunError
from zoo.weights import read_tensors

TEXTS = "text/docstrings-textcnn"
SMALL = {
    "model.arguments": {"embedding_dim": 8, "num_filters": 8},
    "regularization": {"preset": "auto", "word_dropout_rate": 0.3},
    "schedule.name": "constant",
}


class Crash(Exception):
    """Stands for any sudden end."""


@pytest.fixture
def memorizing(monkeypatch):
    """Rules by which a few updates on texts are enough for "medium"; runs end without a report."""

    def finish(setup, folder, *, history, **found):
        return SimpleNamespace(recipe=setup.recipe, path=folder, history=history)

    monkeypatch.setattr(recipes.training.results, "finish", finish)
    for name in ("FEW_PASSES", "FEW_UPDATES", "TEXT_SHARE", "TEXT_PASSES"):
        monkeypatch.setattr(zoo.automatic_preset, name, 0)


def trained(folder, **changes):
    """Train two epochs of two steps."""
    return train(TEXTS, run_dir=folder, smoke=True, progress=False, **SMALL | changes)


def assert_equal_runs(run, whole):
    histories = [
        [{k: v for k, v in row.items() if k not in WALL_TIMES} for row in one.history]
        for one in (run, whole)
    ]
    assert histories[0] == histories[1]
    mine, theirs = (read_tensors(one.path / CHECKPOINT)[0] for one in (run, whole))
    assert mine.keys() == theirs.keys()
    assert all(np.array_equal(mine[key], theirs[key]) for key in mine)


@pytest.mark.slow
def test_a_stopped_run_replays_its_preset_whatever_the_rules_say_then(
    memorizing, tmp_path, monkeypatch
):
    from recipes.training.callbacks import Recorder

    whole = trained(tmp_path / "whole")
    assert whole.recipe.regularization.preset == "medium"
    recorded = Recorder.on_train_batch_end

    def crash(self, batch, logs=None):
        recorded(self, batch, logs)
        if self._epoch == 1 and batch == 0:
            raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(Recorder, "on_train_batch_end", crash)
        with pytest.raises(Crash):
            trained(tmp_path / "run", checkpoint_minutes=1e-9)
    kept = checkpoint_state(tmp_path / "run")["recipe"]
    assert kept["regularization.preset"] == "medium"
    assert kept["regularization.r_drop_alpha"] == 1.0  # of the preset
    assert kept["regularization.word_dropout_rate"] == 0.3  # of the user
    monkeypatch.setattr(zoo.automatic_preset, "FEW_UPDATES", 10**6)
    now = prepare(load_recipe(TEXTS).with_values(SMALL).smoke())
    assert now.recipe.regularization.preset == "none"
    shutil.copytree(tmp_path / "run", tmp_path / "again")
    assert_equal_runs(trained(tmp_path / "run", resume=True), whole)
    file = tmp_path / "again" / "recipe.yaml"
    again = train(file, run_dir=file.parent, resume=True, progress=False)
    assert_equal_runs(again, whole)


@pytest.mark.slow
def test_it_is_the_run_of_that_preset(memorizing, tmp_path, capsys):
    run = train(TEXTS, run_dir=tmp_path / "auto", smoke=True, **SMALL)
    assert (
        "preset auto: medium, since 160 examples are seen 0.4 times by " in capsys.readouterr().err
    )
    assert_equal_runs(run, trained(tmp_path / "medium", **{"regularization.preset": "medium"}))


@pytest.mark.slow
def test_another_knob_is_another_run_and_more_epochs_keep_the_preset(
    memorizing, tmp_path, monkeypatch
):
    first = trained(tmp_path / "run", **{"training.epochs": 1})
    monkeypatch.setattr(zoo.automatic_preset, "FEW_UPDATES", 10**6)
    how = {"continue_run": True, "progress": False, "training.epochs": 2}
    longer = train(first.path, run_dir=tmp_path / "longer", **how)
    assert longer.recipe.regularization_values() == first.recipe.regularization_values()
    assert longer.recipe.regularization.preset == "medium"
    assert len(longer.history) == 2
    with pytest.raises(RunError, match="values other than those given now"):
        changes = {"training.epochs": 1, "regularization.dropout_rate": 0.4}
        trained(first.path, resume=True, **changes)


def test_the_written_out_knobs_of_a_run_follow_another_preset():
    given = load_recipe(TEXTS, "regularization={preset: medium, word_dropout_rate: 0.3}")
    of_a_run = Recipe.parse(given.resolved(), source="recipe.yaml")
    values = of_a_run.with_values({"regularization.preset": "light"}).resolved()["regularization"]
    assert values["r_drop_alpha"] == 0  # of "medium" it was 1
    assert values["word_dropout_rate"] == 0.3  # the user's own
    both = {"regularization.preset": "light", "regularization.r_drop_alpha": 1.0}
    assert of_a_run.with_values(both).regularization.r_drop_alpha == 1
    auto = of_a_run.with_values({"regularization.preset": "auto"}).resolved()["regularization"]
    assert auto == {"preset": "auto", "word_dropout_rate": 0.3}
    by_hand = load_recipe(TEXTS, "regularization={preset: medium, r_drop_alpha: 1.0}")
    assert by_hand.with_values({"regularization.preset": "light"}).regularization.r_drop_alpha == 1


def test_a_finetune_takes_the_values_of_the_preset_that_is_asked_for():
    own = {"regularization": {"preset": "strong"}, "model.arguments.layer_dropout_rate": 0.3}
    recipe, assets = load_recipe("text/pydoc-gpt").with_values(own), Assets(x={"ids": Text()}, y={})
    source = SimpleNamespace(recipe=recipe, assets=assets, name="gpt", path=None, sha256="0")
    made = finetuning_recipe(source, "shakespeare")
    assert made.regularization_values().r_drop_alpha == 5
    made = finetuning_recipe(source, "shakespeare", preset="light")
    assert made.regularization_values().r_drop_alpha == 0
    assert builder_arguments(made)["layer_dropout_rate"] == 0.1
    made = finetuning_recipe(source, "shakespeare", preset="medium")
    assert made.regularization_values().averaging_decay == 0  # a finetune is too short for it
    made = finetuning_recipe(source, "shakespeare", preset="auto")
    assert made.resolved()["regularization"] == {"preset": "auto", "averaging_decay": 0.0}
