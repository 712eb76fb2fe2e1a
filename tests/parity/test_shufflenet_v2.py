"""ShuffleNetV2 against the paper's network, written in PyTorch with torchvision's names."""

import numpy as np
import pytest

from tests.parity.timm_models import (
    CLASSES,
    assert_close,
    image_batch,
    ours_with_numbers_of,
    randomized,
)
from zoo import registry

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install .[parity]")
nn = torch.nn


def conv_norm(entering, leaving, size=1, stride=1, groups=1, active=True):
    padding = size // 2
    conv = nn.Conv2d(entering, leaving, size, stride, padding, groups=groups, bias=False)
    return [conv, nn.BatchNorm2d(leaving), *([nn.ReLU()] if active else [])]


class Unit(nn.Module):
    """1807.11164 Fig. 3 (c), or (d) with a stride."""

    def __init__(self, entering, leaving, stride):
        super().__init__()
        half = leaving // 2
        self.branch1 = nn.Sequential()
        if stride > 1:
            depthwise = conv_norm(entering, entering, 3, stride, entering, active=False)
            self.branch1 = nn.Sequential(*depthwise, *conv_norm(entering, half))
        self.branch2 = nn.Sequential(
            *conv_norm(entering if stride > 1 else half, half),
            *conv_norm(half, half, 3, stride, half, active=False),
            *conv_norm(half, half),
        )
        self.stride = stride

    def forward(self, x):
        first, second = (x, x) if self.stride > 1 else x.chunk(2, dim=1)
        x = torch.cat([self.branch1(first), self.branch2(second)], dim=1)
        batch, channels, height, width = x.shape
        x = x.view(batch, 2, channels // 2, height, width).transpose(1, 2)
        return x.reshape(batch, channels, height, width)


class Reference(nn.Module):
    def __init__(self, depths, widths, last_width, channels):
        super().__init__()
        self.conv1 = nn.Sequential(*conv_norm(channels, 24, 3, 2))
        self.pool = nn.MaxPool2d(3, 2, 1)
        entering = 24
        for number, (depth, width) in enumerate(zip(depths, widths, strict=True), start=2):
            units = [Unit(entering, width, 2)] + [Unit(width, width, 1) for _ in range(depth - 1)]
            self.add_module(f"stage{number}", nn.Sequential(*units))
            entering = width
        self.conv5 = nn.Sequential(*conv_norm(entering, last_width))
        self.fc = nn.Linear(last_width, CLASSES)

    def forward(self, x):
        features = {"stride_2": self.conv1(x)}
        features["stride_4"] = self.pool(features["stride_2"])
        features["stride_8"] = self.stage2(features["stride_4"])
        features["stride_16"] = self.stage3(features["stride_8"])
        features["stride_32"] = self.conv5(self.stage4(features["stride_16"]))
        return features, self.fc(features["stride_32"].mean((2, 3)))


def check_against_reference(name, *, size=64, channels=3):
    sizes = {"depths": (4, 8, 4), "widths": (116, 232, 464), "last_width": 1024}
    sizes |= registry.model_card(name).arguments
    network = randomized(Reference(**sizes, channels=channels))
    image = image_batch(size, channels)
    shape = {"input_shape": image.shape[1:], "num_classes": CLASSES}
    model = ours_with_numbers_of(name, network, **shape)
    with torch.no_grad():
        features, logits = network(torch.tensor(image.transpose(0, 3, 1, 2)))
    assert_close(model(image), logits, what=name)
    found = model.get_layer("backbone")(image)
    for key, tensor in features.items():
        assert_close(np.asarray(found[key]), tensor.numpy().transpose(0, 2, 3, 1), what=key)


def test_equals_reference():
    check_against_reference("shufflenet_v2_x0_5")


@pytest.mark.slow
@pytest.mark.parametrize("width", ["1_0", "1_5", "2_0"])
def test_wider_equals_reference(width):
    check_against_reference(f"shufflenet_v2_x{width}")


def test_odd_size_and_one_channel_equal_reference():
    check_against_reference("shufflenet_v2_x0_5", size=(75, 90), channels=1)
