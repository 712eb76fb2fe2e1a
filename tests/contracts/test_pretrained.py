"""Every card of published weights is complete and fits its model."""

import re

import pytest

from zoo import registry
from zoo.cards import FileSource, PackageSource
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
        assert 0 < card.value < 1 and card.data and card.resolution
    if card.measured:
        assert set(card.measured) == {"value", "low", "high", "on", "here"}
    assert card.preprocessing is None or len(card.preprocessing.mean) in (1, model.input_shape[-1])


@pytest.mark.parametrize("name", CARDS)
def test_the_places_named_are_the_authors_own_and_digests_are_whole(name):
    for source in CARDS[name].sources:
        assert not isinstance(source, FileSource | PackageSource)
        assert source.sha256 is None or re.fullmatch(r"[0-9a-f]{64}", source.sha256)


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
