"""Encoders of a fusion that begin with trained weights, frozen or not."""

import shutil

import numpy as np
import pytest

import recipes.training.encoders
import zoo
from recipes.runs.run import load
from recipes.runs.splits import METRICS
from recipes.training.setup import prepare
from recipes.training.train import train
from recipes.values.schema import Recipe
from zoo import registry
from zoo.cards import DatasetCard
from zoo.columns import Audio, Image, Label, Text
from zoo.data.dataset import Dataset, Split
from zoo.errors import ArgumentError, RecipeError, UnknownNameError, WeightsError, ZooError

RATE_HZ = 8_000
FROZEN = {"seen": "cnn_small.digits", "heard": "ds_cnn_s.vowels"}


def made() -> Dataset:
    """Noise: a picture, a sound and a text of two classes."""
    splits = {}
    for place, (name, count) in enumerate({"train": 24, "validation": 8, "test": 8}.items()):
        random = np.random.default_rng(place)
        label = np.arange(count) % 2
        columns = {
            "seen": list(random.integers(0, 256, (count, 12, 12, 1), "uint8")),
            "heard": list(random.uniform(-0.5, 0.5, (count, 4_000)).astype("float32")),
            "said": [("return a list", "raise an error")[k] for k in label],
        }
        columns["said"][3] = None
        splits[name] = Split({**columns, "label": label})
    features = {"seen": Image((12, 12, 1)), "heard": Audio(RATE_HZ), "said": Text()}
    features |= {"label": Label()}
    return Dataset("noise_of_three", splits, features, ("a", "b"), "CC0", "made")


@pytest.fixture(scope="module", autouse=True)
def registered():
    card = DatasetCard(
        name="noise_of_three",
        source="made",
        loader=f"{__name__}:made",
        modality="multimodal",
        task="multimodal_classification",
        summary="Noise.",
        licence="CC0",
        homepage="",
        num_classes=2,
    )
    zoo.register(card)
    yield
    registry.SHELVES[DatasetCard].pop("noise_of_three", None)


def recipe(**changes):
    values = {
        "name": "pretrained-encoders",
        "summary": "Encoders with weights.",
        "task": {"name": "multimodal_classification"},
        "data": {"name": "noise_of_three"},
        "model": {
            "name": "late_fusion",
            "arguments": {
                "encoders": {
                    "seen": {"name": "cnn_small", "weights": "digits", "frozen": True},
                    "heard": {"name": "ds_cnn_s", "weights": "ds_cnn_s.vowels", "frozen": True},
                    "said": {"name": "textcnn", "weights": "docstrings"},
                }
            },
        },
        "regularization": {"l2": 0.01, "weight_decay": 0.1},
        "optimizer": {"name": "adamw", "learning_rate": 0.03},
        "schedule": {"name": "constant"},
        "training": {"epochs": 2, "batch_size": 8, "select": "last"},
    }
    return Recipe.parse(values, source="test").with_values(changes)


def encoder_of(model, name):
    return model.get_layer("backbone").get_layer(f"{name}_encoder")


@pytest.fixture(scope="module")
def run(tmp_path_factory, registered):
    folder = tmp_path_factory.mktemp("pretrained") / "run"
    return train(recipe(), run_dir=folder, smoke=True, progress=False)


@pytest.mark.parametrize("name", FROZEN)
def test_a_frozen_encoder_answers_as_its_pretrained_model_does(run, name):
    """The reference is the weight by itself, given what `zoo.build` documents that it takes."""
    source = load(FROZEN[name])
    column = run.assets.x[name]
    (theirs,) = source.assets.x.values()
    assert column.shape == theirs.shape
    assert column.preprocessing == theirs.preprocessing
    raw = run.dataset().splits["test"].columns[name][0]
    x = column.encoded(name, raw)[name][None]
    reference = zoo.build(FROZEN[name], features_only=True)
    card = registry.model_card(source.recipe.model.name)
    expected = reference(x, training=False)[card.head_feature]
    fronted = x.astype("float32")
    for layer in run.model.layers:
        if layer.name in (f"{name}_preprocessing", f"{name}_log_mel"):
            fronted = layer(fronted)
    for training in (False, True):  # neither batch statistics nor dropout
        found = encoder_of(run.model, name)(fronted, training=training)[card.head_feature]
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    assert not encoder_of(run.model, name).trainable_variables
    theirs = source.tensors()
    for key, variable in zoo.weights.tensor_keys(encoder_of(run.model, name)).items():
        np.testing.assert_array_equal(variable, theirs[f"backbone/{key}"])


