"""Inputs that may be absent: the vector in their place, and inputs that training takes away."""

import numpy as np
import pytest
from keras import ops

from zoo.errors import ArgumentError
from zoo.layers.gradient_scale import GradientScale
from zoo.layers.presence import ModalityDropout, OrAbsent


def test_an_absent_input_is_the_learned_vector_at_every_position_whatever_it_holds():
    layer = OrAbsent()
    features = np.ones((3, 2, 4), "float32")
    features[1] = np.inf  # of padding: 0 times it would not be a number
    layer(features, np.ones(3, "float32"))
    layer.absent.assign([1.0, 2.0, 3.0, 4.0])
    found = np.asarray(layer(features, np.array([1.0, 0.0, 1.0], "float32")))
    assert (found[[0, 2]] == 1).all()
    assert (found[1] == [1, 2, 3, 4]).all()


def test_dropout_of_inputs_keeps_one_that_was_there_and_adds_none():
    there = (np.random.default_rng(0).random((4000, 3)) < 0.6).astype("float32")
    there[there.sum(axis=1) == 0, 0] = 1
    left = np.asarray(ModalityDropout(0.5, seed=1)(there, training=True))
    assert (left <= there).all()
    assert (left.sum(axis=1) >= 1).all()
    alone = there.sum(axis=1) == 1
    assert (left[alone] == there[alone]).all()


def test_each_input_goes_as_often_as_the_rate_says_and_another_one_stays_in_its_place():
    there = np.ones((40_000, 2), "float32")
    left = np.asarray(ModalityDropout(0.3, seed=1)(there, training=True))
    both, none = 0.7**2, 0.3**2  # of those that would lose both, each keeps one half of the time
    assert (left.sum(axis=1) == 2).mean() == pytest.approx(both, abs=0.01)
    assert left.mean(axis=0) == pytest.approx([0.7 + none / 2] * 2, abs=0.01)


def test_nothing_is_taken_away_in_use():
    there = np.ones((8, 2), "float32")
    assert (np.asarray(ModalityDropout(0.9)(there)) == there).all()


@pytest.mark.parametrize("rate", [-0.1, 1.0])
def test_a_rate_out_of_range_is_refused(rate):
    with pytest.raises(ArgumentError, match="share of inputs"):
        ModalityDropout(rate)


@pytest.mark.parametrize("adaptive", [False, True])
@pytest.mark.parametrize("factor", [0.0, 0.25, 1.0])
def test_the_gradient_is_scaled_and_the_value_stays(factor, adaptive):
    tf = pytest.importorskip("tensorflow")
    layer = GradientScale(factor, adaptive=adaptive)
    x = tf.Variable([[0.1, -3.7], [1e5, 1e-9]])
    with tf.GradientTape() as tape:
        y = layer(x)
        total = ops.sum(y * y)
    assert (np.asarray(y) == x.numpy()).all()
    found = tape.gradient(total, x)
    expected = factor * 2 * x.numpy()
    found = np.zeros_like(expected) if found is None else np.asarray(found)
    assert found == pytest.approx(expected, rel=1e-6)
