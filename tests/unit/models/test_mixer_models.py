"""What is special about networks that mix without attention."""

import numpy as np
import pytest

from zoo.models.image.conv_mixer import conv_mixer
from zoo.models.image.mlp_mixer import mlp_mixer
from zoo.models.image.poolformer import poolformer


def test_a_mixer_sees_the_whole_image_at_every_place():
    model = mlp_mixer(input_shape=(8, 8, 1), patch_size=4, num_layers=1, hidden_dim=8)
    image = np.zeros((2, 8, 8, 1), "float32")
    image[1, 0, 0] = 1
    before, after = np.asarray(model(image)["tokens"])
    assert (np.abs(after - before).max(axis=-1) > 0).all()


def test_a_mixer_takes_one_size():
    with pytest.raises(ValueError, match="the size must be known"):
        mlp_mixer(input_shape=(None, None, 3))


def test_conv_mixer_keeps_one_resolution_of_any_size():
    model = conv_mixer(input_shape=(None, None, 1), patch_size=2, num_layers=2, width=4)
    assert model(np.ones((1, 10, 14, 1)))["stride_2"].shape == (1, 5, 7, 4)


def test_an_even_kernel_is_refused():
    with pytest.raises(ValueError, match="kernel_size must be odd, not 8"):
        conv_mixer(kernel_size=8)


def test_poolformer_for_small_images_keeps_every_pixel():
    model = poolformer(input_shape=(28, 28, 1), depths=(1, 1), widths=(4, 8), stem="small")
    assert list(model.output) == ["stride_1", "stride_2", "pooled"]


def test_pooling_adds_nothing_to_a_constant_map():
    model = poolformer(input_shape=(None, None, 1), depths=(1,), widths=(4,), stem="small")
    inner = type(model)(model.input, model.get_layer("stage1_block1_difference").output)
    image = np.random.default_rng(0).normal(size=(1, 9, 9, 1)).astype("float32")
    model.get_layer("stem").kernel.assign(np.zeros((3, 3, 1, 4)))
    np.testing.assert_allclose(inner(image), 0, atol=1e-6)  # its borders count no padding
