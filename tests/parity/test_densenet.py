"""DenseNet against timm's and keras.applications'; the form for CIFAR against one in PyTorch."""

import keras
import numpy as np
import pytest

from tests.parity.timm_models import (
    assert_close,
    check_against_timm,
    image_batch,
    import_timm,
    ours_with_numbers_of,
    randomized,
    torch,
)
from zoo.composition import build
from zoo.pretrained.conversion import converted
from zoo.pretrained.maps.densenet import MAPS
from zoo.weights import load_into

SHALLOW = (2, 3, 1, 2)


def test_shallow_equals_timm():
    check_against_timm(
        "densenet121", size=(75, 66), channels=1, block_config=SHALLOW, ours={"depths": SHALLOW}
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["densenet121", "densenet169", "densenet201"])
def test_large_equals_timm(name):
    check_against_timm(name)


def test_form_for_cifar_equals_pytorch():
    """1608.06993 §4.2: 3×3 stem of 2k channels without normalization, three stages."""
    timm = import_timm()
    arguments = {"growth_rate": 12, "block_config": (3, 2, 4), "num_classes": 10}
    network = timm.models.densenet.DenseNet(**arguments)
    features = network.features
    features.conv0 = torch.nn.Conv2d(3, 24, 3, padding=1, bias=False)
    del features.norm0, features.pool0
    model = ours_with_numbers_of(
        "densenet_bc_100_12", randomized(network), depths=(3, 2, 4), num_classes=10
    )
    image = image_batch(32)
    with torch.no_grad():
        expected = network(torch.tensor(image.transpose(0, 3, 1, 2)))
    assert_close(model(image), expected, what="densenet_bc")


@pytest.mark.slow
def test_keras_applications_equal():
    network = keras.applications.DenseNet121(
        weights=None, classes=10, classifier_activation=None, input_shape=(64, 64, 3)
    )
    tensors = {
        f"{layer.name}/{variable.name}": np.asarray(variable)
        for layer in network.layers
        for variable in layer.weights
    }
    model = build("densenet121", preprocessing=False, num_classes=10, input_shape=(64, 64, 3))
    load_into(model, converted(model, tensors, MAPS, source="the reference").tensors)
    image = image_batch(64)
    assert_close(model(image), network(image), what="densenet121")
