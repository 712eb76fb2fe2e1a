"""Weights that ship are what their cards say."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

import zoo
from recipes.load import load_recipe
from zoo import registry

CARDS = list(registry.weight_cards().values())


@pytest.fixture(params=CARDS, ids=lambda card: card.name)
def card(request):
    return request.param


def data_of(card, request):
    """Where the card's data lies; skips where it is not on this machine."""
    source = {c.name: c.source for c in registry.list_datasets()}[card.dataset]
    return None if source == "embedded" else request.getfixturevalue("fashion_dir")


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


def test_evaluation_gives_the_number_of_the_card(card, request):
    result = zoo.load(card.name).evaluate(data_dir=data_of(card, request))
    assert result["data_as_trained"]
    assert result["metrics"][card.metric]["value"] == card.value


def test_built_and_loaded_model_are_the_same(card):
    run, model = zoo.load(card.recipe), zoo.build(card.name)
    x = np.random.default_rng(0).integers(0, 256, (4, *model.input_shape[1:])).astype("uint8")
    assert np.array_equal(np.asarray(model(x)), np.asarray(run.model({"image": x})["logits"]))
    features = zoo.build(card.name, num_classes=0)(x)
    assert len(features.shape) == 2
    with_weights = zoo.build(card.model, weights=card.dataset)
    assert np.array_equal(np.asarray(with_weights(x)), np.asarray(model(x)))


def test_hundred_files_get_the_labels_of_evaluation(card, request, tmp_path):
    from recipes.evaluate import predictions_of
    from zoo.data.images import write_png
    from zoo.data.pipeline import Encoded

    run = zoo.load(card.name)
    test = run.dataset(data_dir=data_of(card, request)).splits["test"].take(range(100))
    files = [tmp_path / f"{i}.png" for i in range(100)]
    for file, i in zip(files, range(100), strict=True):
        write_png(file, test[i]["image"])
    encoded = Encoded(test, run.task, run.assets)
    predictions, _ = predictions_of(run.model, run.task, run.assets, encoded, batch_size=64)
    expected = [run.assets.classes[k] for k in predictions.argmax(-1)]
    assert [item["predictions"][0]["label"] for item in run.predict(files)] == expected
