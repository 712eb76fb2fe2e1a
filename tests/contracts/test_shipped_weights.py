"""Weights that ship are what their cards say."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

import zoo
from recipes.export.export import FORMATS, export
from recipes.runs.evaluate import predictions_of
from recipes.values.load import load_recipe
from zoo import registry, testing
from zoo.columns.readers.audio import write_wav
from zoo.columns.readers.images import write_png
from zoo.data.pipeline import Encoded

CARDS = list(registry.weight_cards().values())


@pytest.fixture(params=CARDS, ids=lambda card: card.name)
def card(request):
    return request.param


def data_of(card):
    """Where the card's data lies; skips where it is not on this machine."""
    source = {c.name: c.source for c in registry.list_datasets()}[card.dataset]
    if source == "embedded":
        return None
    folder = os.environ.get("TFDS_DATA_DIR")
    if not folder or not (Path(folder) / card.dataset).is_dir():
        pytest.skip(f"TFDS_DATA_DIR is not set, or holds no {card.dataset}")
    return folder


def test_file_is_whole_and_small(card):
    content = Path(card.file).read_bytes()
    assert hashlib.sha256(content).hexdigest() == card.sha256
    assert len(content) == card.size_bytes <= 2_000_000


def test_all_files_together_are_small_and_each_has_a_card():
    files = list((registry.CATALOG / "weights").glob("*.safetensors"))
    assert sum(file.stat().st_size for file in files) <= 10_000_000
    assert {file.stem for file in files} == {card.name for card in CARDS}


def test_licence_of_the_data_allows_it(card):
    data = {c.name: c for c in registry.list_datasets()}[card.dataset]
    assert data.may_ship_weights
    assert card.data_licence == data.licence


def test_card_names_a_recipe_that_recorded_this_seed(card):
    recipe = load_recipe(card.recipe)
    assert recipe.model.name == card.model
    assert card.seed in recipe.expects.values
    # float16 may move the metric by a tenth of a point
    assert card.value == pytest.approx(recipe.expects.values[card.seed], abs=0.001)


def test_evaluation_gives_the_number_of_the_card(card):
    result = zoo.load(card.name).evaluate(data_dir=data_of(card))
    if not result["data_as_trained"]:  # pydoc and docstrings are of the Python that runs
        pytest.skip(f"{card.dataset} differs from what {card.name} was trained on")
    # Another processor sums in another order.
    assert result["metrics"][card.metric]["value"] == pytest.approx(card.value, rel=1e-6)


def test_built_and_loaded_model_are_the_same(card):
    run, model = zoo.load(card.name), zoo.build(card.name)
    x = testing.tiny_batch(model)
    (name,) = run.assets.x
    assert np.array_equal(np.asarray(model(x)), np.asarray(run.model({name: x})["logits"]))
    with_weights = zoo.build(card.model, weights=card.name.partition(".")[2])
    assert np.array_equal(np.asarray(with_weights(x)), np.asarray(model(x)))
    if run.assets.classes:
        assert len(zoo.build(card.name, num_classes=0)(x).shape) == 2


def written(example, folder, index, rate):
    """Write an example as a person would have it: a picture, a recording, a text."""
    if "image" in example:
        write_png(folder / f"{index}.png", example["image"])
        return folder / f"{index}.png"
    if "audio" in example:
        write_wav(folder / f"{index}.wav", example["audio"], sample_rate_hz=rate)
        return folder / f"{index}.wav"
    return example["text"]


def test_hundred_files_get_the_labels_of_evaluation(card, tmp_path):
    run = zoo.load(card.name)
    if not run.assets.classes:
        pytest.skip(f"{card.name} gives no labels")
    dataset = run.dataset(data_dir=data_of(card))
    test = dataset.splits["test"].take(range(100))
    rate = max(getattr(column, "sample_rate_hz", 0) for column in dataset.features.values())
    inputs = [written(test[i], tmp_path, i, rate) for i in range(100)]
    encoded = Encoded(test, run.task, run.assets)
    predictions, _ = predictions_of(run.model, run.task, run.assets, encoded, batch_size=64)
    expected = [run.assets.classes[k] for k in predictions.argmax(-1)]
    assert [item["predictions"][0]["label"] for item in run.predict(inputs)] == expected


@pytest.mark.slow
@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    "name", ["cnn_small.digits", "textcnn.docstrings", "ds_cnn_s.vowels", "gpt_nano.pydoc"]
)
def test_exported_models_give_the_same_labels_on_the_whole_test_split(name, format, tmp_path):
    if format != "saved_model":
        pytest.importorskip("onnxruntime", reason='pip install ".[export]"')
    parity = export(name, format=format, output=tmp_path / "model", examples=1_000_000)["parity"]
    assert parity["source"].startswith("test split")
    assert parity["equal"] == parity["of"] >= 300, parity
