"""What is special about SqueezeNet."""

from dataclasses import replace

import pytest

from zoo import registry, testing
from zoo.models.image.squeezenet import squeezenet

TINY = {"depths": (1, 1), "squeezed": (2, 3), "stem_width": 4}


def test_a_fire_module_gives_eight_times_what_it_squeezes_to():
    shapes = squeezenet(input_shape=(64, 64, 1), **TINY).output
    assert shapes["stride_4"].shape[-1] == 16 and shapes["stride_8"].shape[-1] == 24


def test_small_stem_keeps_the_size():
    shapes = squeezenet(input_shape=(28, 28, 1), stem="small", **TINY).output
    assert shapes["stride_1"].shape[1:3] == (28, 28) and shapes["stride_2"].shape[1:3] == (14, 14)


def test_widths_must_belong_to_the_modules():
    with pytest.raises(ValueError, match="2 widths of 3"):
        squeezenet(depths=(1, 2), squeezed=(2, 3))


def test_contract_sees_a_wrong_stride_of_an_unpadded_network(monkeypatch):
    testing.check_features("squeezenet1_1")
    card = registry.model_card("squeezenet1_1")
    first, second, *others = card.features
    wrong = replace(card, features=(first, replace(second, stride=2), *others))
    monkeypatch.setitem(registry.MODELS, card.name, wrong)
    with pytest.raises(AssertionError, match="stride_4 has the shape"):
        testing.check_features("squeezenet1_1")
