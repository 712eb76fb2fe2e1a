"""Every card of published weights is complete and fits its model."""

import re

import numpy as np
import pytest

from zoo import registry
from zoo.cards import FileSource, PackageSource, UrlSource
from zoo.catalog.classes import COUNTS, class_ids, class_names

CARDS = registry.pretrained_cards()


@pytest.mark.parametrize("name", CARDS)
def test_a_card_states_all_that_a_user_must_know(name):
    card = CARDS[name]
    model = registry.model_card(card.model)
    assert name.startswith(f"{card.model}.")
    assert set(card.arguments) <= set(registry.measured()[card.model]["arguments"])
    assert card.sources and card.licence and card.origin
    assert card.commercial in ("yes", "no", "not stated")
    assert (card.commercial == "not stated") == (card.licence == "not stated")
    assert card.classes in COUNTS or card.classes == "none"
    assert (card.value is None) == (card.metric is None) == (card.stated_at is None)
    if card.value is not None:
        heard = model.modality == "speech"  # of any length
        assert 0 < card.value < 1 and card.data and (card.resolution or card.texts or heard)
    writes = registry.resolve(registry.task_card(model.tasks[0]).task).writes
    assert (card.texts is not None) == (model.modality == "text" or writes)
    if card.texts is not None:
        most = card.arguments.get("context_length", model.input_shape[0])  # none: no table
        assert card.texts.tokenizer and 0 < card.texts.max_tokens <= most
    if card.measured:
        assert set(card.measured) == {"value", "low", "high", "on", "here"}
    assert card.preprocessing is None or len(card.preprocessing.mean) in (1, model.input_shape[-1])


@pytest.mark.parametrize("name", CARDS)
def test_the_places_named_are_the_authors_own_and_digests_are_whole(name):
    texts = CARDS[name].texts
    for source in (*CARDS[name].sources, *(texts.tokenizer if texts else ())):
        assert not isinstance(source, FileSource | PackageSource)
        assert source.sha256 is None or re.fullmatch(r"[0-9a-f]{64}", source.sha256)
        if isinstance(source, UrlSource):
            assert source.url.startswith("https://")
            assert re.fullmatch(r"(?:[0-9a-f]{8})?", source.sha256_prefix)
            assert source.sha256_prefix in source.url


def test_weights_of_torchvision_name_its_own_file_too():
    cards = [card for card in CARDS.values() if card.origin.startswith("torchvision")]
    without = [card.name for card in cards if not isinstance(card.sources[-1], UrlSource)]
    assert len(cards) == 22
    assert without == [
        "inception_v3.tv_in1k"
    ]  # its present file is another than the one on the Hub


def test_pixels_of_keras_applications_are_scaled_as_keras_scales_them():
    keras = pytest.importorskip("keras")
    pixels = np.random.default_rng(0).integers(0, 256, (1, 2, 3, 3)).astype("float64")
    modules = {"mobilenetv1": "mobilenet", "mobilenetv2": "mobilenet_v2"}
    compared = 0
    for card in CARDS.values():
        family = card.model.rstrip("0123456789").rstrip("_")
        module = modules.get(family, family)
        if card.name.endswith(".keras_in1k") and not family.startswith("efficientnet"):
            values = card.preprocessing
            found = (pixels * values.scale - np.array(values.mean)) / np.array(values.deviation)
            expected = getattr(keras.applications, module).preprocess_input(pixels.copy())
            np.testing.assert_allclose(found, expected, atol=1e-6, err_msg=card.name)
            compared += 1
    assert compared == 6


def test_names_are_those_of_no_shipped_weight_and_come_once():
    assert not set(CARDS) & set(registry.weight_cards())


def test_classes_have_names_in_the_order_of_the_outputs():
    names, ids = class_names("imagenet_1k"), class_ids("imagenet_1k")
    assert len(set(names)) == len(set(ids)) == 1000
    assert list(ids) == sorted(ids)
    assert names[207] == "golden retriever" and names[281] == "tabby"
    assert len(class_names("cifar10")) == 10


def test_published_weights_are_listed_by_what_people_look_for():
    found = registry.list_pretrained("resnet20")
    assert [card.name for card in found] == ["resnet20.cifar10_akamaster"]
    cards = registry.list_pretrained(sort="accuracy")
    values = [card.value or 0 for card in cards]
    assert values == sorted(values, reverse=True) and len(values) == len(CARDS)
    small = registry.list_pretrained(max_params=300_000, licence="bsd-2-clause")
    assert [card.model for card in small] == ["resnet20"]
    assert all(card.commercial == "yes" for card in registry.list_pretrained(commercial=True))
