"""Shifted windows on maps that one can follow by eye."""

import numpy as np
import pytest

from zoo.layers.shifted_windows import FAR, CutWindows, JoinWindows, border_mask
from zoo.layers.window_attention import WindowAttention

MAP = np.arange(16, dtype="float32").reshape(1, 4, 4, 1)


def test_a_shift_moves_windows_down_and_to_the_right():
    cut = np.asarray(CutWindows((2, 2), (1, 1))(MAP))[0, :, :, 0]
    assert cut.tolist() == [[5, 6, 9, 10], [7, 4, 11, 8], [13, 14, 1, 2], [15, 12, 3, 0]]


def test_opposite_borders_do_not_see_each_other():
    seen = border_mask((4, 4), (2, 2), (1, 1)) == 0
    assert seen[0].all()  # all four were neighbours
    assert seen[1].tolist() == [[True, False] * 2, [False, True] * 2] * 2  # left and right borders
    assert seen[3].tolist() == np.eye(4, dtype=bool).tolist()  # four corners
    assert border_mask((4, 4), (2, 2), (1, 1)).min() == FAR


@pytest.mark.parametrize(("size", "shift"), [((5, 7), (1, 2)), ((4, 4), (0, 0)), ((3, 8), (0, 2))])
def test_joining_undoes_cutting(size, shift):
    window = (min(size[0], 4), 4)
    x = np.random.default_rng(0).normal(size=(2, *size, 3)).astype("float32")
    joined = JoinWindows(size, window, shift)(CutWindows(window, shift)(x))
    np.testing.assert_array_equal(joined, x)


def test_a_bias_acts_on_the_difference_of_two_places():
    layer = WindowAttention(1, (1, 2), size=(1, 2))
    layer.build((None, 1, 2, 3))
    layer.relative_bias.assign([[0.0], [0.0], [50.0]])  # the second place sees the first alone
    qkv = np.zeros((1, 1, 2, 3), "float32")
    qkv[0, 0, :, 2] = [1.0, 3.0]  # values
    np.testing.assert_allclose(np.asarray(layer(qkv))[0, 0, :, 0], [2.0, 1.0], atol=1e-6)


def test_a_table_of_other_heads_is_refused():
    layer = WindowAttention(2, (3, 3), size=(3, 3))
    with pytest.raises(ValueError, match="not a square table for 2 heads"):
        layer.adapted("relative_bias", np.zeros((9, 3)))


def test_a_table_with_heads_first_is_turned():
    layer = WindowAttention(1, (1, 2), size=(1, 2))
    turned = layer.adapted(
        "relative_bias", np.array([[[1.0, 2.0, 3.0]]])
    )  # of the key to the query
    assert turned.tolist() == [[3.0], [2.0], [1.0]]
