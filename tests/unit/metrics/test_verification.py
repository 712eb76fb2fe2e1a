"""EER and the smallest detection cost, against scikit-learn's ROC curve and by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from sklearn.metrics import roc_curve

from zoo.errors import DataError
from zoo.metrics.verification import eer, error_rates, min_dcf

SETS = st.integers(0, 10_000)


def trials(seed):
    """Scores with ties, and truths of both kinds."""
    generator = np.random.default_rng(seed)
    count = int(generator.integers(2, 60))
    same = generator.random(count) < 0.4
    same[:2] = [True, False]
    return np.round(generator.normal(size=count) + same, 1), same


@given(SETS)
@settings(max_examples=200, deadline=None)
def test_equals_the_crossing_of_scikit_learns_curve(seed):
    scores, same = trials(seed)
    alarms, hits, _ = roc_curve(same, scores, drop_intermediate=False)
    expected = brentq(lambda x: 1 - x - np.interp(x, alarms, hits), -1e-9, 1 + 1e-9)
    crossing = eer(scores, same)
    # Where the curve is vertical at the crossing, interpolation by x takes one end of the step.
    vertical = np.isclose(alarms, crossing).sum() > 1
    assert abs(crossing - expected) < (1e-6 if not vertical else 1e-5)
    found = error_rates(scores, same)
    np.testing.assert_allclose(found[0], alarms)
    np.testing.assert_allclose(found[1], 1 - hits, atol=1e-12)
    cost = (0.05 * (1 - hits) + 2 * 0.95 * alarms).min() / 0.05
    assert min_dcf(scores, same, target_share=0.05, alarm_cost=2) == pytest.approx(cost)


@given(SETS)
@settings(max_examples=50, deadline=None)
def test_a_weight_is_a_trial_that_many_times(seed):
    scores, same = trials(seed)
    counts = np.random.default_rng(seed + 1).integers(0, 4, len(scores))
    counts[:2] = 1
    repeated = np.repeat(scores, counts), np.repeat(same, counts)
    assert eer(scores, same, counts) == pytest.approx(eer(*repeated))
    assert min_dcf(scores, same, counts) == pytest.approx(min_dcf(*repeated))


def test_order_alone_counts_and_the_ends_are_right():
    scores, same = trials(3)
    assert eer(scores, same) == pytest.approx(eer(np.exp(scores), same))
    apart = np.array([4.0, 3.0, 2.0, 1.0]), np.array([True, True, False, False])
    assert eer(*apart) == min_dcf(*apart) == 0
    assert eer(-apart[0], apart[1]) == 1 and min_dcf(-apart[0], apart[1]) == 1
    assert eer(np.zeros(4), apart[1]) == 0.5


def test_one_step_by_hand():
    """Four pairs of one person, one below the best of two pairs of two: misses 1/4 or alarms 1/2."""
    scores = np.array([5.0, 4.0, 3.0, 1.0, 2.0, 0.0])
    same = np.array([True, True, True, True, False, False])
    assert eer(scores, same) == pytest.approx(0.25)
    assert min_dcf(scores, same, target_share=0.5) == pytest.approx(0.25)
    assert min_dcf(scores, same, target_share=0.5, miss_cost=4) == pytest.approx(0.5)


@pytest.mark.parametrize("scores, same", [([1.0], [True]), ([1.0, np.nan], [True, False])])
def test_trials_of_one_kind_and_scores_that_are_no_numbers_are_refused(scores, same):
    with pytest.raises(DataError, match="no rates"):
        eer(np.array(scores), np.array(same))
