"""ResNets and their descendants against timm's."""

import pytest

from tests.parity.timm_models import check_against_timm

SMALL = ["resnet18", "resnet18d", "seresnet50"]
LARGE = ["resnet34", "resnet50", "resnet101", "resnet50d", "resnext50_32x4d", "wide_resnet50_2"]


@pytest.mark.parametrize("name", SMALL)
def test_equals_timm(name):
    check_against_timm(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_large_equals_timm(name):
    check_against_timm(name)


def test_odd_size_and_one_channel_equal_timm():
    check_against_timm("resnet18", size=(75, 90), channels=1)
