"""What is special about ConvNeXt."""

import numpy as np
import pytest

from zoo.models.image.convnext import convnext

TINY = {"depths": (1, 1), "widths": (4, 8)}


def test_branches_start_at_almost_nothing():
    model = convnext(input_shape=(16, 16, 3), depths=(2,), widths=(4,))
    stem = model.get_layer("stem_norm").output
    added = type(model)(model.input, model.output["stride_4"] - stem)
    assert np.abs(added(np.ones((1, 16, 16, 3)))).max() < 1e-5


def test_small_stem_keeps_every_pixel():
    model = convnext(input_shape=(28, 28, 1), stem="small", **TINY)
    assert model.output["stride_1"].shape == (None, 28, 28, 4)
    assert list(model.output) == ["stride_1", "stride_2", "pooled"]


def test_stages_need_a_depth_and_a_width():
    with pytest.raises(ValueError, match="each stage needs both"):
        convnext(depths=(1, 1), widths=(4,))
