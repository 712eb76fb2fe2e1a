"""What is special about compact convolutional transformers."""

import numpy as np
import pytest

from zoo.models.image.cct import cct


def test_pooled_is_a_weighted_mean_of_the_tokens():
    model = cct(input_shape=(8, 8, 1), num_layers=1, num_heads=2, hidden_dim=8)
    model.get_layer("pool_scores").kernel.assign(np.zeros((8, 1)))  # equal weights
    features = model(np.random.default_rng(0).normal(size=(2, 8, 8, 1)))
    mean = np.asarray(features["tokens"]).mean(axis=1)
    np.testing.assert_allclose(features["pooled"], mean, atol=1e-6)


def test_sizes_must_be_known():
    with pytest.raises(ValueError, match="must be known"):
        cct(input_shape=(None, None, 3))


def test_kernels_are_odd_and_heads_divide_the_width():
    for wrong in ({"kernel_size": 4}, {"num_heads": 3}):
        with pytest.raises(ValueError, match="must be odd"):
            cct(**wrong)
