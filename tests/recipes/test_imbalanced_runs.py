"""Rare classes in a whole run: it resumes, chooses by the monitored metric, keeps its threshold."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from recipes.export.export import export
from recipes.runs.run import Run, load
from recipes.training.finetune import finetune, finetuning_recipe
from recipes.training.history import write_csv
from recipes.training.setup import prepare
from recipes.training.train import fit, train
from recipes.values.load import dump_yaml
from recipes.values.schema import Recipe
from zoo.cli.main import app
from zoo.columns.readers.images import write_png
from zoo.tasks.decision import THRESHOLD
from zoo.weights import tensor_keys

COUNTS = {"train": {"rare": 20, "usual": 140}, "test": {"rare": 30, "usual": 60}}
GOAL = {"threshold_goal": "recall>=0.9", "positive_class": "rare"}


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Noise of two classes, the rare one a little brighter."""
    folder, generator = tmp_path_factory.mktemp("data") / "photos", np.random.default_rng(0)
    for split, classes in COUNTS.items():
        for name, count in classes.items():
            (folder / split / name).mkdir(parents=True)
            for i in range(count):
                pixels = generator.integers(0, 160, (8, 8, 1)) + 22 * (name == "rare")
                write_png(folder / split / name / f"{i:03d}.png", pixels.astype("uint8"))
    return folder


def recipe(photos, **changes):
    values = {
        "name": "image/rare",
        "summary": "Rare and usual pictures.",
        "data": {"name": str(photos), "validation_fraction": 0.5},
        "model": {"name": "cnn_small", "arguments": {"widths": [4, 8]}},
        "regularization": {"preset": "none"},
        "optimizer": {"name": "adamw", "learning_rate": 0.01},
        "training": {"epochs": 3, "batch_size": 16},
    }
    return Recipe.parse(values, source="test").with_values(changes)


@pytest.fixture(scope="module")
def run(photos, tmp_path_factory):
    """A run with all of it."""
    changes = {
        "task.arguments": GOAL,
        "training.class_weights": {"rare": 5.0, "usual": 1.0},
        "data.sampling": "sqrt",
        "training.monitor": "balanced_accuracy",
    }
    folder = tmp_path_factory.mktemp("runs") / "run"
    return train(recipe(photos, **changes), run_dir=folder, progress=False)


def test_the_monitored_metric_chose_the_epoch(run):
    values = [row["val_balanced_accuracy"] for row in run.history]
    assert run.metrics["selection"]["best"] == max(values)
    assert run.metrics["selection"]["best_epoch"] == 1 + int(np.argmax(values))


def test_the_threshold_is_kept_and_decides_what_is_scored(run):
    kept = load(run.path).assets.extra[THRESHOLD]
    assert kept["positive"] == "rare" and kept["goal"] == "recall of 90 % or more"
    assert kept["met"] and kept["recall"] >= 0.9
    assert kept["examples"] == 80 and kept["positives"] == 10
    found = load(run.path).evaluate()
    assert found["metrics"] == run.metrics["metrics"]
    assert found["recall_by_class"] == run.metrics["recall_by_class"]
    rare = found["recall_by_class"]["rare"]
    assert rare["examples"] == 30 and rare["low"] < rare["value"] <= rare["high"]
    assert rare["method"] == "exact binomial over 30 examples"
    assert run.metrics["class_weights"] == {"rare": 5.0, "usual": 1.0}


def test_predictions_put_the_answer_first(run, photos):
    files = sorted((photos / "test" / "rare").iterdir())
    found = run.predict(files)
    value = run.assets.extra[THRESHOLD]["value"]
    for result in found:
        first, second = result["predictions"]
        rare = first if first["label"] == "rare" else second
        assert first["positive_threshold"] == pytest.approx(value, abs=1e-6)
        assert (first is rare) == (rare["probability"] >= value)
    recall = np.mean([result["predictions"][0]["label"] == "rare" for result in found])
    assert recall == pytest.approx(run.metrics["recall_by_class"]["rare"]["value"])


def test_a_temperature_moves_the_threshold_and_no_answer(run, photos):
    files = sorted((photos / "test").rglob("*.png"))
    plain, changed = (run.predict(files, calibrated=value) for value in (False, 3.0))
    answers = [[result["predictions"][0]["label"] for result in each] for each in (plain, changed)]
    assert answers[0] == answers[1] and len(set(answers[0])) == 2
    for result in changed:
        first = result["predictions"][0]
        is_positive = first["label"] == "rare"
        p = first["probability"] if is_positive else result["predictions"][1]["probability"]
        assert is_positive == (p >= first["positive_threshold"] - 1e-6)
    assert changed[0]["predictions"][0] != plain[0]["predictions"][0]
    found = run.evaluate(calibrated=True)
    for name in ("accuracy", "macro_f1", "mcc"):
        assert found["metrics"][name] == run.metrics["metrics"][name]
    assert found["temperature"] == run.metrics["temperature"]


def test_report_and_card_tell_the_goal_the_weights_and_the_recall(run):
    assert (run.path / "precision_recall.png").stat().st_size > 0
    page = (run.path / "report.html").read_text(encoding="utf-8")
    for words in (
        "recall of 90 % or more of rare",
        "Weights of classes in the training loss: rare 5",
    ):
        assert words in page and words in (run.path / "README.md").read_text(encoding="utf-8")
    assert "Precision against recall" in page and "chosen on validation" in page


