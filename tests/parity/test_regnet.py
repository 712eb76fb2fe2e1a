"""RegNetX and RegNetY against timm's, and names of torchvision."""

import re

import numpy as np
import pytest

from tests.parity.timm_models import check_against_timm, import_timm
from zoo.composition import build
from zoo.pretrained.conversion import converted
from zoo.pretrained.maps.regnet import MAPS

LARGE = [f"regnet{kind}_{size}" for kind in "xy" for size in ("002", "004", "008", "032")]


def test_equals_timm():
    check_against_timm("regnety_002", size=(75, 66), channels=1)


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_large_equals_timm(name):
    check_against_timm(name)


def renamed(name):
    """Turn a name of timm's into torchvision's, which counts blocks from 0."""
    name = name.replace("head.fc", "fc").replace("downsample", "proj")
    block = re.match(r"s(\d)\.b(\d+)\.", name)
    if block:
        stage, number = int(block[1]), int(block[2]) - 1
        inside = re.sub(
            r"^conv(\d)", lambda conv: "f." + "abc"[int(conv[1]) - 1], name[block.end() :]
        )
        inside = re.sub(r"^se\.", "f.se.", inside)
        name = f"trunk_output.block{stage}.block{stage}-{number}.{inside}"
    return re.sub(r"\.(conv|bn)\.(?=\w+$)", lambda part: f".{['conv', 'bn'].index(part[1])}.", name)


def test_names_of_torchvision_go_to_the_same_layers():
    network = import_timm().create_model("regnety_002", num_classes=7)
    theirs = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    model = build("regnety_002", num_classes=7, input_shape=(64, 64, 3))
    first = converted(model, theirs, {"one": MAPS["torch"]}, source="timm").tensors
    other = {renamed(name): tensor for name, tensor in theirs.items()}
    assert "trunk_output.block1.block1-0.f.a.0.weight" in other and "stem.1.running_var" in other
    second = converted(model, other, MAPS, source="torchvision").tensors
    assert set(first) == set(second)
    for key, tensor in first.items():
        np.testing.assert_array_equal(second[key], tensor, err_msg=key)
