"""Predicted times of learning equal published formulas, and simulations agree with one another."""

import math
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[3] / "benchmarks"))
import linear_fusion as fusion
import two_layers
from linear_fusion import Setting

# Four layers, ratio 2, scale 0.1: fusion layer, then predicted and balanced ratio by correlation.
ORACLE = {
    (2, -0.5): (1.311, 1.266),
    (2, 0.0): (1.213, 1.180),
    (2, 0.5): (1.265, 1.217),
    (3, -0.5): (2.050, 1.911),
    (3, 0.0): (1.748, 1.648),
    (3, 0.5): (1.958, 1.830),
    (4, -0.5): (5.0, 4.999),
    (4, 0.0): (4.0, 3.997),
    (4, 0.5): (5.0, 4.996),
}


@pytest.mark.parametrize(("at", "rho"), ORACLE)
def test_ratio_of_times_is_that_of_the_oracle(at, rho):
    setting = Setting(2.0, rho, fusion=at)
    predicted, simulated = ORACLE[at, rho]
    assert fusion.time_ratio(setting) == pytest.approx(predicted, abs=6e-4)
    assert fusion.balanced(setting) == pytest.approx(simulated, rel=0.01)


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        *(
            (Setting(ratio, fusion=at), value)
            for ratio, values in {
                1.5: (1.094, 1.318, 2.25),
                2.5: (1.366, 2.299, 6.25),
                3.0: (1.551, 2.971, 9.0),
            }.items()
            for at, value in zip((2, 3, 4), values, strict=True)
        ),
        *(
            (Setting(2.0, fusion=at, scale=scale), value)
            for scale, values in {
                0.03: (1.029, 1.222, 4.0),
                0.05: (1.069, 1.371, 4.0),
                0.18: (1.532, 2.385, 4.0),
            }.items()
            for at, value in zip((2, 3, 4), values, strict=True)
        ),
        (Setting(2.0, 0.3, fusion=1), 1.0),
    ],
)
def test_ratio_follows_deviation_and_scale(setting, expected):
    assert fusion.time_ratio(setting) == pytest.approx(expected, abs=6e-4)


@pytest.mark.parametrize("at", [2, 3, 4])
def test_balanced_networks_come_close_to_theory_as_they_start_smaller(at):
    def largest_error(ratios, scale):
        settings = [Setting(r, rho, 4, at, scale) for r in ratios for rho in (-0.5, 0, 0.5)]
        return max(abs(fusion.balanced(s) / fusion.time_ratio(s) - 1) for s in settings)

    assert largest_error((1.5, 2, 2.5, 3), 0.1) < (0.01 if at == 4 else 0.1)
    assert largest_error((3,), 0.01) < 0.003


def test_both_formulas_of_two_layers_agree_on_scalars():
    for rho in (-0.3, 0.0, 0.6):  # where x_B alone has a positive weight
        setting = Setting(2.0, rho, depth=2, fusion=2)
        found = fusion.two_layer_time_ratio(setting.covariance, setting.cross, 1)
        assert found == pytest.approx(fusion.time_ratio(setting))
        assert fusion.turn(setting.covariance, setting.cross, 1) == pytest.approx(0)
    setting = Setting(2.0, -0.8, depth=2, fusion=2)
    assert fusion.turn(setting.covariance, setting.cross, 1) == pytest.approx(180)


def descent(setting, seed, width, rate, steps):
    """Total weights of plain gradient descent on whole matrices, written the long way."""
    layers = [
        [w[0].astype(float) for w in part]
        for part in fusion._random_layers([setting], [seed], width)
    ]
    own, totals = setting.fusion, []
    for _ in range(steps):
        chains = [[*layers[m], *layers[2]] for m in (0, 1)]
        totals.append([np.linalg.multi_dot(chain[::-1])[0, 0] for chain in chains])
        error = setting.cross - setting.covariance @ totals[-1]
        slopes = []
        for m, chain in enumerate(chains):
            for i in range(setting.depth):
                after = np.linalg.multi_dot([np.eye(1), *chain[:i:-1], np.eye(len(chain[i]))])
                before = np.linalg.multi_dot(
                    [np.eye(chain[i].shape[1]), *chain[:i][::-1], np.eye(1)]
                )
                slopes.append((m, i, error[m] * after.T @ before.T))
        for m, i, slope in slopes:
            part, place = (layers[m], i) if i < own else (layers[2], i - own)
            part[place] = part[place] + rate * slope
    return np.array(totals)


@pytest.mark.parametrize("at", [1, 2, 3])
def test_long_steps_of_random_networks_follow_plain_descent(at):
    setting = Setting(2.0, 0.3, depth=3, fusion=at, scale=0.5)
    course = fusion.random_networks([setting], [3], width=6, change=0.01)
    rate = 0.01
    totals = descent(setting, 3, 6, rate, int(course.times[-1, 0] / rate))
    times = rate * np.arange(len(totals))
    plain = fusion.Course(times[:, None], totals[:, None]).half_times([setting])[0]
    assert course.half_times([setting])[0] == pytest.approx(plain, rel=0.03)


def test_late_fusion_overrates_the_first_by_what_it_shares_with_the_second():
    setting = Setting(2.0, 0.5, depth=2, fusion=2, scale=1e-8)
    for run in (fusion.random_networks, two_layers.late_relu):
        course = run([setting] * 2, [0, 1])
        halves = course.half_times([setting] * 2)
        assert halves[:, 1] / halves[:, 0] == pytest.approx(5.0, rel=0.05)
        assert course.at(halves.mean(axis=1))[:, 0] - 1 == pytest.approx(0.25, abs=0.01)


def test_moments_of_relu_are_those_of_samples():
    setting = Setting(2.0, 0.5)
    x = np.random.default_rng(0).multivariate_normal((0, 0), setting.covariance, 200_000)
    parts = np.maximum(np.column_stack([x[:, 0], -x[:, 0], x[:, 1], -x[:, 1]]), 0)
    assert two_layers.relu_moments(setting) == pytest.approx(parts.T @ parts / len(x), abs=0.03)


def test_first_is_not_always_more_useful():
    between = Setting(2.0, weights=(0.35, 1.0))
    assert fusion.is_first(between) and not fusion.is_more_useful(between)
    below, above = (Setting(2.0, weights=(w, 1.0)) for w in (0.2, 0.6))
    assert not fusion.is_first(below) and not fusion.is_more_useful(below)
    assert fusion.is_first(above) and fusion.is_more_useful(above)


def test_xor_is_learned_later_by_the_variance_of_the_linear_part():
    x, y = two_layers.xor_and_linear([2.0])
    outputs = two_layers.sampled_relu(
        x, y, [[0], [1, 2]], [0], spread=1e-4, rates=np.array([0.03]), steps=1500
    )
    linear, xor = (share[:, 0] for share in two_layers.learned_shares(outputs, x))
    times = np.arange(len(linear))
    ratio = fusion.crossing(times, xor, 0.5) / fusion.crossing(times, linear, 0.5)
    assert ratio == pytest.approx(2 * math.sqrt(2), rel=0.1)
