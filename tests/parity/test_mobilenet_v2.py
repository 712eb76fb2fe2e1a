"""MobileNetV2 against timm's and keras.applications'."""

import keras
import pytest

from tests.parity.mobile_models import assert_names_reach, keras_tensors, random_statistics
from tests.parity.timm_models import assert_close, check_against_timm, image_batch
from zoo.composition import build
from zoo.pretrained.conversion import converted
from zoo.pretrained.maps.mobilenet_v2 import MAPS
from zoo.weights import load_into

REPLACED = ("stride_32",)  # by the last convolution


def test_equals_timm():
    check_against_timm("mobilenetv2_050", but=REPLACED)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mobilenetv2_100", "mobilenetv2_140"])
def test_wider_equals_timm(name):
    check_against_timm(name, but=REPLACED)


@pytest.mark.slow
def test_odd_size_and_one_channel_equal_timm():
    check_against_timm("mobilenetv2_050", size=(75, 90), channels=1, but=REPLACED)


@pytest.mark.slow
def test_keras_applications_equals():
    network = keras.applications.MobileNetV2(
        (70, 96, 3), alpha=0.5, weights=None, classes=10, classifier_activation=None
    )
    random_statistics(network)
    tensors = keras_tensors(network)
    model = build(
        "mobilenetv2_050",
        input_shape=(70, 96, 3),
        num_classes=10,
        preprocessing=False,
        padding="same",
        norm_epsilon=1e-3,
    )
    load_into(model, converted(model, tensors, MAPS, source="the reference").tensors)
    image = image_batch((70, 96))
    assert_close(model(image), network(image), what="keras.applications")


def test_names_reach_every_layer():
    assert_names_reach(build("mobilenetv2_050", input_shape=(32, 32, 3)), MAPS.values())
