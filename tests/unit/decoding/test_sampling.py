"""Sampling: the cache changes no token, the draws have the right shares, cuts keep what they say."""

from functools import partial

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.decoding.sampling import next_ids, sample, window_start
from zoo.errors import ArgumentError
from zoo.models.text.awd_lstm import awd_lstm
from zoo.models.text.gpt import gpt
from zoo.models.text.llama import llama

VOCABULARY, CONTEXT = 23, 16
BUILDERS = {
    "gpt": partial(gpt, context_length=CONTEXT, num_layers=2, num_heads=2, hidden_dim=16),
    "llama": partial(
        llama, num_layers=2, num_heads=4, num_key_value_heads=2, hidden_dim=16, feed_forward_dim=24
    ),
    "awd_lstm": partial(awd_lstm, embedding_dim=16, hidden_dim=12, num_layers=2),
}


def sharp(name):
    """Return a model with sharp preferences: larger weights than a trained one has."""
    keras.utils.set_random_seed(3)
    model = BUILDERS[name](vocabulary_size=VOCABULARY)
    for layer in model.layers:
        for variable in layer.trainable_variables:
            if len(variable.shape) == 2:
                by = 5 if name == "awd_lstm" else 20 if layer.name == "position_embedding" else 40
                variable.assign(variable * by)
    return model


@pytest.fixture(scope="module")
def model():
    return sharp("gpt")


def written(model, ids, **arguments):
    arguments = {"max_tokens": 50, "context_length": CONTEXT, "temperature": 0} | arguments
    return np.array(list(sample(model, np.array(ids), **arguments))).T  # (B, tokens)


@pytest.mark.parametrize("name", BUILDERS)
@pytest.mark.parametrize("prompt", [5, CONTEXT, CONTEXT + 9])
def test_greedy_text_is_the_same_with_and_without_the_cache(name, prompt):
    model = sharp(name)
    ids = np.random.default_rng(prompt).integers(1, VOCABULARY, (2, prompt))
    tokens = 50 if name == "gpt" else 20  # the context moves in either case
    cached, uncached = (
        written(model, ids, max_tokens=tokens, cached=cached) for cached in (True, False)
    )
    np.testing.assert_array_equal(cached, uncached)
    assert cached.shape == (2, tokens) and cached.dtype == "int32"
    assert all(len(set(row)) > 2 for row in cached.tolist())  # else equality would be no news


def test_drawn_text_is_the_same_with_and_without_the_cache(model):
    cached, uncached = (
        written(model, [[1, 2, 3]], temperature=1.0, top_k=5, top_p=0.9, cached=cached)
        for cached in (True, False)
    )
    np.testing.assert_array_equal(cached, uncached)


def test_greedy_text_is_what_the_whole_model_finds_most_likely(model):
    ids = [4, 8, 15]
    for token in written(model, [ids], max_tokens=10)[0]:  # 13 tokens fit into the context
        logits = np.asarray(model(np.array([ids], "int32"))["logits"])[0, -1]
        assert token == logits.argmax()
        ids.append(int(token))


def test_the_seed_decides(model):
    one, same, other = (written(model, [[1, 2]], temperature=1.0, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_forbidden_tokens_are_never_written(model):
    allowed = {5, 7}
    forbidden = tuple(set(range(VOCABULARY)) - allowed)
    for temperature in (0, 1.0):
        tokens = written(model, [[1, 2]], temperature=temperature, forbidden=forbidden)
        assert set(tokens.ravel().tolist()) <= allowed


def test_the_context_moves_by_a_quarter_and_never_overflows():
    starts = [window_start(n, context_length=16) for n in range(1, 200)]
    seen = [n - start for n, start in enumerate(starts, start=1)]
    assert max(seen) == 16 and min(seen[16:]) == 13
    assert set(np.diff(starts).tolist()) == {0, 4}
    assert [window_start(n, context_length=2) for n in (1, 2, 3, 4)] == [0, 0, 1, 2]


def draws(logits, count=20_000, **arguments):
    """Shares of each token among many draws."""
    arguments = {"temperature": 1.0, "top_k": None, "top_p": None} | arguments
    rows = np.repeat(np.asarray(logits)[None], count, axis=0)
    chosen = next_ids(rows, **arguments, generator=np.random.default_rng(0))
    return np.bincount(chosen, minlength=len(logits)) / count


SHARES = np.array([0.1, 0.45, 0.05, 0.3, 0.1])


def test_draws_have_the_shares_of_the_softmax():
    np.testing.assert_allclose(draws(np.log(SHARES)), SHARES, atol=0.015)


def test_temperature_is_a_power_of_the_shares():
    expected = SHARES**2 / (SHARES**2).sum()
    np.testing.assert_allclose(draws(np.log(SHARES), temperature=0.5), expected, atol=0.015)


def test_top_k_keeps_the_k_most_likely_in_proportion():
    expected = np.array([0, 0.6, 0, 0.4, 0])
    np.testing.assert_allclose(draws(np.log(SHARES), top_k=2), expected, atol=0.015)


@pytest.mark.parametrize("top_p, kept", [(0.4, 1), (0.5, 2), (0.74, 2), (0.76, 3), (1.0, 5)])
def test_top_p_keeps_the_fewest_that_reach_it(top_p, kept):
    assert (draws(np.log(SHARES), top_p=top_p) > 0).sum() == kept


def test_top_p_counts_shares_among_what_top_k_left():
    # of 0.6 and 0.4 the first reaches 0.55 alone, which it does not among all
    assert (draws(np.log(SHARES), top_k=2, top_p=0.55) > 0).sum() == 1


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.floats(-50, 50), min_size=1, max_size=8),
    st.floats(0.05, 5),
    st.none() | st.integers(1, 12),
    st.none() | st.floats(0.01, 1),
)
def test_what_is_drawn_is_allowed_by_every_cut(logits, temperature, top_k, top_p):
    logits = np.array([logits])
    (chosen,) = next_ids(
        logits,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        generator=np.random.default_rng(1),
    )
    shares = np.exp((logits[0] - logits.max()) / temperature)
    better = shares > shares[chosen]
    assert top_k is None or better.sum() < top_k
    assert top_p is None or shares[better].sum() <= top_p * shares.sum() * (1 + 1e-9)


@pytest.mark.parametrize(
    "name, value, expected",
    [
        ("temperature", -0.1, "0 (greedy) to 100"),
        ("top_k", 0, "1 or more"),
        ("top_p", 0.0, "above 0, at most 1"),
        ("top_p", 1.5, "above 0, at most 1"),
        ("max_tokens", -1, "0 or more"),
    ],
)
def test_values_out_of_range_are_named(model, name, value, expected):
    with pytest.raises(ArgumentError) as error:
        written(model, [[1]], **{name: value})
    assert f"{name}={value!r}" in str(error.value)
    assert expected in str(error.value)
