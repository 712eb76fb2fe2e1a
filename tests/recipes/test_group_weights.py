"""Groups that count alike in the loss: the weights, whole runs, and what is refused."""

import numpy as np
import pytest

from recipes.runs.run import load
from recipes.training.setup import prepare
from recipes.training.train import train
from recipes.values.schema import Recipe
from zoo.columns.readers.images import write_png
from zoo.errors import ArgumentError, RecipeError, RunError, UnknownNameError

COUNT = 60


def ground(i: int) -> str:
    """Return the ground of a picture: mostly that of its class."""
    usual = "ab"[i % 2]
    return usual if i % 10 < 8 else "ba"[i % 2]


def write_table(folder, grounds):
    """Write the table of sixty pictures; a split is drawn by a column."""
    rows = ["path,label,ground,split"]
    rows += [
        f"{i}.png,c{i % 2},{grounds[i]},{'train' if i < 40 else 'validation' if i < 50 else 'test'}"
        for i in range(COUNT)
    ]
    (folder / "a.csv").write_text("\n".join(rows))


@pytest.fixture
def table(tmp_path):
    """Dark and bright pictures, with a column that no model reads."""
    generator = np.random.default_rng(0)
    for i in range(COUNT):
        pixels = generator.integers(0, 90, (8, 8, 1)) + 120 * (i % 2)
        write_png(tmp_path / f"{i}.png", pixels.astype("uint8"))
    write_table(tmp_path, [ground(i) for i in range(COUNT)])
    return tmp_path / "a.csv"


def recipe(path, **changes):
    values = {
        "name": "image/grounds",
        "summary": "Pictures on two grounds.",
        "data": {"name": str(path), "arguments": {"file_column": "path"}},
        "task": {"name": "image_classification"},
        "model": {"name": "cnn_small", "arguments": {"widths": [4, 8]}},
        "regularization": {"preset": "none"},
        "optimizer": {"name": "adamw", "learning_rate": 0.01},
        "training": {"epochs": 3, "batch_size": 8, "group_weights": "ground+label"},
    }
    return Recipe.parse(values, source="test").with_values(changes)


def test_each_group_counts_alike(table):
    setup = prepare(recipe(table))
    _, y = setup.train.batch(np.arange(40))
    weights, groups = y["sample_weight"], [f"{ground(i)}, c{i % 2}" for i in range(40)]
    sums = {
        name: sum(w for w, g in zip(weights, groups, strict=True) if g == name) for name in groups
    }
    assert len(sums) == 4 and np.allclose([*sums.values()], 10)  # a quarter of 40 each
    assert set(setup.validation.specs[1]) == {"label"}
    (note,) = [note for note in setup.dataset.notes if "Weights of groups" in note]
    assert "b, c0 2.5 (4)" in note and "a, c0 0.625 (16)" in note
    plain = prepare(recipe(table, **{"training.group_weights": None}))
    assert plain.dataset.fingerprint == setup.dataset.fingerprint != setup.fingerprint
    assert plain.fingerprint == plain.dataset.fingerprint
    assert "sample_weight" not in plain.train.specs[1]


def test_a_run_keeps_the_field_and_is_scored_by_group(table, tmp_path):
    run = train(recipe(table), run_dir=tmp_path / "run", progress=False)
    again = load(run.path)
    assert again.recipe.training.group_weights == "ground+label"
    assert "sample_weight" not in again.assets.y
    assert again.evaluate()["metrics"] == run.metrics["metrics"]


def test_a_run_resumes_exactly_unless_the_column_has_changed(table, tmp_path, monkeypatch):
    from recipes.training.callbacks import Recorder

    whole = train(recipe(table), run_dir=tmp_path / "whole", progress=False)
    folder, seen, recorded = tmp_path / "run", [], Recorder.on_train_batch_end

    def crash(self, batch, logs=None):
        recorded(self, batch, logs)
        seen.append(batch)
        if len(seen) == 7:  # of 5 steps in an epoch
            raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(Recorder, "on_train_batch_end", crash)
        with pytest.raises(ZeroDivisionError):
            train(recipe(table), run_dir=folder, progress=False, checkpoint_minutes=1e-9)
    before = [ground(i) for i in range(COUNT)]
    write_table(tmp_path, ["ab"[i // 20 % 2] for i in range(COUNT)])
    with pytest.raises(RunError, match="has changed since the run"):
        train(recipe(table), run_dir=folder, resume=True, progress=False)
    write_table(tmp_path, before)
    run = train(recipe(table), run_dir=folder, resume=True, progress=False)
    for mine, theirs in zip(run.model.get_weights(), whole.model.get_weights(), strict=True):
        assert np.array_equal(mine, theirs)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"training.class_weights": "balanced"}, "class_weights=balanced does so again"),
        ({"data.sampling": "sqrt"}, "data.sampling=sqrt does so again"),
        ({"task.arguments.loss": "logit_adjusted"}, "loss=logit_adjusted does so again"),
        ({"data.arguments.weight_column": "trust"}, "both weigh examples"),
        ({"training.group_weights": ""}, "group_weights"),
        ({"training.group_weights": 3}, "group_weights"),
    ],
)
def test_two_weights_of_one_thing_are_refused(table, changes, said):
    with pytest.raises(RecipeError, match=said):
        recipe(table, **changes)


def test_groups_without_the_class_go_with_weights_of_classes(table):
    both = {"training.class_weights": "balanced", "training.group_weights": "ground"}
    assert prepare(recipe(table, **both)).task.class_loss.weights


def test_columns_that_make_no_groups_are_refused(table):
    with pytest.raises(UnknownNameError, match="'grund'") as caught:
        prepare(recipe(table, **{"training.group_weights": "grund"}))
    assert "ground" in caught.value.expected
    with pytest.raises(ArgumentError, match="path divides 40 examples into 40 groups"):
        prepare(recipe(table, **{"training.group_weights": "path"}))
    with pytest.raises(
        RecipeError, match=r"mixup_alpha mixes[^§]*leave training.group_weights out"
    ):
        prepare(recipe(table, **{"regularization.mixup_alpha": 0.2}))
