"""What is special about MobileNetV2."""

import pytest

from zoo.models.image.mobilenet_v2 import mobilenet_v2

TINY = {"depths": (1, 2, 1, 1, 1, 1, 1), "widths": (8,) * 7, "stem_width": 8, "last_width": 16}


def test_bottlenecks_are_linear_and_blocks_of_equal_shape_add_their_input():
    model = mobilenet_v2(input_shape=(32, 32, 3), **TINY)
    names = {layer.name for layer in model.layers}
    assert "stage2_block2_add" in names and "stage2_block1_add" not in names  # has a stride
    assert "stage2_block2_depthwise_act" in names and "stage2_block2_project_act" not in names
    assert "stage1_block1_expand_conv" not in names


def test_a_multiplier_widens_the_last_convolution_but_does_not_narrow_it():
    def deepest(multiplier):
        return mobilenet_v2(input_shape=(32, 32, 3), width_multiplier=multiplier, **TINY).output[
            "stride_32"
        ]

    assert deepest(0.5).shape == (None, 1, 1, 16) and deepest(2.0).shape == (None, 1, 1, 32)


def test_a_small_stem_leaves_out_the_first_two_strides():
    model = mobilenet_v2(input_shape=(32, 32, 3), stem="small", **TINY)
    assert list(model.output) == ["stride_1", "stride_2", "stride_4", "stride_8"]
    assert model.output["stride_8"].shape == (None, 4, 4, 16)
    with pytest.raises(ValueError, match="standard or small"):
        mobilenet_v2(stem="large")
    with pytest.raises(ValueError, match="7 stages"):
        mobilenet_v2(depths=(1,))
