"""ECAPA-TDNN and x-vectors against PyTorch, written here from the papers, with the same numbers."""

import numpy as np

from tests.parity.own_numbers import randomized
from tests.parity.timm_models import assert_close, torch

F = torch.nn.functional


def norm(x, v, name):
    parts = (
        v[f"{name}_norm.{kind}"] for kind in ("moving_mean", "moving_variance", "gamma", "beta")
    )
    return F.batch_norm(x, *parts, eps=1e-5)


def time_delay(x, v, name, *, dilation=1):
    """Convolution, ReLU, normalization of (B, C, T)."""
    kernel, bias = v[f"{name}_conv.kernel"].permute(2, 1, 0), v[f"{name}_conv.bias"]
    margin = dilation * (kernel.shape[-1] // 2)
    return norm(F.relu(F.conv1d(x, kernel, bias, padding=margin, dilation=dilation)), v, name)


def dense(x, v, name):
    """Of channels, with or without frames behind them."""
    return torch.einsum("bc...,cd->bd...", x, v[f"{name}.kernel"]) + v[f"{name}.bias"].reshape(
        1, -1, *[1] * (x.ndim - 2)
    )


def moments(x, weights):
    mean = (weights * x).sum(2)
    variance = (weights * (x - mean[..., None]) ** 2).sum(2)
    return mean, variance.clamp(1e-7).sqrt()


def block(x, v, name, *, dilation, scale):
    """2005.07143 Fig. 1."""
    parts, done = time_delay(x, v, f"{name}_in").chunk(scale, 1), []
    for part, y in enumerate(parts):
        if part > 1:
            y = y + done[-1]
        named = f"{name}_scale_{part + 1}"
        done.append(time_delay(y, v, named, dilation=dilation) if part else y)
    y = time_delay(torch.cat(done, 1), v, f"{name}_out")
    inner = F.relu(dense(y.mean(2), v, f"{name}_squeeze_reduce"))
    return x + y * torch.sigmoid(dense(inner, v, f"{name}_squeeze_expand"))[..., None]


def ecapa_torch(mel, v, *, scale):
    """2005.07143 Fig. 2."""
    x, outputs = time_delay(mel.transpose(1, 2), v, "stem"), []
    for number, dilation in enumerate((2, 3, 4), start=1):
        x = block(x, v, f"block{number}", dilation=dilation, scale=scale)
        outputs.append(x)
    x = time_delay(torch.cat(outputs, 1), v, "frames")
    equal = torch.full((1, 1, x.shape[2]), 1 / x.shape[2])
    context = [part[..., None].expand_as(x) for part in moments(x, equal)]
    scores = time_delay(torch.cat([x, *context], 1), v, "attention").tanh()
    weights = dense(scores, v, "attention_scores").softmax(2)
    pooled = norm(torch.cat(moments(x, weights), 1), v, "statistics")
    return dense(dense(pooled, v, "pooled"), v, "head_logits")


def test_ecapa_equals_pytorch():
    sizes = {"width": 32, "scale": 4, "bottleneck_dim": 8, "joined_dim": 20, "embedding_dim": 12}
    model, values = randomized("ecapa_tdnn_c512", input_shape=(4_000,), **sizes)
    mel = np.random.default_rng(1).normal(size=(3, *model.input_shape[1:])).astype("float32")
    expected = ecapa_torch(torch.tensor(mel), values, scale=4)
    assert_close(model(mel), expected, what="ecapa")


def test_x_vector_equals_pytorch():
    model, v = randomized("x_vector", input_shape=(4_000,), widths=(8, 12, 16, 8, 20))
    mel = np.random.default_rng(1).normal(size=(3, *model.input_shape[1:])).astype("float32")
    x = torch.tensor(mel).transpose(1, 2)
    for index, dilation in enumerate((1, 2, 3, 1, 1), start=1):
        x = time_delay(x, v, f"layer{index}", dilation=dilation)
    statistics = torch.cat(moments(x, torch.full((1, 1, x.shape[2]), 1 / x.shape[2])), 1)
    expected = dense(dense(statistics, v, "pooled"), v, "head_logits")
    assert_close(model(mel), expected, what="x_vector")
