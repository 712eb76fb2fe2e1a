"""A batch size that is left to kerazoo is chosen by a pilot, once for a run."""

import numpy as np
import pytest

import recipes.training.batch_size
import recipes.training.results
from recipes.runs.trained import CHECKPOINT, as_begun, checkpoint_state, write_recipe
from recipes.training.batch_size import PILOT_BATCH, advised, batch_size_after
from recipes.training.callbacks import Recorder
from recipes.training.finetune import with_least_steps
from recipes.training.history import WALL_TIMES
from recipes.training.setup import prepare
from recipes.training.train import train
from recipes.values.load import load_recipe
from zoo.errors import RecipeError
from zoo.weights import read_tensors

DIGITS = "image/digits-cnn"
SMALL = {
    "model.arguments": {"widths": [4], "dropout_rate": 0.2},
    "training.epochs": 2,
    "training.batch_size": "auto",
}


@pytest.mark.parametrize(
    ("value", "examples", "size", "why"),
    [
        (300.0, 100_000, 256, "the noise scale is 300 examples"),
        (400.0, 100_000, 512, "the noise scale is 400 examples"),  # nearest by ratio
        (300.0, 1222, 32, "more would make fewer than 20 updates of 1,222 examples"),
        (None, 1222, 32, "too large to measure, and more would make fewer than 20 updates"),
        (3.0, 1222, 8, "3.0 examples, and 8 is the smallest"),
        (0.0, 1222, 8, "8 is the smallest"),
        (300.0, 30, 8, "fewer than 20 updates of 30 examples"),
    ],
)
def test_the_nearest_power_of_two_within_bounds(value, examples, size, why):
    found, said = advised({"value": value}, examples=examples)
    assert found == size
    assert why in said


def test_a_pilot_that_diverged_keeps_its_size():
    assert advised(None, examples=10_000)[0] == PILOT_BATCH
    assert advised(None, examples=200)[0] == 8
    setup = prepare(load_recipe(DIGITS).with_values(SMALL | {"training.batch_size": PILOT_BATCH}))
    for variable in setup.model.trainable_variables:
        variable.assign(variable * np.nan)
    assert batch_size_after(setup)[1].startswith(
        "training.batch_size auto: 32, since the pilot dive"
    )


def test_memory_that_runs_out_halves_it(monkeypatch):
    tried = []

    def step(pilot, size, **how):
        tried.append(size)
        if size > 100:
            raise MemoryError

    monkeypatch.setattr(recipes.training.batch_size, "_fit", step)
    assert recipes.training.batch_size._size_that_fits(None, 512) == 64
    assert tried == [512, 256, 128, 64]
    monkeypatch.setattr(recipes.training.batch_size, "_fit", lambda *a, **how: 1 / 0)
    with pytest.raises(ZeroDivisionError):  # only memory
        recipes.training.batch_size._size_that_fits(None, 512)


def test_it_is_the_setup_of_that_size_and_a_run_keeps_it(tmp_path, monkeypatch):
    recipe = load_recipe(DIGITS).with_values(SMALL)
    setup = prepare(recipe)
    size = setup.recipe.training.batch_size
    assert size in (8, 16, 32)  # 1,222 examples
    (note,) = [note for note in setup.dataset.notes if "batch_size auto" in note]
    assert f"auto: {size}, since the noise scale is" in note
    assert setup.recipe.automatic == ()
    plain = prepare(recipe.with_values({"training.batch_size": size}))
    for one, other in zip(setup.model.variables, plain.model.variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    for one, other in zip(
        setup.model.optimizer.variables, plain.model.optimizer.variables, strict=True
    ):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    assert setup.steps == plain.steps
    write_recipe(
        tmp_path, setup.recipe.with_values({"training.batch_size": 64})
    )  # another machine's
    begun = as_begun(recipe, tmp_path)
    assert begun.training.batch_size == 64
    assert as_begun(recipe, None).training.batch_size == "auto"


class Crash(Exception):
    """Stands for any sudden end."""


@pytest.mark.slow
def test_a_stopped_run_goes_on_without_another_pilot(tmp_path, monkeypatch):
    def finish(setup, folder, *, history, **found):
        return [{k: v for k, v in row.items() if k not in WALL_TIMES} for row in history]

    monkeypatch.setattr(recipes.training.results, "finish", finish)
    how = SMALL | {"progress": False, "checkpoint_minutes": 1e-9}
    whole = train(DIGITS, run_dir=tmp_path / "whole", **how)
    recorded = Recorder.on_train_batch_end

    def crash(self, batch, logs=None):
        recorded(self, batch, logs)
        if self._epoch == 1 and batch == 3:
            raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(Recorder, "on_train_batch_end", crash)
        with pytest.raises(Crash):
            train(DIGITS, run_dir=tmp_path / "run", **how)
    kept = checkpoint_state(tmp_path / "run")["recipe"]["training.batch_size"]
    assert kept in (8, 16, 32)
    monkeypatch.setattr(recipes.training.batch_size, "batch_size_after", lambda pilot: 1 / 0)
    assert train(DIGITS, run_dir=tmp_path / "run", resume=True, **how) == whole
    mine, theirs = (read_tensors(tmp_path / name / CHECKPOINT)[0] for name in ("run", "whole"))
    assert all(np.array_equal(mine[key], theirs[key]) for key in theirs)


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("training.accumulate_steps=2", "leave accumulate_steps=2 out"),
        ("training.batch_size=atuo", "'auto'"),
        ("training.batch_size=0", "greater than or equal to 1"),
    ],
)
def test_what_leaves_nothing_to_choose_is_refused(override, words):
    with pytest.raises(RecipeError) as caught:
        load_recipe(load_recipe(DIGITS).with_values(SMALL), override)
    assert words in str(caught.value)
    assert "constrained" not in str(caught.value)


def test_a_recorded_recipe_must_not_leave_it_open():
    recipe = load_recipe(DIGITS)
    with pytest.raises(RecipeError, match=r"recorded result and training\.batch_size=auto"):
        recipe.with_values({"training.batch_size": "auto", "expects": recipe.expects.model_dump()})
    auto = recipe.with_values({"training.batch_size": "auto"})
    assert auto.automatic == ("training.batch_size",)
    assert auto.smoke().training.batch_size == 16
    assert with_least_steps(auto, 100).training.steps_per_epoch == 20
    assert with_least_steps(auto, 1000).training.steps_per_epoch is None
