"""BC-ResNet against PyTorch, written here from 2106.04140, with the same random numbers."""

import numpy as np
import pytest

from tests.parity.own_numbers import randomized
from tests.parity.timm_models import assert_close, torch

F = torch.nn.functional


def batch_norm(x, values, name):
    parts = [
        values[f"{name}.{kind}"] for kind in ("moving_mean", "moving_variance", "gamma", "beta")
    ]
    return F.batch_norm(x, *parts, eps=1e-5)


def depthwise(x, kernel, **how):
    """`kernel` as ours, (time, frequency, C, 1); x as the authors', (B, C, frequency, time)."""
    return F.conv2d(x, kernel.permute(2, 3, 1, 0), groups=x.shape[1], **how)


def pointwise(x, kernel):
    return F.conv2d(x, kernel.permute(3, 2, 0, 1))


def bc_block(x, v, name, *, stride, dilation):
    shortcut = x
    widens = f"{name}_widen.kernel" in v
    if widens:
        x = F.relu(batch_norm(pointwise(x, v[f"{name}_widen.kernel"]), v, f"{name}_widen_norm"))
    x = depthwise(x, v[f"{name}_frequency.kernel"], stride=(stride, 1), padding=(1, 0))
    count, channels, bins, frames = x.shape
    x = x.reshape(count, channels * 5, bins // 5, frames)  # a channel's bands are channels
    x = spread = batch_norm(x, v, f"{name}_frequency_norm").reshape(count, channels, bins, frames)
    x = x.mean(2, keepdim=True)
    x = depthwise(x, v[f"{name}_time.kernel"], padding=(0, dilation), dilation=(1, dilation))
    x = pointwise(F.silu(batch_norm(x, v, f"{name}_time_norm")), v[f"{name}_mix.kernel"])
    return F.relu(x + spread if widens else x + spread + shortcut)


def bc_resnet_torch(mel, v):
    """2106.04140 Tab. 1."""
    x = mel.permute(0, 2, 1)[:, None]  # (B, 1, frequency, time)
    kernel = v["stem_conv.kernel"].permute(3, 2, 1, 0)
    x = F.relu(batch_norm(F.conv2d(x, kernel, stride=(2, 1), padding=2), v, "stem_norm"))
    for stage, blocks in enumerate((2, 2, 4, 4), start=1):
        for block in range(1, blocks + 1):
            stride = 2 if block == 1 and stage in (2, 3) else 1
            name = f"stage{stage}_block{block}"
            x = bc_block(x, v, name, stride=stride, dilation=2 ** (stage - 1))
    x = depthwise(x, v["final_depthwise.kernel"], padding=(0, 2))
    x = F.relu(batch_norm(pointwise(x, v["final_pointwise.kernel"]), v, "final_norm"))
    return x.mean((2, 3)) @ v["head_logits.kernel"] + v["head_logits.bias"]


@pytest.mark.parametrize("name, width", [("bc_resnet1", 8), ("bc_resnet1_5", 12)])
def test_bc_resnet_equals_pytorch(name, width):
    model, values = randomized(name, input_shape=(3_360,), width=width)
    mel = np.random.default_rng(1).normal(size=(2, *model.input_shape[1:])).astype("float32")
    assert mel.shape[1:] == (22, 40)
    assert_close(model(mel), bc_resnet_torch(torch.tensor(mel), values), what=name)