def test_an_exported_file_tells_how_to_decide(run, tmp_path):
    facts = export(run, output=tmp_path / "out", examples=4)
    assert facts["parity"]["equal"] == 4
    assets = json.loads((tmp_path / "out" / "assets.json").read_text(encoding="utf-8"))
    assert assets["extra"]["threshold"]["value"] == run.assets.extra[THRESHOLD]["value"]
    page = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    lines = page[page.index('chosen, classes = assets["extra"]') :].partition("```")[0]
    for logits in ([[2.0, -1.0]], [[-6.0, 1.0]]):
        probability = 1 / (1 + np.exp(logits[0][1] - logits[0][0]))
        said = []
        values = {"assets": assets, "logits": np.array(logits), "np": np, "print": said.append}
        exec(lines, values)
        rare = probability >= run.assets.extra[THRESHOLD]["value"]
        assert said == ["rare" if rare else "usual"]


def test_the_threshold_of_a_calibrated_file_moves_with_its_probabilities(run, tmp_path):
    export(run, output=tmp_path / "out", examples=2, calibrated=2.0)
    assets = json.loads((tmp_path / "out" / "assets.json").read_text(encoding="utf-8"))
    before = run.assets.extra[THRESHOLD]["value"]
    odds = (before / (1 - before)) ** 0.5  # a temperature of 2 halves the logarithm
    assert assets["extra"]["threshold"]["value"] == pytest.approx(odds / (1 + odds))


@pytest.mark.parametrize(
    "changes",
    [
        {"data.sampling": "balanced", "task.arguments.loss": "focal"},
        {"training.class_weights": "balanced", "regularization.mixup_alpha": 0.3},
        {"task.arguments.loss": "logit_adjusted", "regularization.r_drop_alpha": 1.0},
    ],
    ids=lambda changes: next(iter(changes.values())),
)
def test_a_run_resumes_bit_for_bit(photos, tmp_path, changes):
    made = recipe(photos, **{"training.epochs": 2, **changes})
    whole = prepare(made)
    fit(whole, tmp_path / "whole", resume=False, progress=False)
    training = made.training.model_copy(update={"epochs": 1})
    short = replace(prepare(made), recipe=made.model_copy(update={"training": training}))
    fit(short, tmp_path / "parts", resume=False, progress=False)
    resumed = prepare(made)
    fit(resumed, tmp_path / "parts", resume=True, progress=False)
    expected, found = tensor_keys(whole.model), tensor_keys(resumed.model)
    for key, variable in expected.items():
        np.testing.assert_array_equal(found[key].numpy(), variable.numpy())


@pytest.mark.slow
def test_fine_tuning_does_not_inherit_a_threshold(run, photos, tmp_path):
    more = shutil.copytree(photos, tmp_path / "more")
    how = {"epochs": 1, "progress": False}
    tuned = finetune(str(run.path), more, run_dir=tmp_path / "tuned", **how)
    assert THRESHOLD not in tuned.assets.extra and not tuned.recipe.task.arguments
    goal = "task.arguments={threshold_goal: f1, positive_class: usual}"
    again = finetune(str(run.path), more, goal, run_dir=tmp_path / "again", **how)
    assert again.assets.extra[THRESHOLD]["positive"] == "usual"


def test_a_fitted_head_takes_weights_but_no_loss(run, photos, tmp_path):
    more = shutil.copytree(photos, tmp_path / "more")
    focal = run.recipe.with_values({"task.arguments": {"loss": "focal", "image_size": 8}})
    source = Run(
        name=run.name, recipe=focal, assets=run.assets, metrics=run.metrics,
        weights_path=run.weights_path, sha256=run.sha256, path=run.path,
    )  # fmt: skip
    made = finetuning_recipe(source, str(more), epochs=0)
    assert made.task.arguments == {"image_size": 8}
    tuned = finetune(
        str(run.path), more, "training.class_weights=balanced",
        run_dir=tmp_path / "head", epochs=0, progress=False,
    )  # fmt: skip
    assert tuned.metrics["class_weights"]["rare"] > 3


def test_mistakes_end_in_one_screen(photos, tmp_path):
    file = tmp_path / "rare.yaml"
    file.write_text(dump_yaml(recipe(photos).resolved()), encoding="utf-8")
    for override, words in (
        ("training.class_weights={rare: -1, usual: 1}", "not above 0: rare: -1"),
        ("training.class_weights={rare: 2}", "no weight for usual"),
        ("training.class_weights={rar: 2, usual: 1}", "nearest: rare"),
        ("training.monitor=makro_f1", "nearest: macro_f1"),
        ("data.sampling=equal", "data.sampling"),
        ("task.arguments={threshold_goal: recall>=2, positive_class: rare}", "at most 1"),
        ("task.arguments={threshold_goal: f1, positive_class: rarely}", "one of: rare"),
    ):
        told = CliRunner().invoke(
            app, ["train", str(file), override, "--run-dir", str(tmp_path / "r")]
        )
        said = told.output + str(told.exception)
        assert told.exit_code != 0 and words in said, said
        assert not (tmp_path / "r").exists()


def test_a_history_from_before_a_metric_was_added_goes_on(tmp_path, run):
    copy = shutil.copytree(run.path, tmp_path / "run")
    early = [{k: v for k, v in row.items() if k != "val_mcc"} for row in run.history[:1]]
    write_csv(copy / "history.csv", [*early, *run.history[1:]])
    assert load(copy).history == [*early, *run.history[1:]]
