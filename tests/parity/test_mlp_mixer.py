"""MLP-Mixers against timm's."""

import pytest

from tests.parity.timm_models import check_against_timm


def check_mixer(name, **arguments):
    check_against_timm(name, timm_name=f"{name}_224", features=False, **arguments)


def test_oblong_and_one_channel_equal_timm():
    check_mixer("mixer_s32", size=(64, 96), channels=1, img_size=(64, 96))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mixer_s32", "mixer_s16", "mixer_b16"])
def test_large_equals_timm(name):
    check_mixer(name, size=64, img_size=64)
