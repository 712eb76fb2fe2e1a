"""GhostNet against timm's, whose features by stride end with the first block of a stage."""

import pytest

from tests.parity.timm_models import check_against_timm


def test_equals_timm():
    check_against_timm("ghostnet_050", features=False)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ghostnet_100", "ghostnet_130"])
def test_wider_equals_timm(name):
    check_against_timm(name, features=False)


@pytest.mark.slow
def test_odd_size_and_one_channel_equal_timm():
    check_against_timm("ghostnet_050", size=(75, 90), channels=1, features=False)
