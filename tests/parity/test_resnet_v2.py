"""ResNets with normalization first against one in PyTorch, written from 1603.05027 and 1605.07146."""

import pytest

from tests.parity.timm_models import (
    assert_close,
    image_batch,
    ours_with_numbers_of,
    randomized,
    torch,
)

nn = torch.nn


class Block(nn.Module):
    """1603.05027 Fig. 4 (e); 1605.07146 Fig. 1 (c)."""

    def __init__(self, taken, width, stride, bottleneck):
        super().__init__()
        if bottleneck:
            shapes = [(taken, width, 1), (width, width, 3), (width, 4 * width, 1)]
        else:
            shapes = [(taken, width, 3), (width, width, 3)]
        for place, (inner, outer, size) in enumerate(shapes, start=1):
            strides = stride if place == 1 else 1
            conv = nn.Conv2d(inner, outer, size, strides, padding=size // 2, bias=False)
            self.add_module(f"bn{place}", nn.BatchNorm2d(inner))
            self.add_module(f"conv{place}", conv)
        self.given, self.depth = shapes[-1][1], len(shapes)
        if taken != self.given:
            self.convShortcut = nn.Conv2d(taken, self.given, 1, stride, bias=False)

    def forward(self, x):
        y = self.bn1(x).relu()
        shortcut = self.convShortcut(y) if hasattr(self, "convShortcut") else x
        y = self.conv1(y)
        for place in range(2, self.depth + 1):
            y = getattr(self, f"conv{place}")(getattr(self, f"bn{place}")(y).relu())
        return shortcut + y


class Stage(nn.Module):
    def __init__(self, taken, width, stride, *, num_blocks, bottleneck):
        super().__init__()
        blocks = []
        for index in range(num_blocks):
            blocks.append(Block(taken, width, 1 if index else stride, bottleneck))
            taken = blocks[-1].given
        self.layer, self.given = nn.Sequential(*blocks), taken

    def forward(self, x):
        return self.layer(x)


class Network(nn.Module):
    def __init__(self, multiplier, **kind):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.block1 = Stage(16, 16 * multiplier, 1, **kind)
        self.block2 = Stage(self.block1.given, 32 * multiplier, 2, **kind)
        self.block3 = Stage(self.block2.given, 64 * multiplier, 2, **kind)
        self.bn1 = nn.BatchNorm2d(self.block3.given)
        self.fc = nn.Linear(self.block3.given, 10)

    def forward(self, x):
        x = self.block3(self.block2(self.block1(self.conv1(x))))
        return self.fc(self.bn1(x).relu().mean((2, 3)))


@pytest.mark.parametrize(
    ("name", "num_blocks", "bottleneck", "multiplier"),
    [
        ("resnet164_v2", 2, True, 1),
        ("resnet110_v2", 3, False, 1),
        ("wide_resnet_16_8", 2, False, 8),
        ("wide_resnet_40_4", 2, False, 4),
    ],
)
def test_equals_pytorch(name, num_blocks, bottleneck, multiplier):
    network = randomized(Network(multiplier, num_blocks=num_blocks, bottleneck=bottleneck))
    model = ours_with_numbers_of(
        name, network, input_shape=(20, 27, 3), num_classes=10, num_blocks=num_blocks
    )
    image = image_batch((20, 27))
    with torch.no_grad():
        expected = network(torch.tensor(image.transpose(0, 3, 1, 2)))
    assert_close(model(image), expected, what=name)
