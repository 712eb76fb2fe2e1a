"""Runs with adapters, layer decay, accumulation or a teacher go on bit for bit, too."""

import numpy as np
import pytest

import recipes.training.callbacks
from recipes.runs.run import load
from recipes.runs.trained import checkpoint_state
from recipes.training.finetune import finetuning_recipe
from recipes.training.history import WALL_TIMES
from recipes.training.setup import prepare
from recipes.training.train import fit, train
from recipes.values.load import load_recipe
from zoo.columns.readers.images import write_png
from zoo.data.load import load_dataset

SMALL = {
    "data.max_examples": 160,
    "regularization.dropout_rate": 0.3,
    "regularization.mixup_alpha": 0.2,
    "regularization.averaging_decay": 0.5,
    "regularization.clip_norm": 0.5,
    "regularization.weight_decay": 0.1,
    "training.epochs": 2,
    "training.batch_size": 16,
}
CNN = SMALL | {"model.arguments": {"widths": [4, 8], "dropout_rate": 0.2}}
VIT = {"patch_size": 4, "num_layers": 2, "hidden_dim": 16, "num_heads": 2}


@pytest.fixture(scope="module")
def finetuned(tmp_path_factory):
    """Return the recipe of a finetune of a small transformer on even and odd digits."""
    folder = tmp_path_factory.mktemp("source")
    for part in ("train", "test"):
        for i in range(60):
            example = load_dataset("digits").splits[part][i]
            name = ("even", "odd")[int(example["label"]) % 2]
            write_png(folder / "parity" / part / name / f"{i}.png", example["image"])
    values = {"model.name": "vit_cifar_patch4", "model.arguments": VIT}
    how = {"run_dir": folder / "run", "smoke": True, "progress": False}
    source = train("image/digits-cnn", **how, **values)
    changes = {"training.steps_per_epoch": 4, "initialization.frozen_epochs": 1}
    return finetuning_recipe(source, str(folder / "parity")).with_values(SMALL | changes)


def recipe_of(field, finetuned):
    if field == "adapters":
        return finetuned.with_values({"model.lora_rank": 2, "optimizer.layer_decay": 0.7})
    if field == "layer_decay":
        return finetuned.with_values({"optimizer.layer_decay": 0.7, "training.accumulate_steps": 2})
    recipe = load_recipe("image/digits-cnn").with_values(CNN)
    if field == "teacher":
        teacher = {"teacher": "cnn_small.digits", "sha256": load("cnn_small.digits").sha256}
        return recipe.with_values({"distillation": teacher})
    return recipe.with_values({"training.accumulate_steps": 3, "training.steps_per_epoch": 6})


class Crash(Exception):
    """Stands for any sudden end."""


def stop_at(place, save):
    """Let a process end right after the checkpoint at so many epochs and steps of the next."""

    def save_and_crash(path, model, state, **midway):
        save(path, model, state, **midway)
        if (state["epoch"], state.get("step", 0)) == place:
            raise Crash

    return save_and_crash


def trained(recipe, folder, *, resume=False, minutes=10.0):
    setup = prepare(recipe)
    how = {"resume": resume, "progress": False, "checkpoint_minutes": minutes}
    recorder, probe, _ = fit(setup, folder, **how)
    history = [{k: v for k, v in e.items() if k not in WALL_TIMES} for e in recorder.history]
    return setup.model, history, probe.records


@pytest.mark.parametrize(
    ("field", "place"),
    [
        ("accumulation", (1, 2)),  # inside an update of 3 steps
        pytest.param("adapters", (1, 2), marks=pytest.mark.slow),  # after their release
        pytest.param("teacher", (1, 3), marks=pytest.mark.slow),
        pytest.param("layer_decay", (1, 1), marks=pytest.mark.slow),  # inside an update of 2 steps
        *(
            pytest.param(field, place, marks=pytest.mark.slow)
            for field in ("accumulation", "adapters", "layer_decay", "teacher")
            for place in ((0, 1), (1, 0), (1, 3))
            if (field, place) != ("teacher", (1, 3))
        ),
    ],
)
def test_a_run_that_was_stopped_goes_on_exactly(finetuned, tmp_path, monkeypatch, field, place):
    recipe = recipe_of(field, finetuned)
    whole, history, records = trained(recipe, tmp_path / "whole")
    monkeypatch.setattr(recipes.training.callbacks, "CHECKPOINT_SECONDS", 0)
    with monkeypatch.context() as patch:
        save = recipes.training.callbacks.save_checkpoint
        patch.setattr(recipes.training.callbacks, "save_checkpoint", stop_at(place, save))
        with pytest.raises(Crash):
            trained(recipe, tmp_path / "run", minutes=1e-9)
    state = checkpoint_state(tmp_path / "run")
    assert (state["epoch"], state.get("step", 0)) == place
    resumed, again, others = trained(recipe, tmp_path / "run", resume=True)
    assert len(again) == 2
    assert (again, others) == (history, records)
    for mine, theirs in (
        (resumed.variables, whole.variables),
        (resumed.optimizer.variables, whole.optimizer.variables),
    ):
        for one, other in zip(mine, theirs, strict=True):
            np.testing.assert_array_equal(one.numpy(), other.numpy())
