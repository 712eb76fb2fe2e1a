"""QuartzNet against PyTorch, written here from 1910.10261, with the same random numbers."""

import numpy as np

from tests.parity.own_numbers import randomized
from tests.parity.timm_models import assert_close, torch

F = torch.nn.functional


def pointwise(x, v, name):
    parts = (
        v[f"{name}_norm.{kind}"] for kind in ("moving_mean", "moving_variance", "gamma", "beta")
    )
    return F.batch_norm(
        F.conv1d(x, v[f"{name}_pointwise.kernel"].permute(2, 1, 0)), *parts, eps=1e-5
    )


def separable(x, v, name, *, stride=1, dilation=1):
    kernel = v[f"{name}_depthwise.kernel"].permute(1, 2, 0)  # (C, 1, frames)
    how = {"padding": dilation * (kernel.shape[-1] // 2), "stride": stride, "dilation": dilation}
    return pointwise(F.conv1d(x, kernel, groups=x.shape[1], **how), v, name)


def test_equals_pytorch():
    sizes = {"widths": (8, 12), "kernel_sizes": (5, 7), "block_repeats": 2, "repeats": 3}
    model, v = randomized("quartznet_5x5", input_shape=(8_000,), **sizes)
    mel = np.random.default_rng(1).normal(size=(2, *model.input_shape[1:])).astype("float32")
    x = F.relu(separable(torch.tensor(mel).transpose(1, 2), v, "stem", stride=2))
    for block in range(1, 5):
        shortcut = pointwise(x, v, f"block{block}_shortcut")
        for part in (1, 2, 3):
            x = separable(x, v, f"block{block}_{part}")
            x = F.relu(x + shortcut if part == 3 else x)
    x = F.relu(separable(x, v, "dilated", dilation=2))
    x = F.relu(pointwise(x, v, "final"))
    expected = x.mean(2) @ v["head_logits.kernel"] + v["head_logits.bias"]
    assert_close(model(mel), expected, what="quartznet")
