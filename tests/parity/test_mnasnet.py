"""MnasNet against timm's."""

import pytest

from tests.parity.mobile_models import assert_names_reach
from tests.parity.timm_models import check_against_timm
from zoo.composition import build
from zoo.pretrained.maps.mnasnet import MAPS

REPLACED = ("stride_32",)  # by the last convolution


def test_equals_timm():
    check_against_timm("mnasnet_100", but=REPLACED)


@pytest.mark.slow
def test_with_squeeze_and_excitation_equals_timm():
    check_against_timm("semnasnet_100", but=REPLACED)


@pytest.mark.slow
def test_odd_size_and_one_channel_equal_timm():
    check_against_timm("mnasnet_100", size=(75, 90), channels=1, but=REPLACED)


def test_names_reach_every_layer():
    assert_names_reach(build("mnasnet_100", input_shape=(32, 32, 3)), MAPS.values())
