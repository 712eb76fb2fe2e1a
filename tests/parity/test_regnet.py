"""RegNetX and RegNetY against timm's."""

import pytest

from tests.parity.timm_models import check_against_timm

LARGE = [f"regnet{kind}_{size}" for kind in "xy" for size in ("002", "004", "008", "032")]


def test_equals_timm():
    check_against_timm("regnety_002", size=(75, 66), channels=1)


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_large_equals_timm(name):
    check_against_timm(name)
