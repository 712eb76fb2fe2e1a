"""Networks that tell voices apart: what only they do."""

import numpy as np
import pytest

from zoo.models.speech.ecapa_tdnn import ecapa_tdnn
from zoo.models.speech.ge2e import ge2e
from zoo.models.speech.x_vector import x_vector


def test_ge2e_gives_vectors_of_length_one_and_no_number_below_zero():
    backbone = ge2e(input_shape=(20, 8), hidden_dim=6, embedding_dim=16)
    mel = np.random.default_rng(0).normal(size=(5, 20, 8)).astype("float32")
    vectors = np.asarray(backbone(mel)["pooled"])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    assert vectors.min() == 0  # ReLU


def test_ge2e_reads_the_vector_from_the_last_frame():
    backbone = ge2e(input_shape=(None, 8), hidden_dim=6, embedding_dim=16)
    mel = np.random.default_rng(0).normal(size=(1, 30, 8)).astype("float32")
    whole, part = backbone(mel), backbone(mel[:, :20])
    np.testing.assert_allclose(whole["frames"][:, 19], part["frames"][:, -1], rtol=1e-5)
    kernel, bias = backbone.get_layer("embedding").get_weights()
    vector = np.maximum(np.asarray(part["frames"][:, -1]) @ kernel + bias, 0)
    expected = vector / np.linalg.norm(vector)
    np.testing.assert_allclose(part["pooled"], expected, rtol=1e-4, atol=1e-6)


def test_ecapa_refuses_channels_that_do_not_divide():
    with pytest.raises(ValueError, match="width=30 does not divide into scale=8"):
        ecapa_tdnn(width=30)


def test_vectors_of_pooled_statistics_come_of_clips_of_any_length():
    """The statistics of frames that repeat are the same, away from the ends."""
    backbone = x_vector(
        input_shape=(None, 8), widths=(6,), kernel_sizes=(1,), dilations=(1,), embedding_dim=5
    )
    mel = np.random.default_rng(0).normal(size=(1, 20, 8)).astype("float32")
    once, thrice = backbone(mel), backbone(np.tile(mel, (1, 3, 1)))
    assert thrice["frames"].shape == (1, 60, 6)
    np.testing.assert_allclose(thrice["pooled"], once["pooled"], rtol=1e-4, atol=1e-5)
