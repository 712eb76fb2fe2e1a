"""Runs are compared on the same examples, example by example, and only on those."""

import numpy as np
import pytest

from recipes.comparison.compare import compare
from recipes.objects import make_dataset
from recipes.runs.run import Run, load
from recipes.training.train import train
from recipes.values.load import load_recipe
from zoo.errors import ArgumentError, RunError

WEIGHT = "cnn_small.digits"
TINY = load_recipe(
    "image/digits-cnn",
    "model.arguments.widths=[4,8]",
    "schedule.warmup_epochs=0",
    "training.epochs=1",
    "training.steps_per_epoch=3",
    "training.batch_size=16",
    "regularization.preset=none",
)


@pytest.fixture(scope="module")
def poor(tmp_path_factory):
    """A run that has learnt next to nothing."""
    return train(TINY, run_dir=tmp_path_factory.mktemp("poor") / "run", progress=False)


@pytest.fixture(scope="module")
def found(poor):
    return compare(WEIGHT, poor.path)


def test_the_better_model_is_named_with_the_difference(found, poor):
    (pair,) = found["pairs"]
    assert found["models"] == [WEIGHT, str(poor.path)]
    assert pair["better"] == WEIGHT
    assert pair["verdict"].startswith(f"Accuracy: {WEIGHT} is better than {poor.path} by ")
    assert "points" in pair["verdict"]
    ours, theirs = found["metrics"]["accuracy"]
    entry = pair["differences"]["accuracy"]
    assert entry["value"] == pytest.approx(ours - theirs)
    assert 0 < entry["low"] < entry["value"] < entry["high"]
    assert found["metrics"]["accuracy"][1] == poor.metrics["metrics"]["accuracy"]["value"]
    assert (found["examples"], found["drawn"]) == (359, "359 examples")


def test_mcnemar_counts_where_only_one_is_right(found, poor):
    right = [
        part.predictions.argmax(axis=1) == part.truths["label"]
        for part in (load(WEIGHT).scored(), poor.scored())
    ]
    test = found["pairs"][0]["mcnemar"]
    assert test["first_only"] == int((right[0] & ~right[1]).sum())
    assert test["second_only"] == int((right[1] & ~right[0]).sum())
    assert test["p"] < 1e-6


def test_a_model_beside_itself_differs_in_nothing(poor):
    (pair,) = compare(poor, poor)["pairs"]
    assert pair["better"] is None and pair["verdict"].startswith("No clear difference.")
    assert pair["mcnemar"] == {"first_only": 0, "second_only": 0, "p": 1.0}
    assert all(entry["value"] == 0 for entry in pair["differences"].values())


def test_several_models_are_compared_in_pairs_and_corrected(poor, found):
    several = compare(WEIGHT, poor, poor)
    assert len(several["pairs"]) == 3
    assert any("Corrected for 3 comparisons" in note for note in several["notes"])
    wide, narrow = (one["pairs"][0]["differences"]["accuracy"] for one in (several, found))
    assert wide["high"] - wide["low"] > narrow["high"] - narrow["low"]
    assert several["models"] == [WEIGHT, f"{poor.path} (1)", f"{poor.path} (2)"]


def test_other_test_examples_are_refused(poor):
    recipe = poor.recipe.with_values({"data.folds": 4, "data.test_fold": 1})
    fold = Run(
        name="fold",
        recipe=recipe,
        assets=poor.assets,
        metrics={"data_fingerprint": make_dataset(recipe).fingerprint},
        weights_path=poor.weights_path,
        sha256=poor.sha256,
    )
    with pytest.raises(RunError, match="tested on different examples: 359 and 450") as caught:
        compare(poor, fold)
    assert "--data" in caught.value.fix


def test_other_tasks_and_single_models_are_refused(poor):
    with pytest.raises(RunError, match="differ in their task"):
        compare(poor, "textcnn.docstrings")
    with pytest.raises(RunError, match="differ in their targets"):
        compare(poor, "resnet20.fashion_mnist")
    with pytest.raises(ArgumentError, match="two models"):
        compare(poor)


def test_groups_are_drawn_together_and_have_no_exact_test():
    found = compare("ds_cnn_s.vowels", "ds_cnn_s.vowels")
    assert found["drawn"] == "16 speakers"
    assert found["pairs"][0]["mcnemar"] is None
    assert any("McNemar" in note for note in found["notes"])


def test_texts_are_compared_where_they_are_divided_alike():
    found = compare("gpt_nano.pydoc", "gpt_nano.pydoc")
    assert found["task"] == "language_modeling"
    assert all(np.isclose(a, b) for a, b in found["metrics"].values())
    assert found["pairs"][0]["mcnemar"] is None
