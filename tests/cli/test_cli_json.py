"""With --json a command prints one JSON document on stdout and nothing else."""

import json
import math
import os
import shutil
import subprocess
import sys

import pytest
import yaml
from shell import DIGITS

from zoo import registry
from zoo.cli import output


def assert_metrics(metrics):
    """Every metric has a value within its interval, if it has one."""
    assert set(metrics) == {"accuracy", "macro_f1", "balanced_accuracy", "mcc", "loss", "ece"}
    for values in metrics.values():
        assert set(values) == {"value", "low", "high", "method"}
        assert math.isfinite(values["value"])
        if values["low"] is not None:
            assert values["low"] <= values["value"] <= values["high"]
    assert metrics["ece"]["low"] is None


def test_list(zoo):
    models = zoo("list", "--json").document
    assert [model["name"] for model in models] == list(registry.MODELS)
    for model in models:
        assert {"name", "family", "modality", "task", "params", "macs", "weights"} <= set(model)
        assert model["params"] > 0
        assert model["macs"] > 0


def test_list_filters(zoo):
    models = zoo("list", "resnet2*", "--max-params", 300_000, "--json").document
    assert [model["name"] for model in models] == ["resnet20"]
    assert zoo("list", "nothing*", "--json").document == []


def test_list_weights(zoo):
    keys = {"name", "model", "dataset", "recipe", "metric", "value", "low", "high", "sha256"}
    weights = zoo("list", "--weights", "--json").document
    assert [weight["name"] for weight in weights] == list(registry.weight_cards())
    assert all(keys <= set(weight) for weight in weights)


def test_info(zoo):
    info = zoo("info", "resnet20", "--json").document
    assert info["params"] == 269_722
    assert info["arguments"]["activation"] == {"type": "str", "default": "relu"}


def test_list_takes_part_of_a_name(zoo):
    names = [model["name"] for model in zoo("list", "cnn", "--json").document]
    assert "cnn_small" in names and "mlp" not in names
    weights = [weight["name"] for weight in zoo("list", "fashion", "--weights", "--json").document]
    assert weights == ["resnet20.fashion_mnist"]


def test_info_of_a_weight(zoo):
    info = zoo("info", "resnet20.fashion_mnist", "--json").document
    assert (info["model"], info["dataset"]) == ("resnet20", "fashion_mnist")
    assert info["low"] <= info["value"] <= info["high"]
    assert "zoo predict resnet20.fashion_mnist FILE" in zoo("info", info["name"]).out
    assert "zoo generate gpt_nano.pydoc --prompt" in zoo("info", "gpt_nano.pydoc").out


@pytest.mark.parametrize(
    "arguments",
    [("info", "resnet21"), ("train", "nowhere"), ("predict",), ("list", "--nonsense")],
    ids=" ".join,
)
def test_an_error_is_one_document_too(zoo, arguments):
    outcome = zoo(*arguments, "--json")
    assert outcome.code == 2
    assert set(outcome.document) == {"error"}
    assert set(outcome.document["error"]) == {"problem", "expected", "fix"}
    assert outcome.document["error"]["fix"]
    assert outcome.err


def test_ctrl_c_is_exit_code_130_and_a_document(zoo, monkeypatch):
    from zoo import registry

    def stop(name):
        raise KeyboardInterrupt

    monkeypatch.setattr(registry, "model_info", stop)
    outcome = zoo("info", "resnet20", "--json")
    assert outcome.code == 130
    assert "Ctrl-C" in outcome.document["error"]["problem"]
    assert zoo("info", "resnet20").code == 130


def test_recipes_list(zoo):
    recipes = zoo("recipes", "list", "--json").document
    digits = next(recipe for recipe in recipes if recipe["name"] == "image/digits-cnn")
    assert digits["task"] == "image_classification"
    assert digits["dataset"] == "digits"
    assert digits["model"] == "cnn_small"
    assert digits["expects"] == "unmeasured" or digits["expects"]["metric"] == "accuracy"


def test_recipes_show_gives_every_value_with_overrides(zoo):
    values = zoo("recipes", "show", "image/digits-cnn", "training.epochs=7", "--json").document
    assert values["training"]["epochs"] == 7
    assert values["regularization"]["weight_decay"] == 0.01  # from the preset


def test_recipes_show_without_json_is_a_recipe_again(zoo):
    shown = yaml.safe_load(zoo("recipes", "show", "image/digits-cnn").out)
    as_json = zoo("recipes", "show", "image/digits-cnn", "--json").document
    assert json.loads(json.dumps(shown)) == as_json  # seeds are words in JSON


def test_data_list(zoo):
    datasets = {item["name"]: item for item in zoo("data", "--json").document}
    assert datasets["digits"]["source"] == "embedded"
    assert all(item["licence"] and item["homepage"] for item in datasets.values())


def test_data_writes_no_picture_unless_asked(zoo, in_tmp):
    facts = zoo("data", "digits", "--json").document
    assert facts["classes"] == list("0123456789")
    assert sum(map(sum, facts["counts"].values())) == 1797
    assert "CC BY 4.0" in facts["licence"]
    assert list(in_tmp.iterdir()) == []
    assert zoo("data", "digits", "--json", "--picture", "my.png").document == facts
    assert (in_tmp / "my.png").exists()


def test_data_check(zoo, in_tmp):
    checks = zoo("data", "digits", "--check", "--json").document["checks"]
    assert checks["ok"] is True


