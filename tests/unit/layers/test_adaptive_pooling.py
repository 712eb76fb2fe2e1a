"""Average pooling to a size of the output."""

import keras
import numpy as np
import pytest

from zoo.errors import ArgumentError
from zoo.layers.adaptive_pooling import AdaptiveAveragePooling


def by_hand(x, height, width):
    """Average each window that PyTorch's documentation gives."""
    rows, columns = x.shape[1:3]
    result = np.zeros((x.shape[0], height, width, x.shape[3]), "float32")
    for i in range(height):
        for j in range(width):
            top, left = i * rows // height, j * columns // width
            bottom, right = -(-(i + 1) * rows // height), -(-(j + 1) * columns // width)
            result[:, i, j] = x[:, top:bottom, left:right].mean((1, 2))
    return result


@pytest.mark.parametrize("shape", [(2, 3), (7, 7), (9, 4), (20, 15)])
def test_windows_are_those_of_the_definition(shape):
    x = np.random.default_rng(0).normal(size=(2, *shape, 3)).astype("float32")
    image = keras.Input((None, None, 3))  # the size is only known when it runs
    model = keras.Model(image, AdaptiveAveragePooling((7, 6))(image))
    assert model.output_shape == (None, 7, 6, 3)
    np.testing.assert_allclose(model.predict(x, verbose=0), by_hand(x, 7, 6), atol=1e-6)
    np.testing.assert_allclose(AdaptiveAveragePooling((7, 6))(x), by_hand(x, 7, 6), atol=1e-6)


def test_larger_axes_can_be_kept():
    x = np.random.default_rng(0).normal(size=(1, 3, 9, 2)).astype("float32")
    image = keras.Input((None, None, 2))
    model = keras.Model(image, AdaptiveAveragePooling((7, 7), keep_larger=True)(image))
    np.testing.assert_allclose(model.predict(x, verbose=0), by_hand(x, 7, 9), atol=1e-6)


def test_size_below_one_is_refused():
    with pytest.raises(ArgumentError, match="cannot pool"):
        AdaptiveAveragePooling((7, 0))
