"""What is special about MobileViT."""

import numpy as np
import pytest

from zoo.models.image.mobilevit import mobilevit

TINY = {"widths": (4, 4, 4, 4, 4), "hidden_dims": (8, 8, 8), "num_layers": (1, 1, 1)}


def test_a_block_sees_the_whole_map():
    model = mobilevit(input_shape=(32, 32, 1), stem="small", **TINY)
    block = model.get_layer("stage3_block2_project_conv").output
    inner = type(model)(model.input, block)
    image = np.random.default_rng(0).normal(size=(2, 32, 32, 1)).astype("float32")
    image[1] = image[0]
    image[1, 0, 0] += 1  # one corner is different
    before, after = np.asarray(inner(image))
    assert (np.abs(after - before)[-1, -1] > 0).any()  # and the other corner tells


def test_small_images_keep_their_first_strides():
    model = mobilevit(input_shape=(28, 28, 1), stem="small", **TINY)
    assert list(model.output) == ["stride_1", "stride_2", "stride_4", "stride_8"]


def test_sizes_must_be_known():
    with pytest.raises(ValueError, match="must be known"):
        mobilevit(input_shape=(None, None, 3))


def test_resizing_leaves_batch_norms_in_inference():
    model = mobilevit(input_shape=(24, 24, 1), stem="small", **TINY)
    norm = model.get_layer("stage5_block2_project_norm")  # behind a map of 3×3, resized
    before = np.asarray(norm.moving_mean)
    model(np.ones((2, 24, 24, 1)))
    np.testing.assert_array_equal(norm.moving_mean, before)