@pytest.mark.parametrize("name", ["digits", "fashion_mnist", "some_tfds_set"])
def test_data_where(zoo, name):
    found = zoo("data", name, "--where", "--json").document
    assert found["name"] == name
    assert ("--download" in found["where"]) == (name != "digits")


def test_train_prints_metrics_on_stdout_and_progress_on_stderr(trained):
    run_dir, outcome = trained
    document = outcome.document
    assert document["run"] == str(run_dir)
    assert_metrics(document["metrics"])
    epochs = [line for line in outcome.err.splitlines() if line.startswith("epoch")]
    assert ["1/2" in epochs[0], "2/2" in epochs[1], len(epochs)] == [True, True, 2]


def test_evaluate_repeats_what_training_measured(zoo, trained):
    run_dir, outcome = trained
    document = zoo("evaluate", run_dir, "--json").document
    assert document["examples"] == 240
    assert document["split"] == "test"
    assert_metrics(document["metrics"])
    assert document["metrics"] == outcome.document["metrics"]


def test_predict(zoo, run_dir, digit_png):
    (result,) = zoo("predict", run_dir, digit_png, "--json").document
    assert result["file"] == str(digit_png)
    assert result["task"] == "image_classification"
    probabilities = [item["probability"] for item in result["predictions"]]
    assert probabilities == sorted(probabilities, reverse=True)
    assert {item["label"] for item in result["predictions"]} <= set("0123456789")


def test_doctor_exits_with_1_exactly_where_there_is_a_problem(zoo):
    outcome = zoo("doctor", "--json")
    document = outcome.document
    assert document["facts"]["keras"]
    assert outcome.code == (1 if document["problems"] else 0)
    assert all(item["problem"] and item["fix"] for item in document["problems"])


def measured_recipe(path, run_dir, *, value, low, high):
    """Write the run's recipe as one that expects a value."""
    metrics = json.loads((run_dir / "metrics.json").read_text())
    values = yaml.safe_load((run_dir / "recipe.yaml").read_text())
    values["expects"] = {
        "metric": "accuracy",
        "values": {values["training"]["seed"]: value},
        "mean": value,
        "low": low,
        "high": high,
        "minutes": 1.0,
        "hardware": "another machine",
        "data_fingerprint": metrics["data_fingerprint"],
    }
    path.write_text(yaml.safe_dump(values, sort_keys=False))


def test_verify_trains_again_and_compares(zoo, run_dir, in_tmp):
    value = json.loads((run_dir / "metrics.json").read_text())["metrics"]["accuracy"]["value"]
    measured_recipe(in_tmp / "my.yaml", run_dir, value=value, low=value, high=value + 0.01)
    outcome = zoo("verify", "my.yaml", "--json")
    assert outcome.document["verdict"] == "within the interval"
    assert outcome.document["value"] == outcome.document["recorded"] == value
    assert outcome.code == 0


def test_verify_exits_with_1_outside_the_interval(zoo, run_dir, in_tmp, monkeypatch):
    import recipes.records.verify
    from recipes.runs.run import load

    measured_recipe(in_tmp / "my.yaml", run_dir, value=0.99, low=0.98, high=1.0)
    monkeypatch.setattr(recipes.records.verify, "train", lambda *_, **__: load(run_dir))
    outcome = zoo("verify", "my.yaml", "--json")
    assert outcome.document["verdict"] == "outside the interval"
    assert outcome.code == 1


def test_resuming_a_finished_run_prints_its_metrics(zoo, trained, in_tmp):
    run_dir, outcome = trained
    shutil.copytree(run_dir, in_tmp / "run")
    again = zoo("train", "run/recipe.yaml", "--run-dir", "run", "--resume", "--json")
    assert again.document == outcome.document | {"run": "run"}


def test_what_json_cannot_hold_becomes_null(capsys):
    output.show_json({"a": [math.nan, math.inf, 1.5], 2: "é"})
    assert json.loads(capsys.readouterr().out) == {"a": [None, None, 1.5], "2": "é"}


@pytest.mark.parametrize(
    ("words", "problem", "fix"),
    [
        (("train", DIGITS, "--epochs", "3"), "No such option: --epochs", "training.epochs=3"),
        (
            ("tune", DIGITS, "--batch-size=8"),
            "No such option: --batch-size",
            "training.batch_size=8",
        ),
        (("train", DIGITS, "--no-such"), "No such option: --no-such", "zoo train --help"),
        (("list", "--max-params", "-5"), "--max-params", "zoo list --help"),
        (("predict",), "Missing argument", "zoo predict --help"),
        (("recipes", "shwo"), "There is no command 'zoo recipes shwo'.", "zoo recipes --help"),
        (("trian", DIGITS), "There is no command 'zoo trian'.", "zoo --help"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_mistake_in_the_command_line_says_which(zoo, words, problem, fix):
    outcome = zoo(*words, "--json")
    assert outcome.code == 2
    error = outcome.document["error"]
    assert problem in error["problem"]
    assert fix in error["fix"]
    assert (f"to fix: {fix}" in outcome.err) == ("=" in fix)


@pytest.mark.parametrize("words", ["list", "list --json", "--help", "info resnet20"])
def test_a_reader_that_has_gone_ends_a_command_quietly(words):
    reading, writing = os.pipe()
    os.close(reading)
    code = (
        f"import sys; sys.argv = ['zoo', *{words.split()}]; from zoo.cli.main import main; main()"
    )
    ended = subprocess.run([sys.executable, "-c", code], stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert ended.returncode == 141
    assert ended.stderr == b""
