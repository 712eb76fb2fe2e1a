"""Grouped convolution equals Keras' own, forwards and backwards."""

import keras
import numpy as np
import pytest

from zoo.layers.grouped_conv import LEAST_CHANNELS, GroupedConv2D

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf


def gradients(layer, image):
    with tf.GradientTape() as tape:
        tape.watch(image)
        output = layer(image)
        loss = tf.reduce_sum(output * tf.cos(output))
    return output, tape.gradient(loss, [image, *(v.value for v in layer.trainable_variables)])


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="elsewhere it is Keras' own")
@pytest.mark.parametrize(
    "channels, filters, groups, values",
    [
        (8, 8, 2, {}),
        (64, 32, 32, {"strides": 2}),
        (24, 24, 3, {"padding": "valid", "dilation_rate": 2}),
        (6 * LEAST_CHANNELS, 12, 6, {"use_bias": False}),
        (10, 20, 5, {"activation": "relu"}),  # no block of groups has LEAST_CHANNELS
    ],
)
def test_results_and_gradients_equal_those_of_keras(channels, filters, groups, values):
    values = {"padding": "same", **values}
    ours = GroupedConv2D(filters, 3, groups=groups, bias_initializer="normal", **values)
    stock = keras.layers.Conv2D(filters, 3, groups=groups, **values)
    image = tf.constant(np.random.default_rng(0).normal(size=(2, 9, 8, channels)), "float32")
    ours(image), stock(image)
    stock.set_weights(ours.get_weights())
    expected, expected_gradients = gradients(stock, image)
    found, found_gradients = gradients(ours, image)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert len(found_gradients) == len(expected_gradients) > 1
    for one, other in zip(found_gradients, expected_gradients, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5 * float(np.abs(other).max()))


def test_it_is_saved_and_loaded_with_its_groups(tmp_path):
    model = keras.Sequential([keras.Input((4, 4, 8)), GroupedConv2D(8, 3, groups=4)])
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert again.layers[0].groups == 4 and again.layers[0].kernel.shape == (3, 3, 2, 8)
