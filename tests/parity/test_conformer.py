"""Conformer against PyTorch, written here from 2005.08100 and 1901.02860, with the same numbers."""

import keras
import numpy as np
import pytest

from tests.parity.own_numbers import randomized
from tests.parity.timm_models import assert_close, torch
from zoo import registry
from zoo.complexity import count_params, shapes_only
from zoo.heads.ctc import stride_of
from zoo.models.speech.conformer import conformer

F = torch.nn.functional
SIZES = {"num_layers": 2, "num_heads": 2, "kernel_size": 6}
WIDTH = 12


def linear(x, v, name):
    return x @ v[f"{name}.kernel"] + v.get(f"{name}.bias", 0)


def norm(x, v, name):
    return F.layer_norm(x, x.shape[-1:], v[f"{name}.gamma"], v[f"{name}.beta"], eps=1e-5)


def half(x, v, name):
    y = F.silu(linear(norm(x, v, f"{name}_norm"), v, f"{name}_1"))
    return x + linear(y, v, f"{name}_2") / 2


def attention(x, v, name):
    """Terms (a) to (d) of 1901.02860 §3.3, distance by distance."""
    batch, frames, width = x.shape
    heads, part = SIZES["num_heads"], width // SIZES["num_heads"]
    query, key, value = (
        linear(x, v, f"{name}_{kind}").view(batch, frames, heads, part)
        for kind in ("query", "key", "value")
    )
    rates = 10_000 ** (-torch.arange(0, width, 2) / width)
    mixed = torch.zeros_like(query)
    for i in range(frames):
        angles = (i - torch.arange(frames))[:, None] * rates  # of places j, at distance i - j
        waves = torch.cat([angles.sin(), angles.cos()], -1) @ v[f"{name}_attention.kernel"]
        by_content = (query[:, i] + v[f"{name}_attention.content_bias"])[:, None] * key
        far = query[:, i] + v[f"{name}_attention.distance_bias"]
        by_distance = far[:, None] * waves.view(1, frames, heads, part)
        scores = (by_content + by_distance).sum(-1) / part**0.5  # (B, places, H)
        mixed[:, i] = (scores.softmax(1)[..., None] * value).sum(1)
    return linear(mixed.flatten(2), v, f"{name}_project")


def convolution(x, v, name):
    """§2.2: a gated pointwise convolution, a depthwise one, batch norm, swish, a pointwise one."""
    x = F.glu(torch.cat([linear(x, v, f"{name}_value"), linear(x, v, f"{name}_gate")], -1), -1)
    size = SIZES["kernel_size"]
    kernel = v[f"{name}_depthwise.kernel"][..., 0].T[:, None]  # (D, 1, K)
    x = F.pad(x.transpose(1, 2), ((size - 1) // 2, size // 2))
    x = F.conv1d(x, kernel, groups=len(kernel)).transpose(1, 2)
    scale = v[f"{name}_batch_norm.gamma"] / (v[f"{name}_batch_norm.moving_variance"] + 1e-5) ** 0.5
    x = (x - v[f"{name}_batch_norm.moving_mean"]) * scale + v[f"{name}_batch_norm.beta"]
    return linear(F.silu(x), v, f"{name}_mix")


def conformer_torch(mel, v):
    x = mel[:, None]  # (B, 1, T, M)
    for name in ("conv1", "conv2"):
        kernel = v[f"{name}.kernel"].permute(3, 2, 0, 1)
        x = F.conv2d(x, kernel, v[f"{name}.bias"], stride=2, padding=1).relu()
    x = linear(x.permute(0, 2, 3, 1).flatten(2), v, "stem")
    for block in range(1, SIZES["num_layers"] + 1):
        name = f"block{block}"
        x = half(x, v, f"{name}_mlp1")
        x = x + attention(norm(x, v, f"{name}_attention_norm"), v, name)
        x = x + convolution(norm(x, v, f"{name}_conv_norm"), v, f"{name}_conv")
        x = norm(half(x, v, f"{name}_mlp2"), v, f"{name}_norm")
    return x


def frames_of(count, seed=1):
    return np.random.default_rng(seed).normal(size=(2, count, 80)).astype("float32")


def tiny():
    model, values = randomized("conformer_s", input_shape=(3_360,), hidden_dim=WIDTH, **SIZES)
    return model.get_layer("backbone"), values


def test_equals_pytorch():
    backbone, values = tiny()
    mel = frames_of(19)
    assert backbone.input_shape == (None, 19, 80)
    expected = conformer_torch(torch.tensor(mel), values)
    assert expected.shape == (2, 5, WIDTH)
    assert_close(backbone(mel)["frames"], expected, what="conformer")


@pytest.mark.parametrize("training", [False, True])
def test_padding_changes_no_frame_and_no_statistics(training):
    backbones = [conformer(hidden_dim=WIDTH, **SIZES) for _ in range(2)]
    backbones[1].set_weights(backbones[0].get_weights())
    mel = frames_of(21)
    padded = np.pad(mel, ((0, 0), (0, 14), (0, 0)))
    alone, found = (
        np.asarray(backbone(x, training=training)["frames"])
        for backbone, x in zip(backbones, (mel, padded), strict=True)
    )
    assert alone.shape[1] == 6 and found.shape[1] == 9
    np.testing.assert_allclose(found[:, :6], alone, atol=1e-5)
    for one, other in zip(*(backbone.get_weights() for backbone in backbones), strict=True):
        np.testing.assert_allclose(other, one, atol=1e-6)


def test_ctc_takes_a_fourth_of_any_number_of_frames():
    assert "speech_recognition" in registry.model_card("conformer_s").tasks
    assert stride_of(conformer(hidden_dim=WIDTH, **SIZES), feature="frames", bins=80) == 4


@pytest.mark.parametrize(
    "name, encoder, whole", [("conformer_s", 8.7, 10.3), ("conformer_m", 27.3, 30.7)]
)
def test_encoders_have_most_of_the_parameters_that_the_paper_counts(name, encoder, whole):
    """Table 1 counts the decoder too, whose vocabulary the paper does not say."""
    with shapes_only():
        count = count_params(conformer(**registry.model_card(name).arguments))
    assert round(count / 1e6, 1) == encoder < whole


def test_half_of_a_feed_forward_pair_is_added():
    backbone, _ = tiny()
    halves = [layer for layer in backbone.layers if isinstance(layer, keras.layers.Rescaling)]
    assert [layer.scale for layer in halves] == [0.5] * 4
