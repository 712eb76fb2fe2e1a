"""Tests of explanations against brute force, and on networks whose explanations are known."""

import itertools

import keras
import numpy as np
import pytest
from scipy.stats import spearmanr

import zoo
from recipes.explanations.checks.deletion import area, curves
from recipes.explanations.checks.randomisation import kept, randomise, rank_correlation, stages
from recipes.explanations.checks.sensitivity import max_sensitivity
from recipes.explanations.checks.verdict import Mean, MethodCheck
from recipes.explanations.layers import every_layer
from recipes.runs.run import load_run
from zoo.errors import ArgumentError

RNG = np.random.default_rng(0)


def test_the_order_of_a_linear_model_has_the_smallest_deletion_area_of_all_orders():
    weights, parts = np.array([0.1, 0.6, -0.2, 0.5]), np.arange(4)
    scores = lambda keep: keep @ weights  # noqa: E731
    by_order = {}
    for order in itertools.permutations(range(4)):
        found = curves(scores, parts, np.array(order))
        # By hand: what is left after each part went, and what is there after each came.
        left = [
            weights[[part for part in range(4) if part not in order[:k]]].sum() for k in range(5)
        ]
        np.testing.assert_allclose(found.deletion, left, atol=1e-6)
        np.testing.assert_allclose(found.insertion, weights.sum() - np.array(left), atol=1e-6)
        assert found.deletion_area == pytest.approx(np.trapezoid(left, dx=0.25))
        by_order[order] = found
    best = tuple(np.argsort(-weights).tolist())
    assert min(by_order, key=lambda order: by_order[order].deletion_area) == best
    assert max(by_order, key=lambda order: by_order[order].insertion_area) == best


def test_many_parts_go_in_few_steps_of_places():
    parts = np.arange(100).reshape(10, 10) // 2  # 50 parts of two places
    asked = []

    def scores(keep):
        asked.append(keep)
        return keep.mean(axis=(1, 2))

    found = curves(scores, parts, RNG.permutation(50))
    assert len(found.deletion) == 26 and asked[0].shape == (52, 10, 10)
    np.testing.assert_allclose(found.deletion, np.linspace(1, 0, 26), atol=1e-6)
    assert area(found.deletion) == pytest.approx(0.5)


def test_rank_correlation_equals_scipy():
    one, other = RNG.normal(size=(2, 6, 7)).round(1)  # with ties
    expected = spearmanr(one.ravel(), other.ravel()).statistic
    assert rank_correlation(one, other) == pytest.approx(expected)
    assert np.isnan(rank_correlation(one, np.ones((6, 7))))


def test_sensitivity_of_a_linear_map_is_the_size_of_the_noise():
    matrix, point = RNG.normal(size=(5, 5)), RNG.normal(size=5)
    found = max_sensitivity(lambda x: matrix @ x, point, matrix @ point, draws=4, seed=3)
    generator, reach = np.random.default_rng(3), 0.02 * np.ptp(point)
    noise = [generator.uniform(-reach, reach, 5) for _ in range(4)]
    most = max(np.linalg.norm(matrix @ one) for one in noise)
    assert found == pytest.approx(most / np.linalg.norm(matrix @ point), rel=1e-5)


def test_randomisation_touches_only_its_layers_and_weights_come_back():
    model = load_run("cnn_small.digits").float32_model()
    before = {layer.name: layer.get_weights() for layer in every_layer(model)}
    groups = stages(model)
    named = [layer.name for layers in groups for layer in layers]
    assert named == [layer.name for layer in every_layer(model) if layer.weights][::-1]
    assert [len(groups[0]), len(groups[-1])] == [1, 1]
    with pytest.raises(KeyboardInterrupt), kept(model):
        randomise(groups[0], np.random.default_rng(1))
        for layer in every_layer(model):
            same = all(map(np.array_equal, layer.get_weights(), before[layer.name]))
            assert same == (layer.name != groups[0][0].name)
            for now, own in zip(layer.get_weights(), before[layer.name], strict=True):
                np.testing.assert_array_equal(np.sort(now, axis=None), np.sort(own, axis=None))
        raise KeyboardInterrupt
    for layer in every_layer(model):
        for now, own in zip(layer.get_weights(), before[layer.name], strict=True):
            np.testing.assert_array_equal(now, own)


def test_faults_name_what_failed():
    good, bad = Mean(0.3, 0.1), Mean(0.1, 0.1)

    def check(deletion, correlations, within=None):
        means = tuple(Mean(value, 0.0) for value in correlations)
        areas = {"deletion": good, "insertion": good, "insertion_gain": good, "sensitivity": good}
        rest = {"correlations": means, "strengths": means}
        return MethodCheck("x", None, within, deletion_gain=deletion, **areas, **rest).faults

    assert check(good, (0.9, 0.2, 0.1), within=0.95) == []
    assert check(bad, (0.0, 0.0)) == ["deletion is no better than a random order"]
    assert check(good, (0.0, 0.3, 0.0)) == ["hardly changes with random weights"]
    assert check(good, (float("nan"), 0.3))[0] == check(good, (0.3, float("nan")))[0]
    assert check(good, (0.9, float("nan"), float("nan"))) == []  # constant maps are like nothing
    assert len(check(bad, (0.3, 0.0), within=0.9)) == 3


def test_a_run_is_checked_and_left_as_it_was():
    run = load_run("cnn_small.digits")
    before = [weight.copy() for weight in run.model.get_weights()]
    methods = ["gradient_times_input", "occlusion", "guided_backpropagation"]
    found = zoo.check_explanations(run, methods=methods, examples=8, progress=False)
    for now, own in zip(run.model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, own)
    by_name = {one.method: one for one in found.methods}
    assert list(by_name) == methods and found.examples == 8
    assert by_name["occlusion"].deletion_gain.beats
    # The head's weights are random after the first stage, and the guided gradient hardly cares.
    assert by_name["guided_backpropagation"].correlations[0].value > 0.9
    assert by_name["gradient_times_input"].correlations[0].value < 0.6
    with pytest.raises(ArgumentError, match="has none: it has no such layers"):
        zoo.check_explanations(run, methods=["attention_rollout"])


def test_stages_of_a_tiny_network_hold_each_layer_once():
    layers = [keras.layers.Dense(2, name=name) for name in "abc"]
    model = keras.Sequential([keras.Input((2,)), *layers])
    for count, expected in ((3, ["c", "b", "a"]), (2, ["c", "a"])):
        small = keras.Sequential([keras.Input((2,)), *(layers[:1] + layers[3 - count + 1 :])])
        names = [layer.name for group in stages(small) for layer in group]
        assert names == expected
    assert [layer.name for group in stages(model) for layer in group] == ["c", "b", "a"]
