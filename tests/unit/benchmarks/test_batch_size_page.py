"""What batch_size.py and replicas.py compute from their runs."""

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import curve_fit

sys.path.insert(0, str(Path(__file__).parents[3] / "benchmarks"))
from batch_size import reached, tune
from batch_size_page import fitted
from replicas import PARTS, STEPS, order, subsets

SIZES = np.array([8, 16, 32, 64, 128, 256, 512.0])


def test_the_fit_is_that_of_curve_fit_and_fulfils_the_equation():
    noise = np.random.default_rng(1).normal(scale=0.1, size=len(SIZES))
    steps = 40 * (1 + 90 / SIZES) * np.exp(noise)
    found = fitted(SIZES, steps)

    def log_steps(sizes, log_fewest, log_critical):
        return log_fewest + np.log1p(np.exp(log_critical) / sizes)

    (fewest, critical), _ = curve_fit(log_steps, SIZES, np.log(steps), p0=(3, 4))
    assert found.fewest_steps == pytest.approx(np.exp(fewest), rel=1e-4)
    assert found.critical == pytest.approx(np.exp(critical), rel=1e-4)
    curve = found.steps(SIZES)
    one, other = curve / found.fewest_steps - 1, SIZES * curve / found.fewest_examples - 1
    np.testing.assert_allclose(one * other, 1)


def test_a_single_lucky_check_does_not_reach_the_goal():
    assert reached([2, 3, 4, 5], [0.1, 0.95, 0.1, 0.1], 0.8) is None
    assert reached([2, 3, 4, 5], [0.1, 0.95, 0.7, 0.8], 0.8) == 4


def test_tuning_goes_on_until_the_best_rate_has_a_worse_one_on_both_sides():
    asked = []

    def run(name, size, exponent, seed, most):
        asked.append((exponent, seed, most))
        steps = 100 + 20 * abs(exponent - 2)
        return steps if steps <= most else None

    assert tune("digits", 8, run, 1000) == 2
    assert asked == [(0, 0, 1000), (-1, 0, 210), (1, 0, 210), (2, 0, 180), (3, 0, 150)]
    assert tune("digits", 8, lambda *_: None, 1000) is None


@pytest.mark.parametrize("split", ["random", "class"])
def test_subsets_share_no_example_and_leave_none_out(split):
    labels = np.random.default_rng(0).integers(0, 10, 203)
    parts = subsets(labels, split, seed=1)
    assert len(parts) == PARTS
    assert sorted(np.concatenate(parts)) == list(range(203))
    batches = order(parts[0], 16, seed=1)
    assert batches.shape == (STEPS, 16)
    assert set(batches.ravel()) == set(parts[0])
    if split == "class":
        assert max(labels[parts[0]]) <= min(labels[parts[1]])
