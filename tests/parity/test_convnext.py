"""ConvNeXts against timm's."""

import pytest

from tests.parity.timm_models import check_against_timm


def test_equals_timm():
    check_against_timm("convnext_atto")


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["convnext_femto", "convnext_pico", "convnext_nano", "convnext_tiny", "convnext_small",
     "convnext_base"],
)  # fmt: skip
def test_large_equals_timm(name):
    check_against_timm(name)


def test_odd_size_and_one_channel_equal_timm():
    check_against_timm("convnext_atto", size=(75, 90), channels=1)
