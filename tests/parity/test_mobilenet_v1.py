"""MobileNet against timm's, keras.applications' and MLPerf Tiny's reference."""

import keras
import pytest

from tests.parity.mobile_models import (
    assert_names_reach,
    assign,
    h5_tensors,
    keras_tensors,
    random_statistics,
)
from tests.parity.real_files import weight_file
from tests.parity.timm_models import assert_close, check_against_timm, image_batch
from zoo.composition import build
from zoo.pretrained.conversion import converted
from zoo.pretrained.maps.mobilenet_v1 import MAPS
from zoo.weights import load_into

STRIDED = (1, 3, 5, 11)  # blocks of MLPerf Tiny's, from 0


def tiny_keras():
    """MLPerf Tiny's person detection, rebuilt from the layers that its file lists."""
    layers, numbers = keras.layers, {}

    def named(kind, *arguments, **values):
        base = {
            "Conv2D": "conv2d",
            "DepthwiseConv2D": "depthwise_conv2d",
            "BatchNormalization": "batch_normalization",
        }[kind]
        count = numbers[base] = numbers.get(base, -1) + 1
        name = f"{base}_{count}" if count else base
        return getattr(layers, kind)(*arguments, name=name, **values)

    image = keras.Input((96, 96, 3))
    x = named("Conv2D", 8, 3, strides=2, padding="same")(image)
    x = layers.ReLU()(named("BatchNormalization")(x))
    widths = (16, 32, 32, 64, 64, *(128,) * 6, 256, 256)
    for number, width in enumerate(widths):
        strides = 2 if number in STRIDED else 1
        x = named("DepthwiseConv2D", 3, strides=strides, padding="same")(x)
        x = layers.ReLU()(named("BatchNormalization")(x))
        x = named("Conv2D", width, 1)(x)
        x = layers.ReLU()(named("BatchNormalization")(x))
    x = layers.Flatten()(layers.AveragePooling2D(3)(x))
    return keras.Model(image, layers.Dense(2, name="dense")(x))


def assert_tiny_equals(tensors, network, images, **arguments):
    model = build("mobilenetv1_025", preprocessing=False, **arguments)
    load_into(model, converted(model, tensors, MAPS, source="the reference").tensors)
    assert_close(model(images), network(images), what="MLPerf Tiny")


def test_equals_timm():
    check_against_timm("mobilenetv1_100")


@pytest.mark.slow
def test_odd_size_and_one_channel_equal_timm():
    check_against_timm("mobilenetv1_100", size=(75, 90), channels=1)


def test_tiny_equals_its_reference():
    network = tiny_keras()
    random_statistics(network)
    assert_tiny_equals(keras_tensors(network), network, image_batch(96))


def test_published_tiny_weights_give_the_logits_of_their_reference():
    network, tensors = tiny_keras(), h5_tensors(weight_file("vww_96.h5"))
    assign(network, tensors)
    assert_tiny_equals(tensors, network, abs(image_batch(96)) % 1)


@pytest.mark.slow
def test_keras_applications_equals():
    # Sides that are odd before a stride are padded only at their end there, which "same" does not.
    network = keras.applications.MobileNet(
        (64, 96, 3), alpha=0.25, weights=None, classes=10, classifier_activation=None
    )
    random_statistics(network)
    model = build(
        "mobilenetv1_025",
        input_shape=(64, 96, 3),
        num_classes=10,
        preprocessing=False,
        activation="relu6",
        use_bias=False,
    )
    tensors = keras_tensors(network)
    load_into(model, converted(model, tensors, MAPS, source="the reference").tensors)
    image = image_batch((64, 96))
    assert_close(model(image), network(image), what="keras.applications")


def test_names_reach_every_layer():
    assert_names_reach(build("mobilenetv1_025", input_shape=(32, 32, 3)), MAPS.values())
