"""What is special about EfficientFormer."""

import numpy as np
import pytest

from zoo.models.image.efficientformer import DistanceAttention, efficientformer


def test_a_bias_acts_on_the_distance_in_either_direction():
    layer = DistanceAttention(1, 1, (1, 2))
    layer.build((None, 2, 3))
    layer.biases.assign([[0.0, 50.0]])  # each place sees the other alone
    qkv = np.zeros((1, 2, 3), "float32")
    qkv[0, :, 2] = [1.0, 3.0]  # values
    np.testing.assert_allclose(np.asarray(layer(qkv))[0, :, 0], [3.0, 1.0], atol=1e-6)


def test_biases_of_a_square_map_keep_their_distances_on_another():
    layer = DistanceAttention(1, 1, (2, 4))
    biases = np.arange(9.0).reshape(1, 9)  # of 3×3 places
    assert layer.adapted("biases", biases).tolist() == [[0, 1, 2, 2, 3, 4, 5, 5]]
    with pytest.raises(ValueError, match="not of a square map and 1 heads"):
        layer.adapted("biases", np.zeros((1, 8)))


def test_small_images_keep_their_size_in_the_stem():
    model = efficientformer(
        input_shape=(28, 28, 1), depths=(1, 1, 1, 2), widths=(4, 4, 4, 8), stem="small"
    )
    assert {name: tensor.shape[1:3] for name, tensor in model.output.items()} == {
        "stride_1": (28, 28),
        "stride_2": (14, 14),
        "stride_4": (7, 7),
        "stride_8": (4, 4),
    }


def test_more_attention_than_blocks_is_refused():
    with pytest.raises(ValueError, match="num_attention=3 is not from 1 to the last depth 2"):
        efficientformer(depths=(1, 2), widths=(4, 4), num_attention=3)
