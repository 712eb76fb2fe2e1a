"""What is special about Swin Transformers."""

import pytest

from zoo.models.image.swin import swin


def test_every_second_block_shifts_where_there_are_several_windows():
    model = swin(input_shape=(32, 64, 3), depths=(2, 2), num_heads=(1, 1), window_size=4)
    shifts = {layer.name: layer.shift for layer in model.layers if layer.name.endswith("attention")}
    assert shifts == {
        "stage1_block1_attention": (0, 0),
        "stage1_block2_attention": (2, 2),
        "stage2_block1_attention": (0, 0),
        "stage2_block2_attention": (0, 2),  # 4×8 places: one window high
    }


def test_images_must_divide_into_patches():
    with pytest.raises(ValueError, match="do not divide into patches of 4×4"):
        swin(input_shape=(30, 32, 3))
