"""Attention over queries, keys and values side by side."""

import numpy as np

from zoo.layers.self_attention import attend


def test_order_of_the_last_axis_is_all_that_heads_first_changes():
    qkv = np.random.default_rng(0).normal(size=(2, 5, 3, 4, 6)).astype("float32")  # part, head
    parts_first = qkv.reshape(2, 5, -1)
    heads_first = qkv.swapaxes(2, 3).reshape(2, 5, -1)
    expected = np.asarray(attend(parts_first, 4))
    np.testing.assert_allclose(attend(heads_first, 4, heads_first=True), expected, rtol=1e-6)
    assert not np.allclose(attend(heads_first, 4), expected)
