"""Grouped attention: equal to the plain one with keys repeated, rotary by distance, the same cached."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from zoo.layers.attention import CausalSelfAttention, KeyValueCache
from zoo.layers.grouped_attention import GroupedAttention
from zoo.layers.rotary import rotated

HEADS, GROUPS, WIDTH = 6, 2, 4


def parts(batch=2, tokens=7, *, seed=0):
    """Return queries, keys and values."""
    generator = np.random.default_rng(seed)
    sizes = (HEADS * WIDTH, GROUPS * WIDTH, GROUPS * WIDTH)
    return [generator.normal(size=(batch, tokens, size)).astype("float32") for size in sizes]


def layer(**arguments):
    return GroupedAttention(HEADS, num_key_value_heads=GROUPS, name="attention", **arguments)


def repeated(x):
    """Give every head keys of its own: those of its group."""
    heads = x.reshape(*x.shape[:2], GROUPS, WIDTH)
    return np.repeat(heads, HEADS // GROUPS, axis=2).reshape(*x.shape[:2], -1)


def test_shared_keys_are_as_good_as_repeated_ones():
    query, keys, values = parts()
    side_by_side = np.concatenate([query, repeated(keys), repeated(values)], axis=-1)
    expected = np.asarray(CausalSelfAttention(HEADS)(side_by_side))
    np.testing.assert_allclose(layer()(query, keys, values), expected, atol=1e-5)


def test_turned_pairs_keep_their_length_and_see_only_distances():
    x = np.random.default_rng(0).normal(size=(2, 1, 8)).astype("float32")

    def score(places):
        one, other = (rotated(x[i], ops.array([place])) for i, place in enumerate(places))
        return float(ops.sum(one * other))

    near, far = score((3, 5)), score((103, 105))
    assert near == pytest.approx(far, abs=1e-4)
    assert abs(near - score((3, 6))) > 1e-3
    turned = np.asarray(rotated(x[0], ops.array([17])))
    assert np.linalg.norm(turned) == pytest.approx(np.linalg.norm(x[0]), rel=1e-5)


def test_pairs_turn_by_powers_of_the_base():
    x = np.zeros((1, 4), "float32")
    x[0, :2] = 1  # the first half of both pairs
    turned = np.asarray(rotated(x, ops.array([3]), base=100.0))[0]
    expected = [np.cos(3), np.cos(0.3), np.sin(3), np.sin(0.3)]  # 100 ** -(1 / 2) = 0.1
    np.testing.assert_allclose(turned, expected, atol=1e-6)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(1, 4), min_size=2, max_size=4), st.integers(0, 3))
def test_with_a_cache_any_split_into_pieces_gives_the_same(pieces, spare):
    given_parts, attention = parts(tokens=sum(pieces)), layer(rotary_base=50.0)
    cache, found = KeyValueCache(position=0, length=sum(pieces) + spare), []
    for size in pieces:
        now = [part[:, cache.position : cache.position + size] for part in given_parts]
        with cache.used():
            found.append(np.asarray(attention(*now)))
        cache.position += size
    assert cache.arrays["attention"][0].shape == (2, GROUPS, cache.length, WIDTH)
    whole = np.asarray(attention(*given_parts))
    np.testing.assert_allclose(np.concatenate(found, axis=1), whole, atol=1e-5)


def test_dropout_acts_in_training_only():
    attention, given_parts = layer(dropout_rate=0.5), parts()
    plain = np.asarray(layer()(*given_parts))
    np.testing.assert_array_equal(attention(*given_parts), plain)
    assert np.abs(np.asarray(attention(*given_parts, training=True)) - plain).max() > 0.1
