"""What is special about ShuffleNetV2."""

import numpy as np
import pytest

from zoo.models.image.shufflenet_v2 import ChannelHalf, shufflenet_v2

TINY = {"depths": (2, 1), "widths": (8, 12), "last_width": 6}


def test_half_of_the_channels_pass_a_unit_unchanged():
    model = shufflenet_v2(input_shape=(None, None, 1), **TINY)
    image = np.random.default_rng(0).normal(size=(1, 33, 40, 1)).astype("float32")
    inner = type(model)(
        model.input, [model.get_layer(f"stage1_block{b}_shuffle").output for b in (1, 2)]
    )
    before, after = (np.asarray(x) for x in inner(image))
    assert before.shape == after.shape == (1, 5, 5, 8)
    np.testing.assert_array_equal(after[..., ::2], before[..., :4])
    assert not np.array_equal(after[..., 1::2], before[..., 4:])


def test_halves_are_the_channels_in_their_order():
    x = np.arange(4.0).reshape(1, 1, 1, 4)
    halves = [np.asarray(ChannelHalf(second)(x)).ravel().tolist() for second in (False, True)]
    assert halves == [[0, 1], [2, 3]]


def test_a_small_stem_has_no_stride_and_no_pooling():
    model = shufflenet_v2(input_shape=(32, 32, 3), stem="small", **TINY)
    assert list(model.output) == ["stride_1", "stride_2", "stride_4"]
    with pytest.raises(ValueError, match="widths even"):
        shufflenet_v2(widths=(9, 8, 8))
