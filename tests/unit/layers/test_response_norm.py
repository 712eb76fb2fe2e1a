"""Global response normalization against numbers computed by hand."""

import numpy as np

from zoo.layers.response_norm import GlobalResponseNorm


def test_channels_are_scaled_by_their_share_of_the_response():
    layer = GlobalResponseNorm(epsilon=0.0)
    x = np.array([[[[3.0, 1.0]], [[4.0, 0.0]]]], "float32")  # norms 5 and 1, their mean 3
    layer.build(x.shape)
    layer.gamma.assign([1.0, 3.0])
    layer.beta.assign([0.0, 0.5])
    expected = [[[[3 * (1 + 5 / 3), 1 + 1 + 0.5]], [[4 * (1 + 5 / 3), 0.5]]]]
    np.testing.assert_allclose(layer(x), expected, rtol=1e-6)


def test_an_empty_channel_has_a_finite_gradient():
    import tensorflow as tf

    layer, x = GlobalResponseNorm(), tf.zeros((1, 2, 2, 3))
    layer.build(x.shape)
    with tf.GradientTape() as tape:
        tape.watch(x)
        total = tf.reduce_sum(layer(x))
    assert np.isfinite(tape.gradient(total, x)).all()
