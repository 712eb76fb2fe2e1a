"""AirBench's network against one in PyTorch, written from 2404.00498 §3 and App. A."""

import numpy as np
import pytest

from tests.parity.timm_models import assert_close, image_batch, randomized, torch
from zoo.composition import build
from zoo.models.image.airbench import whiten
from zoo.pretrained.conversion import converted
from zoo.pretrained.maps.airbench import MAPS
from zoo.weights import load_into

nn = torch.nn


class Block(nn.Module):
    def __init__(self, taken, width):
        super().__init__()
        self.conv1 = nn.Conv2d(taken, width, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(width, eps=1e-12)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(width, eps=1e-12)

    def forward(self, x):
        gelu = nn.functional.gelu
        x = gelu(self.norm1(nn.functional.max_pool2d(self.conv1(x), 2)))
        return gelu(self.norm2(self.conv2(x)))


@pytest.mark.parametrize("size", [32, 28])
def test_equals_pytorch(size):
    network = nn.Sequential(
        nn.Conv2d(3, 24, 2), nn.GELU(), Block(24, 64), Block(64, 256), Block(256, 256),
        nn.MaxPool2d(3), nn.Flatten(), nn.Linear(256, 10, bias=False),
    )  # fmt: skip
    randomized(network)
    for block in (network[2], network[3], network[4]):
        for norm in (block.norm1, block.norm2):
            nn.init.ones_(norm.weight)
    tensors = {key: tensor.numpy() for key, tensor in network.state_dict().items()}
    tensors["7.bias"] = np.zeros(10, "float32")  # which a head of ours has
    model = build("airbench", preprocessing=False, num_classes=10, input_shape=(size, size, 3))
    load_into(model, converted(model, tensors, MAPS, source="the reference").tensors)
    image = image_batch(size)
    with torch.no_grad():
        expected = network(torch.tensor(image.transpose(0, 3, 1, 2))) / 9
    assert_close(model(image), expected, what="airbench")


def test_whitening_equals_pytorch():
    images = image_batch(9, count=20)
    images[..., 1] += images[..., 0]
    taken = torch.tensor(images.transpose(0, 3, 1, 2)).double()
    patches = nn.functional.unfold(taken, 2).transpose(1, 2).reshape(-1, 12)
    values, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
    expected = (vectors / (values + 5e-4).sqrt()).T.flip(0).reshape(12, 3, 2, 2)
    model = build("airbench", preprocessing=False)
    whiten(model, images)
    kernel = np.asarray(model.get_layer("backbone").get_layer("whiten_conv").kernel)
    found, expected = kernel.transpose(3, 2, 0, 1), expected.numpy()
    signs = np.sign((found[:12] * expected).sum((1, 2, 3), keepdims=True))  # either is right
    assert_close(found[:12] * signs, expected, what="whitening")
    np.testing.assert_array_equal(found[12:], -found[:12])
