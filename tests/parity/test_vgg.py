"""VGG against timm's, and tensors of torchvision and keras.applications."""

import keras
import numpy as np
import pytest

from tests.parity.timm_models import assert_close, check_against_timm, image_batch
from zoo.composition import build
from zoo.pretrained.conversion import converted
from zoo.pretrained.maps.vgg import MAPS
from zoo.weights import load_into, tensor_keys

LARGE = ["vgg11", "vgg11_bn", "vgg13", "vgg16", "vgg19", "vgg13_bn", "vgg16_bn", "vgg19_bn"]
NARROW = {"input_shape": (224, 224, 3), "num_classes": 5, "hidden_dim": 16}


@pytest.mark.slow
def test_small_image_equals_timm():
    # The map of 2×2 is enlarged.
    check_against_timm("vgg11_bn", channels=1, features=False)


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_large_equals_timm(name):
    check_against_timm(name, size=96)


@pytest.mark.slow
def test_large_odd_image_equals_timm():
    check_against_timm("vgg11", size=(260, 230))  # 8×7 positions, two vectors


def test_dense_layers_of_torchvision_become_convolutions():
    model = build("vgg11", preprocessing=False, **NARROW)
    layers = ("1_1", "2_1", "3_1", "3_2", "4_1", "4_2", "5_1", "5_2")
    numbers = (0, 3, 6, 8, 11, 13, 16, 18)
    names = {
        **{
            f"features.{n}": f"backbone/stage{i}_conv" for n, i in zip(numbers, layers, strict=True)
        },
        "classifier.0": "backbone/fc6_conv",
        "classifier.3": "backbone/fc7_conv",
        "classifier.6": "head_logits",
    }
    ours = tensor_keys(model)
    theirs = {}
    for module, layer in names.items():
        kernel = np.asarray(ours[f"{layer}/0.kernel"])
        kernel = kernel.transpose(3, 2, 0, 1) if kernel.ndim == 4 else kernel.T
        if module.startswith("classifier"):
            kernel = kernel.reshape(len(kernel), -1)  # of a map that was flattened as (C, H, W)
        theirs[f"{module}.weight"] = kernel
        theirs[f"{module}.bias"] = np.asarray(ours[f"{layer}/1.bias"])
    found = converted(model, theirs, MAPS, source="the reference").tensors
    assert set(found) == set(ours)
    for key, array in found.items():
        np.testing.assert_array_equal(array, ours[key], err_msg=key)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["vgg16", "vgg19"])
def test_keras_applications_equal(name):
    make = {"vgg16": keras.applications.VGG16, "vgg19": keras.applications.VGG19}[name]
    network = make(weights=None, classes=10, classifier_activation=None)
    tensors = {
        f"{layer.name}/{variable.name}": np.asarray(variable)
        for layer in network.layers
        for variable in layer.weights
    }
    model = build(name, preprocessing=False, num_classes=10)
    load_into(model, converted(model, tensors, MAPS, source="the reference").tensors)
    image = image_batch(224)
    assert_close(model(image), network(image), what=name)
