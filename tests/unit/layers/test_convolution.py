"""Convolutions of image networks."""

import keras
import numpy as np
import pytest

from zoo.layers.convolution import convolution


def built(channels, **arguments):
    image = keras.Input((9, 7, channels))
    return keras.Model(image, convolution(image, 5, name="c", **arguments))


@pytest.mark.parametrize("channels", [3, 16])
@pytest.mark.parametrize("padding", ["symmetric", "same", "valid"])
def test_a_strided_pointwise_convolution_takes_every_second_pixel(channels, padding):
    model = built(channels, kernel_size=1, strides=2, padding=padding)
    image = np.random.default_rng(0).normal(size=(2, 9, 7, channels)).astype("float32")
    expected = image[:, ::2, ::2] @ np.asarray(model.get_layer("c").kernel)[0, 0]
    np.testing.assert_allclose(model(image), expected, rtol=1e-5, atol=1e-5)


def test_no_strided_pointwise_kernel_sees_few_channels():
    """TensorFlow's oneDNN computes the gradient of one beyond its memory; see the module."""
    assert built(3, kernel_size=1, strides=2).get_layer("c").strides == (1, 1)
    assert built(16, kernel_size=1, strides=2).get_layer("c").strides == (2, 2)


def test_training_through_one_leaves_the_process_alive():
    model = built(3, kernel_size=1, strides=2)
    model.compile("sgd", "mse")
    image = np.ones((4, 9, 7, 3), "float32")
    losses = [float(model.train_on_batch(image, np.ones((4, 5, 4, 5)))) for _ in range(3)]
    assert losses[-1] < losses[0]
