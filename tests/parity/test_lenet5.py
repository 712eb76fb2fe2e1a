"""LeNet-5 against one in PyTorch, written from LeCun et al. 1998."""

import numpy as np

from tests.parity.timm_models import assert_close, image_batch, torch
from zoo.composition import build
from zoo.weights import tensor_keys

F = torch.nn.functional
# Tab. I, written out: a row for each map of S2, a column for each map of C3.
TABLE = (
    "X...XXX..XXXX.XX",
    "XX...XXX..XXXX.X",
    "XXX...XXX..X.XXX",
    ".XXX..XXXX..X.XX",
    "..XXX..XXXX.XX.X",
    "...XXX..XXXX.XXX",
)


def squash(x):
    return 1.7159 * torch.tanh(2 * x / 3)


def lenet_torch(image, values):
    """§II.B; S2 and S4 add four pixels, multiply by a coefficient and add a bias."""

    def subsample(x, name):
        total = F.avg_pool2d(x, 2) * 4
        factor = values[f"{name}/0.kernel"][0, 0, :, 0] / 4
        return squash(total * factor[:, None, None] + values[f"{name}/1.bias"][:, None, None])

    c1 = squash(F.conv2d(image, values["c1/0.kernel"].permute(3, 2, 0, 1), values["c1/1.bias"]))
    s2, maps, pair = subsample(c1, "s2"), [], 0
    for output in range(16):
        taken = [row for row in range(6) if TABLE[row][output] == "X"]
        total = values["c3/1.bias"][output]
        for row in sorted(taken, key=order_of(output).index):
            kernel = values["c3/0.kernel"][:, :, pair]
            total = total + F.conv2d(s2[:, row : row + 1], kernel[None, None])
            pair += 1
        maps.append(total)
    s4 = subsample(squash(torch.cat(maps, 1)), "s4")
    c5 = squash(F.conv2d(s4, values["c5/0.kernel"].permute(3, 2, 0, 1), values["c5/1.bias"]))
    f6 = squash(c5.mean((2, 3)) @ values["f6/0.kernel"] + values["f6/1.bias"])
    return f6 @ values["head_logits/0.kernel"] + values["head_logits/1.bias"]


def order_of(output):
    """Return the order in which ours stores the kernels of a map of C3: from its first map on."""
    first = output % 6 if output < 12 else 0
    return [(first + step) % 6 for step in range(6)]


def test_equals_pytorch():
    model = build("lenet5", preprocessing=False, input_shape=(32, 36, 1), num_classes=5)
    generator, values = np.random.default_rng(0), {}
    for key, variable in tensor_keys(model).items():
        variable.assign(generator.normal(size=variable.shape) * 0.3)
        values[key.removeprefix("backbone/")] = torch.tensor(np.asarray(variable))
    image = image_batch((32, 36), 1)
    expected = lenet_torch(torch.tensor(image.transpose(0, 3, 1, 2)), values)
    assert_close(model(image), expected, what="lenet5")
