"""What is special about Xception."""

import pytest

from zoo.models.image.xception import xception

TINY = {"entry_widths": (4, 4, 8), "middle_depth": 1, "exit_widths": (8, 12, 16)}


def test_sizes_are_those_of_the_paper():
    """1610.02357 Fig. 5: 19×19×728 in the middle flow."""
    shapes = xception(**TINY).output
    assert [tensor.shape[1] for tensor in shapes.values()] == [147, 74, 37, 19, 10]


def test_small_stem_keeps_the_size():
    shapes = xception(input_shape=(28, 28, 1), stem="small", **TINY).output
    assert list(shapes) == ["stride_1", "stride_2", "stride_4", "stride_8", "stride_16"]
    assert shapes["stride_1"].shape[1] == 28 and shapes["stride_16"].shape[1] == 2
    with pytest.raises(ValueError, match="3 widths, not 2"):
        xception(exit_widths=(8, 8))
