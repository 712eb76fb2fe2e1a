"""Inception-v3 against timm's."""

import pytest

from tests.parity.timm_models import check_against_timm


def test_equals_timm():
    check_against_timm("inception_v3", size=(80, 107), channels=1, features=False)


@pytest.mark.slow
def test_auxiliary_head_is_ignored_at_full_size():
    check_against_timm("inception_v3", size=299, features=False, aux_logits=True)
