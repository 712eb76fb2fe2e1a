"""MobileViTs against timm's."""

import pytest

from tests.parity.timm_models import check_against_timm


def test_resized_maps_and_one_channel_equal_timm():
    check_against_timm("mobilevit_xs", size=(75, 96), channels=1)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mobilevit_xs", "mobilevit_s"])
def test_large_equals_timm(name):
    check_against_timm(name)
