"""StochasticDepth: what it drops, how often, and that it repeats."""

import keras
import numpy as np
import pytest

from zoo.errors import ArgumentError
from zoo.layers.stochastic_depth import StochasticDepth


def run(layer, x, **arguments):
    return keras.ops.convert_to_numpy(layer(x, **arguments))


@pytest.mark.parametrize("shape", [(64, 5), (64, 3, 3, 2), (64,)])
def test_each_example_is_zeroed_whole_or_scaled_whole(shape):
    x = np.random.default_rng(0).uniform(1, 2, shape).astype("float32")
    y = run(StochasticDepth(0.25, seed=1), x, training=True)
    ratio = (y / x).reshape(64, -1)
    dropped = np.isclose(ratio, 0)
    kept = np.isclose(ratio, 1 / 0.75, rtol=1e-6)
    assert (dropped.all(axis=1) | kept.all(axis=1)).all()
    assert 0 < dropped.all(axis=1).sum() < 64


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("rate", [0.011, 0.5])
def test_the_share_dropped_is_the_rate(rate, policy):
    count = 100_000
    y = run(
        StochasticDepth(rate, seed=2, dtype=policy), np.ones((count, 1), "float32"), training=True
    )
    dropped = (y.astype("float32") == 0).mean()
    assert abs(dropped - rate) < 5 * (rate * (1 - rate) / count) ** 0.5


@pytest.mark.parametrize("rate, training", [(0.5, False), (0.0, True), (0.0, False)])
def test_it_is_the_identity_in_inference_and_at_rate_zero(rate, training):
    x = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")
    np.testing.assert_array_equal(run(StochasticDepth(rate), x, training=training), x)


def test_default_call_outside_of_fit_is_the_identity():
    x = np.ones((64, 3), "float32")
    np.testing.assert_array_equal(run(StochasticDepth(0.5), x), x)


def test_a_dropped_infinite_branch_is_zero():
    y = run(StochasticDepth(0.5, seed=3), np.full((64, 2), np.inf, "float32"), training=True)
    assert not np.isnan(y).any()
    assert (y == 0).any()


def test_same_seed_same_draws_and_each_call_new_ones():
    x = np.ones((256, 1), "float32")
    first, again = StochasticDepth(0.5, seed=7), StochasticDepth(0.5, seed=7)
    one, two = run(first, x, training=True), run(first, x, training=True)
    np.testing.assert_array_equal(run(again, x, training=True), one)
    assert (one != two).any()


def test_the_generator_is_among_the_variables_but_not_the_weights():
    layer = StochasticDepth(0.5, seed=1)
    assert len(layer.variables) == 1
    assert layer.weights == []
    assert StochasticDepth(0.0).variables == []


def test_fit_works_with_an_unknown_batch_size():
    image = keras.Input((3,))
    branch = StochasticDepth(0.5, seed=1, name="drop")(keras.layers.Dense(3)(image))
    model = keras.Model(image, keras.layers.Add()([image, branch]))
    assert model.output.shape == (None, 3)
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).normal(size=(10, 3))
    history = model.fit(x, x, batch_size=4, verbose=0)
    assert np.isfinite(history.history["loss"][0])


def test_a_saved_model_loads_with_rate_and_seed(tmp_path):
    model = keras.Sequential([keras.Input((3,)), StochasticDepth(0.3, seed=5, name="drop")])
    model.save(tmp_path / "m.keras")
    config = keras.saving.load_model(tmp_path / "m.keras").get_layer("drop").get_config()
    assert (config["rate"], config["seed"]) == (0.3, 5)


@pytest.mark.parametrize("rate", [-0.1, 1.0, 2])
def test_a_rate_out_of_range_is_refused(rate):
    with pytest.raises(ArgumentError, match=r"0 <= rate < 1"):
        StochasticDepth(rate)
