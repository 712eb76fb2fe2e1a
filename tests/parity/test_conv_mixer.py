"""ConvMixers against timm's."""

import pytest

from tests.parity.timm_models import check_against_timm


def test_odd_size_and_one_channel_equal_timm():
    check_against_timm("convmixer_768_32", size=(32, 45), channels=1, features=False)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["convmixer_768_32", "convmixer_1024_20_ks9_p14"])
def test_large_equals_timm(name):
    check_against_timm(name, features=False)
