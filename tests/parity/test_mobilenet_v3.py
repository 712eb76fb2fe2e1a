"""MobileNetV3 against timm's and keras.applications'."""

import keras
import pytest

from tests.parity.mobile_models import assert_names_reach, keras_tensors, random_statistics
from tests.parity.timm_models import assert_close, check_against_timm, image_batch
from zoo.composition import build
from zoo.pretrained.conversion import converted
from zoo.pretrained.maps.mobilenet_v3 import MAPS
from zoo.weights import load_into


def test_equals_timm():
    check_against_timm("mobilenetv3_small_100")


@pytest.mark.slow
def test_large_equals_timm():
    check_against_timm("mobilenetv3_large_100")


@pytest.mark.slow
def test_odd_size_and_one_channel_equal_timm():
    check_against_timm("mobilenetv3_small_100", size=(75, 90), channels=1)


@pytest.mark.slow
@pytest.mark.parametrize("size", ["large", "small"])
def test_keras_applications_equals(size):
    make = {
        "large": keras.applications.MobileNetV3Large,
        "small": keras.applications.MobileNetV3Small,
    }
    network = make[size](
        (70, 96, 3),
        weights=None,
        classes=10,
        classifier_activation=None,
        include_preprocessing=False,
    )
    random_statistics(network)
    model = build(
        f"mobilenetv3_{size}_100",
        input_shape=(70, 96, 3),
        num_classes=10,
        preprocessing=False,
        padding="same",
        norm_epsilon=1e-3,
    )
    tensors = keras_tensors(network)
    load_into(model, converted(model, tensors, MAPS, source="the reference").tensors)
    image = image_batch((70, 96))
    assert_close(model(image), network(image), what="keras.applications")


@pytest.mark.parametrize("size", ["large", "small"])
def test_names_reach_every_layer(size):
    model = build(f"mobilenetv3_{size}_100", input_shape=(32, 32, 3))
    assert_names_reach(model, [MAPS[names] for names in MAPS if names.endswith(size)])
