"""What is special about vision transformers."""

import numpy as np
import pytest

from zoo.layers.grid_positions import GridPositions, cubic
from zoo.models.image.vit import vit

TINY = {"patch_size": 4, "num_layers": 1, "hidden_dim": 8, "num_heads": 2}


def test_pooled_is_the_class_token():
    model = vit(input_shape=(8, 12, 1), **TINY)
    features = model(np.ones((2, 8, 12, 1), "float32"))
    assert features["tokens"].shape == (2, 1 + 2 * 3, 8)
    np.testing.assert_array_equal(features["pooled"], features["tokens"][:, 0])


@pytest.mark.parametrize("shape", [(30, 32, 3), (None, None, 3)])
def test_images_must_divide_into_patches(shape):
    with pytest.raises(ValueError, match="do not divide into patches"):
        vit(input_shape=shape, **TINY)


def test_heads_must_divide_the_width():
    with pytest.raises(ValueError, match="num_heads=3 does not divide"):
        vit(input_shape=(8, 8, 3), hidden_dim=8, num_heads=3)


def test_resizing_keeps_constants_and_the_vectors_of_other_tokens():
    layer = GridPositions((5, 3), prefix=1)
    layer.build((None, 16, 2))
    table = np.full((1, 17, 2), 0.5, "float32")
    table[0, 0] = 7
    resized = layer.adapted("embeddings", table)
    np.testing.assert_allclose(resized[1:], 0.5, rtol=1e-6)
    np.testing.assert_array_equal(resized[0], [7, 7])
    np.testing.assert_allclose(cubic(4, 4), np.eye(4), atol=1e-12)


def test_a_table_that_is_no_square_is_refused():
    layer = GridPositions((2, 2))
    layer.build((None, 4, 2))
    with pytest.raises(ValueError, match="not a square grid"):
        layer.adapted("embeddings", np.zeros((1, 6, 2)))
