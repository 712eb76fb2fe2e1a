"""SqueezeNet against one in PyTorch, written from the paper with torchvision's names."""

import importlib

import pytest

from tests.parity.timm_models import assert_close, image_batch, randomized, torch
from zoo.composition import build
from zoo.pretrained.conversion import converted
from zoo.weights import load_into

nn = torch.nn
POOL = "pool"
LAYERS = {  # 1602.07360 Tab. 1, and SqueezeNet v1.1 of its repository: channels squeezed to
    "squeezenet1_0": (7, 96, [POOL, 16, 16, 32, POOL, 32, 48, 48, 64, POOL, 64]),
    "squeezenet1_1": (3, 64, [POOL, 16, 16, POOL, 32, 32, POOL, 48, 48, 64, 64]),
}


class Fire(nn.Module):
    def __init__(self, taken, squeezed):
        super().__init__()
        self.squeeze = nn.Conv2d(taken, squeezed, 1)
        self.expand1x1 = nn.Conv2d(squeezed, 4 * squeezed, 1)
        self.expand3x3 = nn.Conv2d(squeezed, 4 * squeezed, 3, padding=1)

    def forward(self, x):
        x = self.squeeze(x).relu()
        return torch.cat([self.expand1x1(x).relu(), self.expand3x3(x).relu()], 1)


class SqueezeNet(nn.Module):
    def __init__(self, kernel, width, layers):
        super().__init__()
        modules = [nn.Conv2d(3, width, kernel, stride=2), nn.ReLU()]
        for layer in layers:
            if layer == POOL:
                modules.append(nn.MaxPool2d(3, 2, ceil_mode=True))
            else:
                modules.append(Fire(width, layer))
                width = 8 * layer
        self.features = nn.Sequential(*modules)
        self.classifier = nn.Sequential(nn.Dropout(), nn.Conv2d(width, 10, 1), nn.ReLU())


@pytest.mark.parametrize("size", [(64, 75), (70, 61)])
@pytest.mark.parametrize("name", LAYERS)
def test_features_equal_pytorch(name, size):
    network = randomized(SqueezeNet(*LAYERS[name]))
    model = build(name, preprocessing=False, num_classes=0, input_shape=(*size, 3))
    tensors = {key: tensor.numpy() for key, tensor in network.state_dict().items()}
    maps = importlib.import_module("zoo.pretrained.maps.squeezenet").MAPS
    found = converted(model, tensors, maps, source="the reference", headless=True)
    load_into(model, found.tensors)
    image = image_batch(size)
    with torch.no_grad():
        expected = network.features(torch.tensor(image.transpose(0, 3, 1, 2)))
    assert_close(model(image), expected.mean((2, 3)), what=name)
    features = model.get_layer("backbone")(image)
    expected = expected.numpy().transpose(0, 2, 3, 1)
    assert_close(features["stride_16"], expected, what=f"{name} stride_16")
