"""Names to cards, and cards to what they name."""

import dataclasses
import json
from pathlib import Path

import pytest

from zoo import registry
from zoo.cards import WeightCard
from zoo.catalog.datasets import DATASETS
from zoo.catalog.image import MODELS as IMAGE_MODELS
from zoo.catalog.multimodal import MODELS as FUSIONS
from zoo.catalog.speech import MODELS as SPEECH_MODELS
from zoo.catalog.tasks import TASKS
from zoo.catalog.text import MODELS as TEXT_MODELS
from zoo.catalog.vector import MODELS as VECTOR_MODELS
from zoo.errors import ArgumentError, UnknownNameError

EVERY_MODEL = (*IMAGE_MODELS, *TEXT_MODELS, *SPEECH_MODELS, *VECTOR_MODELS, *FUSIONS)
OF_ANY = (*VECTOR_MODELS, *FUSIONS)


def weight_values(model: str, dataset: str) -> dict:
    """Return a weight's card as the catalog stores it, with invented numbers."""
    texts = ("recipe", "data_licence", "data_fingerprint", "dtype", "metric", "sha256")
    tables = ("resolved_recipe", "assets", "metrics")
    numbers = ("seed", "value", "low", "high", "params", "size_bytes")
    values = dict.fromkeys(texts, "") | {key: {} for key in tables} | dict.fromkeys(numbers, 0)
    return values | {"name": f"{model}.{dataset}", "model": model, "dataset": dataset}


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A catalog that ships the weights mlp.digits and resnet20.fashion_mnist."""
    registry.measured()  # read before the folder is exchanged
    (tmp_path / "weights").mkdir()
    for model, dataset in (("resnet20", "fashion_mnist"), ("mlp", "digits")):
        text = json.dumps(weight_values(model, dataset))
        (tmp_path / "weights" / f"{model}.{dataset}.json").write_text(text)
    monkeypatch.setattr(registry, "CATALOG", tmp_path)
    registry.weight_cards.cache_clear()
    yield tmp_path
    registry.weight_cards.cache_clear()


@pytest.mark.parametrize("cards", [EVERY_MODEL, DATASETS, TASKS])
def test_names_are_unique_within_a_catalog(cards):
    names = [card.name for card in cards]
    assert len(set(names)) == len(names)


def test_cards_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        registry.model_card("resnet20").name = "other"


def test_models_are_listed_in_catalog_order():
    assert registry.list_models() == [card.name for card in EVERY_MODEL]


@pytest.mark.parametrize(
    "pattern, expected",
    [
        ("cnn*", ["cnn_small"]),
        ("ds_cnn_[sl]", ["ds_cnn_s", "ds_cnn_l"]),
        ("RESNET*", []),  # names are lower case
        ("esnet*", []),  # the whole name must fit
    ],
)
def test_a_pattern_fits_the_whole_name(pattern, expected):
    assert registry.list_models(pattern) == expected


def test_a_word_is_part_of_a_models_familys_or_weights_name(shipped):
    assert registry.list_models("resnet2") == ["resnet20", "bc_resnet2"]
    assert {"cnn_small", "textcnn", "ds_cnn_s"} <= set(registry.list_models("CNN"))
    assert registry.list_models("fashion_mnist") == ["resnet20"]  # the data of its weight
    assert registry.list_models("resnet20.*") == ["resnet20"]
    assert registry.list_models("no such word") == []


def test_filters_must_all_fit():
    assert registry.list_models(family="mlp") == ["mlp"]
    assert registry.list_models("resnet*", family="mlp") == []
    assert registry.list_models(task="image_classification", modality="image")
    assert registry.list_models(task="no_such_task") == []
    assert registry.list_models(modality="no_such_modality") == []


def test_max_params_includes_its_limit():
    assert "resnet20" in registry.list_models(max_params=269_722)
    assert "resnet20" not in registry.list_models(max_params=269_721)
    assert registry.list_models(max_params=0) == []


def test_models_are_found_by_their_shipped_weights(shipped):
    assert registry.list_models(weights=True) == ["mlp", "resnet20"]
    assert registry.list_models(weights="digits") == ["mlp"]
    assert registry.list_models(weights="cifar10") == []
    assert registry.list_models(weights=False) == registry.list_models()


def test_a_weight_card_knows_where_its_file_lies(shipped):
    card = registry.weight_card("mlp.digits")
    assert isinstance(card, WeightCard)
    assert Path(card.file) == shipped / "weights" / "mlp.digits.safetensors"


def test_an_unknown_weight_names_the_nearest(shipped):
    with pytest.raises(UnknownNameError, match=r"resnet20\.fashion_mnist"):
        registry.weight_card("resnet20.fashion")


def test_model_info_lists_shipped_weights(shipped):
    assert registry.model_info("mlp")["weights"] == ["mlp.digits"]
    assert registry.model_info("resnet32")["weights"] == []


def test_model_info_is_json_and_complete():
    info = registry.model_info("resnet20")
    assert json.loads(json.dumps(info)) == info
    assert (info["params"], info["macs"]) == (269_722, 40_551_040)
    assert info["input_shape"] == [32, 32, 3]
    assert (info["arxiv"], info["year"], info["family"]) == ("1512.03385", 2015, "resnet_cifar")
    assert info["arguments"]["activation"] == {"type": "str", "default": "relu"}
    assert "input_shape" not in info["arguments"]  # given to `build`, not to the builder
    assert info["head_feature"] == "stride_4"
    assert info["features"][-1] == {"name": "stride_4", "stride": 4, "width": 64}


def test_the_arguments_of_a_variant_are_its_own_defaults():
    depths = {
        name: registry.builder_arguments(name)["num_blocks"]["default"]
        for name in registry.list_models(family="resnet_cifar")
    }
    assert depths == {"resnet20": 3, "resnet32": 5, "resnet44": 7, "resnet56": 9, "resnet110": 18}
    assert registry.builder_arguments("bigru")["cell"] == {"type": "str", "default": "gru"}


@pytest.mark.parametrize(
    "find, name, near",
    [
        (registry.model_card, "resnet21", "resnet20"),
        (registry.model_info, "Resnet110", "resnet110"),
        (registry.task_card, "image_clasification", "image_classification"),
    ],
)
def test_an_unknown_name_names_the_nearest(find, name, near):
    with pytest.raises(UnknownNameError) as caught:
        find(name)
    assert name in caught.value.problem
    assert near in caught.value.expected
    assert caught.value.fix


def test_a_name_like_no_other_lists_what_there_is():
    with pytest.raises(UnknownNameError, match=r"one of: airbench, alexnet"):
        registry.model_card("§§§")


def test_datasets_are_listed_by_pattern_task_and_modality():
    assert [card.name for card in registry.list_datasets("*mnist")] == ["fashion_mnist", "mnist"]
    spoken = [card.name for card in registry.list_datasets(modality="speech")]
    of_digits = ["formant_digits", "spoken_digit", "spoken_digit_strings"]
    assert sorted(spoken) == ["an4", "an4_speakers", *of_digits, "vowels"]
    assert registry.list_datasets("*", task="no_such_task") == []


def test_an_unknown_argument_names_the_nearest_and_how_to_list_them():
    with pytest.raises(ArgumentError) as caught:
        registry.check_arguments(
            "mlp", ["activation", "droput_rate"], ("activation", "dropout_rate")
        )
    assert "'droput_rate'" in caught.value.problem
    assert caught.value.expected == "nearest: dropout_rate"
    assert caught.value.fix == "zoo info mlp lists them"


def test_known_arguments_pass():
    registry.check_arguments("mlp", [], ())
    registry.check_arguments("mlp", ["activation"], {"activation": {}, "initializer": {}})


def test_references_resolve_to_what_they_name():
    assert registry.resolve("zoo.errors:nearest").__name__ == "nearest"
    for card in (*IMAGE_MODELS, *TASKS):
        reference = card.builder if card in IMAGE_MODELS else card.task
        assert registry.resolve(reference).__name__ == reference.partition(":")[2]
    for card in DATASETS:
        assert callable(registry.resolve(card.loader))


def test_every_model_names_tasks_that_exist_in_its_modality():
    for card in registry.MODELS.values():
        assert card.tasks, card.name
        for task in card.tasks:
            of_task = registry.task_card(task).modality  # empty for tasks of any inputs
            assert of_task == card.modality or (not of_task and card in OF_ANY), (card.name, task)
        for task in set(registry.tasks_of(card)) - set(card.tasks):
            assert registry.task_card(task).modality in ("", card.modality), f"{card.name}: {task}"


def test_weights_ship_only_where_the_licence_is_stated():
    for card in DATASETS:
        assert not (card.may_ship_weights and card.licence == "none stated"), card.name
