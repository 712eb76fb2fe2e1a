"""What is special about AlexNet."""

import pytest

from zoo.models.image.alexnet import alexnet


def test_sizes_are_those_of_the_network():
    shapes = alexnet(hidden_dim=4).output
    sizes = [tensor.shape[1] for tensor in shapes.values()]
    assert sizes == [55, 27, 13, 6, 4]


def test_small_stem_and_arguments():
    shapes = alexnet(input_shape=(28, 28, 1), hidden_dim=4, stem="small").output
    assert list(shapes) == ["stride_1", "stride_2", "stride_4", "stride_8", "pooled"]
    with pytest.raises(ValueError, match="has 5 convolutions, not 2"):
        alexnet(widths=(4, 8))
    with pytest.raises(ValueError, match="standard or small"):
        alexnet(stem="deep")
