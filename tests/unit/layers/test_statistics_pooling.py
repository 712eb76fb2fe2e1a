"""Means and deviations over frames."""

import numpy as np

from zoo.layers.statistics_pooling import StatisticsPooling, WholeContext


def frames(seed=0):
    return np.random.default_rng(seed).normal(2, 3, (2, 7, 4)).astype("float32")


def test_without_scores_all_frames_count_alike():
    x = frames()
    expected = np.concatenate([x.mean(1), x.std(1)], axis=-1)
    np.testing.assert_allclose(StatisticsPooling()(x), expected, rtol=1e-5)


def test_scores_weigh_frames_channel_by_channel():
    x, scores = frames(), np.full((2, 7, 4), -50, "float32")
    scores[:, 1, 0] = scores[:, 5, 0] = 0  # two frames of channel 0
    scores[:, 3, 1:] = 0  # one frame of the others
    found = np.asarray(StatisticsPooling()(x, scores))
    np.testing.assert_allclose(found[:, 0], x[:, [1, 5], 0].mean(1), rtol=1e-5)
    np.testing.assert_allclose(found[:, 4], x[:, [1, 5], 0].std(1), rtol=1e-4)
    np.testing.assert_allclose(found[:, 1:4], x[:, 3, 1:], rtol=1e-5)
    assert (found[:, 5:] < 1e-3).all()


def test_context_is_the_same_beside_each_frame():
    x = frames()
    found = np.asarray(WholeContext()(x))
    np.testing.assert_array_equal(found[..., :4], x)
    expected = np.concatenate([x.mean(1), x.std(1)], axis=-1)
    np.testing.assert_allclose(found[..., 4:], np.repeat(expected[:, None], 7, 1), rtol=1e-5)
