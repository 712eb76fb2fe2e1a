"""ConvNeXts V2 against timm's."""

import pytest

from tests.parity.timm_models import check_against_timm


def test_equals_timm():
    check_against_timm("convnextv2_atto")


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["convnextv2_femto", "convnextv2_pico", "convnextv2_nano", "convnextv2_tiny"]
)
def test_large_equals_timm(name):
    check_against_timm(name)
