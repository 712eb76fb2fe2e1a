"""A run becomes a weight with a card, where the licence of its data allows that."""

import dataclasses
import json

import pytest

from recipes.records import publish
from recipes.training.train import train
from zoo import registry
from zoo.errors import RunError
from zoo.weights import read_tensors


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    values = {"model.arguments": {"widths": [4, 8]}, "regularization.batch_norm": False}
    folder = tmp_path_factory.mktemp("ship") / "run"
    return train("image/digits-cnn", run_dir=folder, smoke=True, progress=False, **values)


def test_card_and_file_belong_together(run, tmp_path, monkeypatch):
    monkeypatch.setattr(publish, "WEIGHTS_FOLDER", tmp_path)
    card = publish.ship(run, name="cnn_small.toy")
    written = json.loads((tmp_path / "cnn_small.toy.json").read_text())
    assert written == json.loads(json.dumps(card))  # tuples are lists there
    tensors, _ = read_tensors(tmp_path / "cnn_small.toy.safetensors", sha256=card["sha256"])
    assert {str(array.dtype) for array in tensors.values()} == {card["dtype"]}
    assert card["low"] <= card["value"] <= card["high"]
    # what the knobs set in the builder is written out, so that building needs no knobs
    arguments = card["resolved_recipe"]["model"]["arguments"]
    assert arguments == {"widths": [4, 8], "normalization": "none"}


def test_data_without_a_stated_licence_gives_no_weights(run, tmp_path, monkeypatch):
    cards = [dataclasses.replace(c, may_ship_weights=False) for c in registry.list_datasets()]
    monkeypatch.setattr(publish, "WEIGHTS_FOLDER", tmp_path)
    monkeypatch.setattr(registry, "list_datasets", lambda: cards)
    with pytest.raises(RunError, match="licence of digits"):
        publish.ship(run, name="cnn_small.toy")
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_too_large_is_not_left(run, tmp_path, monkeypatch):
    monkeypatch.setattr(publish, "WEIGHTS_FOLDER", tmp_path)
    monkeypatch.setattr(publish, "SIZE_LIMIT_BYTES", 1000)
    with pytest.raises(RunError, match="more than"):
        publish.ship(run, name="cnn_small.toy")
    assert not list(tmp_path.iterdir())
