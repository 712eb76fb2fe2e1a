"""DenseNet against timm's and keras.applications'; the form for CIFAR against one in PyTorch."""

import h5py
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
from zoo.pretrained.readers import read
from zoo.weights import load_into, tensor_keys

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


def test_names_in_files_of_torchvision_and_keras_reach_every_layer(tmp_path):
    model = build("densenet121", depths=(1, 2), growth=4, input_shape=(32, 32, 3))
    parts = {"gamma": "weight", "beta": "bias", "kernel": "weight", "bias": "bias"}
    parts |= {"moving_mean": "running_mean", "moving_variance": "running_var"}
    torchs, path = {}, tmp_path / "keras.h5"
    with h5py.File(path, "w") as file:
        for key, variable in tensor_keys(model).items():
            *_, layer, name = key.split("/")
            part = name.partition(".")[2]
            array = np.asarray(variable)
            theirs = keras_file_name(layer)
            file[f"{theirs}/{theirs}/{part}:0"] = array
            turned = np.moveaxis(array, (-1, -2), (0, 1)) if array.ndim > 1 else array
            torchs[f"{torchvision_file_name(layer)}.{parts[part]}"] = turned
    for tensors in (torchs, read(path)):
        found = converted(model, tensors, MAPS, source="a file").tensors
        assert set(found) == set(tensor_keys(model))
        for key, array in found.items():
            np.testing.assert_array_equal(array, tensor_keys(model)[key], err_msg=key)


def keras_file_name(layer):
    """Return the name in the file of keras.applications, of 2017."""
    names = {"stem_conv": "conv1/conv", "stem_norm": "conv1/bn", "final_norm": "bn"}
    names |= {"transition1_norm": "pool2_bn", "transition1_conv": "pool2_conv"}
    names |= {"head_logits": "fc1000"}
    if layer in names:
        return names[layer]
    stage, number, place, kind = layer.removeprefix("stage").split("_")
    number = int(number.removeprefix("layer"))
    part = f"{int(place) - 1}_bn" if kind == "norm" else f"{place}_conv"
    return f"conv{int(stage) + 1}_block{number}_{part}"


def torchvision_file_name(layer):
    """Return the name in torchvision's file, of 2017."""
    names = {"stem_conv": "conv0", "stem_norm": "norm0", "final_norm": "norm5"}
    names |= {"transition1_norm": "transition1.norm", "transition1_conv": "transition1.conv"}
    if layer == "head_logits":
        return "classifier"
    if layer in names:
        return f"features.{names[layer]}"
    stage, number, place, kind = layer.removeprefix("stage").split("_")
    number = number.removeprefix("layer")
    return f"features.denseblock{stage}.denselayer{number}.{kind}.{place}"


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
