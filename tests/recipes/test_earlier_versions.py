"""What 0.1.0 wrote loads, evaluates, predicts and goes on; what a newer version wrote is refused."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from recipes.records.verify import hardware
from recipes.runs.run import load
from recipes.training.train import train
from recipes.values.load import load_recipe
from zoo import devices, registry
from zoo.errors import RecipeError, RunError, WeightsError
from zoo.tensor_files import read_metadata, read_tensors, write_tensors

EARLIER = Path(__file__).parents[1] / "fixtures" / "0_1_0"
RUNS = ("image", "text", "speech", "language_model")
INPUTS = {
    "image": np.zeros((8, 8, 1), "uint8"),
    "text": "Return the length of the list.",
    "speech": np.zeros(2000, "float32"),
}


@pytest.mark.parametrize("name", RUNS)
def test_a_run_is_evaluated_to_what_it_recorded(name):
    run = load(EARLIER / name)
    result = run.evaluate()
    if not result["data_as_trained"]:  # docstrings and pydoc are those of the Python that runs
        pytest.skip(f"{run.recipe.data.name} is other data with this version of Python")
    environment = json.loads((EARLIER / name / "environment.json").read_text())
    devices.load_tensorflow()
    same = hardware(environment) == hardware(devices.environment())
    for metric, recorded in run.metrics["metrics"].items():
        if metric == "ece" and not same:  # bins turn small differences into large ones
            continue
        found = result["metrics"][metric]["value"]
        assert found == pytest.approx(recorded["value"], rel=1e-6 if same else 1e-3), metric


@pytest.mark.parametrize("name", INPUTS)
def test_a_run_predicts(name):
    run = load(EARLIER / name)
    (result,) = run.predict([INPUTS[name]])
    labels = [item["label"] for item in result["predictions"]]
    assert labels and set(labels) <= set(run.assets.classes)


def test_a_language_model_generates():
    from recipes.runs.generate import generate

    assert generate(EARLIER / "language_model", "The ", max_tokens=8, seed=1)


def test_history_and_fingerprint_are_read():
    run = load(EARLIER / "image")
    assert [row["epoch"] for row in run.history] == [1, 2]
    assert run.fingerprint == run.metrics["data_fingerprint"]


def test_a_stopped_run_is_resumed_to_the_end_that_it_would_have_had(tmp_path):
    shutil.copytree(EARLIER / "stopped", tmp_path / "run")
    run = train(
        tmp_path / "run" / "recipe.yaml", run_dir=tmp_path / "run", resume=True, progress=False
    )
    whole = load(EARLIER / "image")
    assert [row["epoch"] for row in run.history] == [1, 2]
    assert run.metrics["metrics"]["loss"]["value"] == pytest.approx(
        whole.metrics["metrics"]["loss"]["value"], rel=1e-3
    )


def test_a_weight_with_its_card_is_read(tmp_path, monkeypatch):
    (tmp_path / "weights").symlink_to(EARLIER / "weights")
    monkeypatch.setattr(registry, "CATALOG", tmp_path)
    # Without the cache: what the catalog held before, and this folder's weight afterwards.
    monkeypatch.setattr(registry, "weight_cards", registry.weight_cards.__wrapped__)
    (card,) = registry.weight_cards().values()
    result = load("cnn_small.small").evaluate()
    assert result["data_as_trained"]
    assert result["metrics"][card.metric]["value"] == pytest.approx(card.value, rel=1e-3)


def test_a_recipe_is_read():
    recipe = load_recipe(EARLIER / "mine.yaml")
    assert (recipe.optimizer.learning_rate, recipe.training.seed) == (0.01, 7)
    assert recipe.regularization_values().dropout_rate == 0.2


# --- newer ones


@pytest.fixture
def image_run(tmp_path):
    return Path(shutil.copytree(EARLIER / "image", tmp_path / "run"))


def test_a_run_of_a_newer_version_is_refused_whatever_else_is_in_it(image_run):
    metrics = json.loads((image_run / "metrics.json").read_text())
    (image_run / "metrics.json").write_text(json.dumps(metrics | {"format": 99}))
    (image_run / "assets.json").unlink()
    with pytest.raises(RunError, match="written by a newer kerazoo"):
        load(image_run)


def test_weights_of_a_newer_version_are_refused(image_run):
    tensors, _ = read_tensors(image_run / "weights.safetensors")
    sha256 = write_tensors(
        image_run / "weights.safetensors", tensors, metadata={"kerazoo_weights": "99"}
    )
    metrics = json.loads((image_run / "metrics.json").read_text())
    (image_run / "metrics.json").write_text(json.dumps(metrics | {"weights_sha256": sha256}))
    with pytest.raises(WeightsError, match="written by a newer kerazoo"):
        load(image_run).model  # noqa: B018


def test_a_checkpoint_of_a_newer_version_is_refused(tmp_path):
    folder = Path(shutil.copytree(EARLIER / "stopped", tmp_path / "run"))
    path = folder / "checkpoints" / "last.safetensors"
    tensors, _ = read_tensors(path)
    metadata = read_metadata(path) | {"format": "kerazoo-checkpoint-99"}
    write_tensors(path, tensors, metadata=metadata)
    with pytest.raises(RunError, match="written by a newer kerazoo"):
        train(folder / "recipe.yaml", run_dir=folder, resume=True, progress=False)


def test_a_recipe_of_a_newer_version_is_refused_before_its_fields_are_read(tmp_path):
    text = (EARLIER / "mine.yaml").read_text()
    (tmp_path / "new.yaml").write_text(f"format: 99\nsomething_new: 1\n{text}")
    with pytest.raises(RecipeError, match="written by a newer kerazoo"):
        load_recipe(tmp_path / "new.yaml")
    (tmp_path / "same.yaml").write_text(f"format: 1\n{text}")
    assert load_recipe(tmp_path / "same.yaml") == load_recipe(EARLIER / "mine.yaml")
