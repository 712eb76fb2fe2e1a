"""Shapley values, what is lost without an input, and the additive part of answers."""

import itertools

import numpy as np
import pytest

from zoo.metrics.reliance import (
    additive,
    interval,
    lost_without,
    resampled,
    shapley_values,
    shares_of,
)


def by_orders(worth):
    """Shapley values by their definition: the mean gain over all orders of adding inputs."""
    count = len(worth).bit_length() - 1
    total = np.zeros(count)
    orders = list(itertools.permutations(range(count)))
    for order in orders:
        there = 0
        for m in order:
            total[m] += worth[there | 1 << m] - worth[there]
            there |= 1 << m
    return total / len(orders)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_shapley_values_are_the_mean_gain_over_all_orders_and_sum_to_the_whole(count):
    worth = np.random.default_rng(count).random(2**count)
    found = shapley_values(worth)
    assert found == pytest.approx(by_orders(worth), abs=1e-12)
    assert found.sum() == pytest.approx(worth[-1] - worth[0], abs=1e-12)


def test_each_column_has_its_own_values():
    worth = np.random.default_rng(0).random((8, 5))
    found = shapley_values(worth)
    assert found.shape == (3, 5)
    assert found[:, 2] == pytest.approx(shapley_values(worth[:, 2]))


def test_an_input_that_changes_nothing_has_no_share():
    worth = np.array([0.1, 0.7, 0.1, 0.7])  # the second input tells nothing
    assert shares_of(shapley_values(worth)).tolist() == [1.0, 0.0]


def test_shares_are_not_known_where_the_inputs_are_worth_nothing_together():
    assert np.isnan(shares_of(np.array([0.1, -0.2]))).all()


def test_other_numbers_of_subsets_are_refused():
    with pytest.raises(ValueError, match="3 subsets"):
        shapley_values(np.zeros(3))


def test_lost_is_the_difference_to_all_others():
    worth = np.arange(8) / 10
    assert lost_without(worth) == pytest.approx([0.1, 0.2, 0.4])


def test_resamples_draw_whole_groups_and_have_the_mean_of_the_examples():
    right = np.random.default_rng(0).random((4, 60))
    drawn = resampled(right, resamples=4000, groups=np.arange(60) // 6)
    assert drawn.shape == (4, 4000)
    assert drawn.mean(axis=1) == pytest.approx(right.mean(axis=1), abs=0.01)
    of_groups = right.reshape(4, 10, 6).mean(axis=2)
    assert drawn.std(axis=1) == pytest.approx(of_groups.std(axis=1) / np.sqrt(10), rel=0.1)


def test_examples_of_a_single_group_are_drawn_one_by_one():
    right = np.random.default_rng(0).random((2, 50))
    assert resampled(right, groups=["one"] * 50).std(axis=1).min() > 0


def test_a_mean_lies_in_its_interval_as_often_as_promised():
    generator, inside = np.random.default_rng(0), 0
    for seed in range(200):
        right = (generator.random((1, 80)) < 0.6).astype(float)
        low, high = interval(resampled(right, seed=seed))
        inside += bool(low[0] <= 0.6 <= high[0])
    assert inside >= 180


def test_additive_answers_are_the_best_ones_of_that_form():
    """EMAP equals the least-squares fit of f(a) + g(b) to all pairs (2010.06572 §3)."""
    outputs = np.random.default_rng(0).normal(size=(6, 6, 2))
    first, second = (np.eye(6)[places.ravel()] for places in np.indices((6, 6)))
    design = np.concatenate([first, second], axis=1)  # (36, 12)
    fitted = design @ np.linalg.lstsq(design, outputs.reshape(36, 2), rcond=None)[0]
    own = fitted.reshape(6, 6, 2)[np.arange(6), np.arange(6)]
    assert additive(outputs) == pytest.approx(own, abs=1e-10)


def test_answers_without_interaction_are_kept():
    generator = np.random.default_rng(0)
    outputs = generator.normal(size=(5, 1, 3)) + generator.normal(size=(1, 5, 3))
    assert additive(outputs) == pytest.approx(outputs[np.arange(5), np.arange(5)])


def test_a_model_that_is_never_better_than_the_prior_has_no_shares():
    """Training may have begun just now: all shares are unknown, and no row has an interval."""
    right = np.zeros((4, 10))
    right[0] = 0.1
    shares = shares_of(shapley_values(resampled(right)))
    assert np.isnan(shares).all() and np.isnan(interval(shares)).all()
