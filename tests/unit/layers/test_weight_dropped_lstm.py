"""The weight-dropped LSTM: equal to Keras' own, one mask for all tokens, the same with a cache."""

import keras
import numpy as np
import pytest

from zoo.layers.attention import KeyValueCache
from zoo.layers.weight_dropped_lstm import WeightDroppedLSTM

INPUTS, WIDTH = 5, 4


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def with_kernel(recurrent, weights):
    """A layer without dropout that has these recurrent weights."""
    layer = WeightDroppedLSTM(WIDTH)
    layer.build((None, None, INPUTS))
    layer.set_weights([weights[0], recurrent, weights[2]])
    return layer


def test_without_dropout_it_is_the_lstm_of_keras():
    x, ours = drawn(3, 6, INPUTS), WeightDroppedLSTM(WIDTH)
    found = np.asarray(ours(x))
    theirs = keras.layers.LSTM(WIDTH, return_sequences=True)
    theirs.build(x.shape)
    theirs.set_weights(ours.get_weights())
    np.testing.assert_allclose(found, theirs(x), atol=1e-6)


def test_the_same_weights_are_dropped_at_all_tokens():
    x, layer = drawn(3, 6, INPUTS), WeightDroppedLSTM(WIDTH, 0.5, seed=7)
    layer.build(x.shape)
    found = np.asarray(layer(x, training=True))
    weights = layer.get_weights()
    seed = keras.random.SeedGenerator(7)
    dropped = np.asarray(keras.random.dropout(weights[1], 0.5, seed=seed))
    assert 0.2 < (dropped == 0).mean() < 0.8
    np.testing.assert_allclose(found, with_kernel(dropped, weights)(x), atol=1e-6)
    assert np.abs(found - np.asarray(layer(x))).max() > 1e-3
    assert np.abs(found - np.asarray(layer(x, training=True))).max() > 1e-3  # another draw


@pytest.mark.parametrize("pieces", [(1, 1, 1, 1, 1, 1), (4, 2), (2, 1, 3)])
def test_with_a_cache_any_split_into_pieces_gives_the_same(pieces):
    x, layer = drawn(2, 6, INPUTS), WeightDroppedLSTM(WIDTH, name="layer")
    cache, found = KeyValueCache(position=0, length=9), []
    for size in pieces:
        with cache.used():
            found.append(np.asarray(layer(x[:, cache.position : cache.position + size])))
        cache.position += size
    np.testing.assert_allclose(np.concatenate(found, axis=1), layer(x), atol=1e-6)


def test_a_cache_that_begins_again_begins_with_zeros():
    x, layer = drawn(2, 3, INPUTS), WeightDroppedLSTM(WIDTH, name="layer")
    cache = KeyValueCache(position=0, length=9)
    with cache.used():
        layer(drawn(2, 5, INPUTS, seed=1))
        again = np.asarray(layer(x))
    np.testing.assert_allclose(again, layer(x), atol=1e-6)


def test_gradients_reach_all_weights():
    inputs = keras.Input((None, INPUTS))
    model = keras.Model(inputs, WeightDroppedLSTM(WIDTH, 0.3, seed=1)(inputs))
    before = model.get_weights()
    model.compile("sgd", "mse")
    model.fit(drawn(4, 6, INPUTS), drawn(4, 6, WIDTH, seed=1), verbose=0)
    after = model.get_weights()
    assert all(np.abs(new - old).max() > 0 for new, old in zip(after, before, strict=True))
