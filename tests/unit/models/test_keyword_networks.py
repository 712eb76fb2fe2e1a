"""Keyword networks: what only they do."""

import numpy as np
import pytest

from zoo.models.speech.bc_resnet import bc_resnet
from zoo.models.speech.kwt import kwt
from zoo.models.speech.matchboxnet import matchboxnet
from zoo.models.speech.tc_resnet import tc_resnet


def mel(frames, bins, seed=0):
    return np.random.default_rng(seed).normal(size=(1, frames, bins)).astype("float32")


def test_tc_resnet_strides_where_the_width_changes_alone():
    backbone = tc_resnet(widths=(24, 24, 32, 32, 48, 48))
    frames = [tensor.shape[1] for tensor in backbone.output.values()]
    assert frames == [98, 49, 49, 25, 25, 13, 13]


def test_tc_resnet_and_matchboxnet_take_clips_of_any_length():
    for builder in (tc_resnet, matchboxnet):
        backbone = builder(input_shape=(None, 8))
        lengths = [list(backbone(mel(n, 8)).values())[-1].shape[1] for n in (32, 64)]
        assert lengths[1] == 2 * lengths[0]


def test_matchboxnet_hears_its_published_surroundings():
    """2004.08531 Tab. 1: 11, 13, 15, 17 and a dilated 29 frames together reach 54 to each side."""
    backbone = matchboxnet(input_shape=(None, 3))
    before, changed = mel(161, 3), mel(161, 3)
    changed[0, 80] += 5
    difference = np.abs(backbone(before)["final"] - backbone(changed)["final"])[0].max(axis=-1)
    heard = np.flatnonzero(difference)
    assert (heard.min(), heard.max()) == (80 - 54, 80 + 54)


def test_bc_resnet_normalizes_each_band_by_itself():
    backbone = bc_resnet(input_shape=(16, 40), width=4)
    quiet = mel(16, 40)
    loud = quiet.copy()
    loud[..., :8] *= 100  # the lowest of five bands
    name = "stage1_block1_frequency_norm"
    norm = backbone.get_layer(name)
    assert norm.gamma.shape == (5 * 4,)
    for sound in (quiet, loud):
        backbone(sound, training=True)
    mean = np.asarray(norm.moving_variance).reshape(4, 5).mean(axis=0)  # by band
    assert mean.argmax() == 0


def test_bc_resnet_refuses_bins_that_do_not_divide_into_bands():
    with pytest.raises(ValueError, match="multiple of 40, not 64"):
        bc_resnet(input_shape=(101, 64))


def test_kwt_refuses_clips_of_unknown_length_and_odd_heads():
    with pytest.raises(ValueError, match="frames must be known"):
        kwt(input_shape=(None, 40))
    with pytest.raises(ValueError, match="num_heads=3 does not divide"):
        kwt(num_heads=3)


def test_kwt_reads_its_answer_from_the_class_token():
    backbone = kwt(input_shape=(9, 4), num_layers=1, hidden_dim=8)
    before = backbone(mel(9, 4))
    token = backbone.get_layer("class_token").token
    token.assign(token + np.linspace(-1, 1, 8))  # a constant would be normalized away
    after = backbone(mel(9, 4))
    assert before["frames"].shape == (1, 9, 8)
    moved = {name: float(np.abs(before[name] - after[name]).mean()) for name in before}
    assert moved["pooled"] > 5 * moved["frames"] > 0
