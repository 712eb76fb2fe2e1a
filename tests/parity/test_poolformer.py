"""PoolFormers against timm's."""

import pytest

from tests.parity.timm_models import check_against_timm


def test_equals_timm():
    check_against_timm("poolformer_s12")


@pytest.mark.slow
def test_large_equals_timm():
    check_against_timm("poolformer_s24")


def test_odd_size_and_one_channel_equal_timm():
    check_against_timm("poolformer_s12", size=(75, 90), channels=1)
