"""What is special about Inception-v3."""

import pytest

from zoo.models.image.inception_v3 import inception_v3

TINY = {
    "pool_widths": (32,),
    "factorized_widths": (128,),
    "last_depth": 1,
    "width_multiplier": 1 / 16,
}


def test_sizes_are_those_of_the_paper():
    """1512.00567 Tab. 1."""
    shapes = inception_v3(input_shape=(299, 299, 3), **TINY).output
    assert [tensor.shape[1] for tensor in shapes.values()] == [147, 71, 35, 17, 8]


def test_small_stem_takes_small_images():
    shapes = inception_v3(input_shape=(28, 28, 1), stem="small", **TINY).output
    assert {key: tensor.shape[1] for key, tensor in shapes.items()} == {
        "stride_1": 28,
        "stride_2": 13,
        "stride_4": 6,
        "stride_8": 2,
    }
    with pytest.raises(ValueError, match="smaller than 75"):
        inception_v3(input_shape=(28, 28, 1), **TINY)
