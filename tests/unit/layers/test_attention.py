"""Causal attention: equal to Keras' own, blind to the future, and the same with a cache."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from zoo.layers.attention import CausalSelfAttention, KeyValueCache, PositionEmbedding

WIDTH, HEADS = 12, 3


def random_qkv(batch=2, tokens=7, *, seed=0):
    shape = (batch, tokens, 3 * WIDTH)
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def run(layer, x, **arguments):
    return ops.convert_to_numpy(layer(x, **arguments))


def test_it_equals_the_attention_of_keras_with_the_same_weights():
    x = np.random.default_rng(1).normal(size=(2, 9, WIDTH)).astype("float32")
    theirs = keras.layers.MultiHeadAttention(HEADS, WIDTH // HEADS)
    expected = run(theirs, x, value=x, use_causal_mask=True)
    # Theirs has a kernel (D, heads, D / heads) for each of the three, ours one (D, 3 D).
    kernels = [
        np.reshape(dense.kernel, (WIDTH, WIDTH))
        for dense in (theirs.query_dense, theirs.key_dense, theirs.value_dense)
    ]
    mixing = np.reshape(theirs.output_dense.kernel, (WIDTH, WIDTH))
    ours = run(CausalSelfAttention(HEADS), x @ np.concatenate(kernels, axis=1)) @ mixing
    np.testing.assert_allclose(ours, expected, atol=1e-5)


def test_no_token_sees_one_behind_it():
    qkv, layer = random_qkv(), CausalSelfAttention(HEADS)
    changed = qkv.copy()
    changed[:, 4:] += 1
    before, after = run(layer, qkv), run(layer, changed)
    np.testing.assert_array_equal(before[:, :4], after[:, :4])
    assert (before[:, 4:] != after[:, 4:]).any()


def test_the_first_token_keeps_its_own_value():
    qkv = random_qkv()
    first = run(CausalSelfAttention(HEADS), qkv)[:, 0]
    np.testing.assert_allclose(first, qkv[:, 0, 2 * WIDTH :], rtol=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 4), min_size=2, max_size=4), st.integers(0, 3))
def test_with_a_cache_any_split_into_pieces_gives_the_same(pieces, spare):
    qkv, layer = random_qkv(tokens=sum(pieces)), CausalSelfAttention(HEADS, name="attention")
    cache = KeyValueCache(position=0, length=sum(pieces) + spare)
    parts = []
    for size in pieces:
        now = qkv[:, cache.position : cache.position + size]
        with cache.used():
            parts.append(run(layer, now))
        cache.position += size
    np.testing.assert_allclose(np.concatenate(parts, axis=1), run(layer, qkv), atol=1e-5)


def test_what_stands_in_the_cache_behind_the_present_is_not_seen():
    qkv, layer = random_qkv(), CausalSelfAttention(HEADS, name="attention")
    cache = KeyValueCache(position=0, length=7)
    with cache.used():
        layer(qkv)
        cache.position = 3
        again = run(layer, qkv[:, 3:4])
    np.testing.assert_allclose(again, run(layer, qkv)[:, 3:4], atol=1e-5)


def test_a_cache_serves_each_layer_by_its_name_and_only_while_it_is_used():
    one, other = (CausalSelfAttention(HEADS, name=name) for name in ("one", "other"))
    cache = KeyValueCache(position=0, length=7)
    with cache.used():
        one(random_qkv(seed=1))
        other(random_qkv(seed=2))
    assert set(cache.arrays) == {"one", "other"}
    kept = ops.convert_to_numpy(cache.arrays["one"][0])
    one(random_qkv(seed=3))
    np.testing.assert_array_equal(ops.convert_to_numpy(cache.arrays["one"][0]), kept)


def test_an_error_inside_leaves_no_cache_behind():
    layer, cache = CausalSelfAttention(HEADS, name="attention"), KeyValueCache(position=0, length=7)
    with pytest.raises(ZeroDivisionError), cache.used():
        raise ZeroDivisionError
    layer(random_qkv())
    assert cache.arrays == {}


def test_positions_are_counted_on_from_the_cache():
    layer, x = PositionEmbedding(8), np.zeros((1, 5, 4), "float32")
    whole = run(layer, x)
    np.testing.assert_array_equal(whole[0], ops.convert_to_numpy(layer.embeddings)[:5])
    with KeyValueCache(position=3, length=8).used():
        np.testing.assert_array_equal(run(layer, x[:, :2]), whole[:, 3:])


def test_dropout_acts_on_the_weights_in_training_only():
    qkv = np.ones((1, 64, 3 * WIDTH), "float32")  # the mean of equal values is that value
    layer = CausalSelfAttention(HEADS, dropout_rate=0.5)
    np.testing.assert_allclose(run(layer, qkv), 1, rtol=1e-5)
    assert run(layer, qkv, training=True).std() > 0.05


def test_softmax_is_in_float32_under_bfloat16():
    # 300 equal values: weights of 1 / 300 summed in bfloat16 would be far from 1.
    layer = CausalSelfAttention(1, dtype="mixed_bfloat16")
    last = run(layer, np.ones((1, 300, 12), "float32")).astype("float32")[0, -1]
    np.testing.assert_allclose(last, 1, atol=0.02)


def test_both_layers_reload_with_their_arguments(tmp_path):
    x = keras.Input((None, 3 * WIDTH))
    y = CausalSelfAttention(HEADS, 0.1, name="attention")(x)
    model = keras.Model(x, PositionEmbedding(9, "zeros", name="positions")(y))
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_allclose(run(again, random_qkv()), run(model, random_qkv()), rtol=1e-6)
    config = again.get_layer("attention").get_config()
    assert (config["num_heads"], config["dropout_rate"]) == (HEADS, 0.1)
    assert again.get_layer("positions").length == 9