def test_an_encoder_that_is_not_frozen_begins_with_the_weights_and_is_trained(run):
    theirs = load("textcnn.docstrings").tensors()
    for model, equal in ((prepare(recipe()).model, True), (run.model, False)):
        keys = zoo.weights.tensor_keys(encoder_of(model, "said"))
        same = [np.array_equal(v, theirs[f"backbone/{key}"]) for key, v in keys.items()]
        assert all(same) if equal else not any(same)
    (text,) = load("textcnn.docstrings").assets.x.values()
    assert run.assets.x["said"].tokenizer == text.tokenizer


def test_a_run_is_used_resumed_and_continued_without_the_weights(run, tmp_path, monkeypatch):
    def gone(*given):
        raise WeightsError("The weights are not here.")

    monkeypatch.setattr(recipes.training.encoders, "load_run", gone)
    monkeypatch.setattr(recipes.training.encoders, "pinned", gone)
    with pytest.raises(WeightsError, match="not here"):
        prepare(recipe())
    assert load(run.path).evaluate()["metrics"] == run.evaluate()["metrics"]
    shutil.copytree(run.path, tmp_path / "killed")
    (tmp_path / "killed" / METRICS).unlink()
    how = {"smoke": True, "progress": False}
    resumed = train(recipe(), run_dir=tmp_path / "killed", resume=True, **how)
    assert resumed.sha256 == run.sha256
    epochs = {"training.epochs": run.recipe.training.epochs + 1}
    longer = train(
        run.path, run_dir=tmp_path / "longer", continue_run=True, progress=False, **epochs
    )
    assert len(longer.history) > len(run.history)
    assert not (longer.path / "alone").exists()  # begins with weights that are gone
    (answer,) = longer.predict([{"said": "return a list"}])
    assert len(answer["predictions"]) == 2


BASE = "model.arguments.encoders.seen"


@pytest.mark.parametrize(
    ("changes", "kind", "told"),
    [
        ({f"{BASE}.wieghts": "digits"}, RecipeError, "weights"),
        ({f"{BASE}.weights": "digit"}, UnknownNameError, "cnn_small.digits"),
        ({f"{BASE}.weights": "resnet20.fashion_mnist"}, WeightsError, "not of cnn_small"),
        ({f"{BASE}.weights": None}, ArgumentError, "random numbers"),
        ({f"{BASE}.frozen": "yes"}, ArgumentError, "true or false"),
        ({f"{BASE}.weights": __file__}, WeightsError, "zoo weights add"),
        ({f"{BASE}.arguments": {"widths": [4, 6]}}, WeightsError, "cnn_small.digits does not fit"),
        ({f"{BASE}.sha256": "0" * 64, f"{BASE}.weights": "cnn_small.digits"},
         WeightsError, "has changed"),
        ({f"{BASE}.weights": "runs/none"}, UnknownNameError, "named 'runs/none'"),
        ({"model.arguments.encoders.sean": {"name": "cnn_small", "weights": "digits"}},
         UnknownNameError, "seen"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_encoder_is_told(changes, kind, told, tmp_path):
    with pytest.raises(ZooError, match=told):
        train(recipe(**changes), run_dir=tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


def test_building_by_name_refuses_weights_that_it_would_ignore():
    with pytest.raises(ArgumentError, match=r"encoders\.image\.weights"):
        zoo.build("late_fusion", encoders={"image": {"name": "cnn_small", "weights": "digits"}})
