"""EfficientNetV2 against timm's and keras.applications'."""

import keras
import pytest

from tests.parity.mobile_models import assert_names_reach, keras_tensors, random_statistics
from tests.parity.timm_models import assert_close, check_against_timm, image_batch
from zoo.composition import build
from zoo.models.image.efficientnet_v2 import SMALL
from zoo.pretrained.conversion import converted
from zoo.pretrained.maps.efficientnet_v2 import MAPS
from zoo.weights import load_into

REPLACED = ("stride_32",)  # by the last convolution


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "gain"),
    # The 57 blocks of M with larger numbers turn a change of the image by 1e-12 into one of 30 %.
    [("efficientnetv2_rw_s", 1.5), ("efficientnetv2_s", 1.5), ("efficientnetv2_m", 0.75)],
)
def test_equals_timm(name, gain):
    check_against_timm(name, precise=True, but=REPLACED, gain=gain)


@pytest.mark.slow
def test_odd_size_and_one_channel_equal_timm():
    check_against_timm(
        "efficientnetv2_rw_s", size=(43, 50), channels=1, precise=True, features=False
    )


@pytest.mark.slow
def test_keras_applications_equals():
    network = keras.applications.EfficientNetV2S(
        input_shape=(70, 96, 3),
        weights=None,
        classes=10,
        classifier_activation=None,
        include_preprocessing=False,
    )
    random_statistics(network)
    model = build(
        "efficientnetv2_s",
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


def test_names_reach_every_layer():
    shallow = [(row[0], 2, *row[2:]) for row in SMALL]
    model = build("efficientnetv2_s", input_shape=(32, 32, 3), stages=shallow)
    names = ("torch", "torch, torchvision", "keras")
    assert_names_reach(model, [MAPS[name] for name in names])
