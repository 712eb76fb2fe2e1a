"""EER and the smallest detection cost, against scikit-learn's ROC curve and by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from sklearn.metrics import roc_curve

from zoo.errors import DataError
from zoo.metrics.intervals import NONE, Sampling
from zoo.metrics.verification import (
    ESTIMATORS,
    MOST_TRIALS,
    Trials,
    eer,
    equal_error_threshold,
    error_rates,
    min_dcf,
    verification_statistics,
)

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


def voices(speakers, clips, spread, seed=0):
    """Statistics of vectors that lie around one direction for each speaker."""
    generator = np.random.default_rng(seed)
    centres = generator.normal(size=(speakers, 8))
    vectors = np.repeat(centres, clips, 0) + generator.normal(0, spread, (speakers * clips, 8))
    return verification_statistics(vectors, np.repeat(np.arange(speakers) * 11, clips))


def test_all_pairs_are_tried_once_and_copies_are_not():
    found = Trials.of(voices(4, 3, 0.5))
    assert len(found.scores) == 12 * 11 // 2 and found.same.sum() == 4 * 3
    assert (np.diff(found.scores) <= 0).all()
    twice = {name: np.concatenate([v, v]) for name, v in voices(4, 3, 0.5).items()}
    assert len(Trials.of(twice).scores) == 24 * 23 // 2 - 12
    alike = {"vector": np.ones((4, 2)), "person": np.array([0, 0, 1, 1])}  # a network that gave up
    assert Trials.of(alike).same.sum() == 2


def test_of_very_many_pairs_some_are_drawn_of_both_kinds():
    statistics = voices(60, 12, 1.0)
    found = Trials.of(statistics)
    assert len(found.scores) == pytest.approx(MOST_TRIALS, abs=2)
    assert found.same.mean() == pytest.approx(0.5, abs=1e-3)
    persons = statistics["person"]
    assert ((persons[found.first] == persons[found.second]) == found.same).all()
    assert (found.first != found.second).all()
    first, second = np.triu_indices(720, 1)
    scores = (statistics["vector"][first] * statistics["vector"][second]).sum(1)
    whole = eer(scores, persons[first] == persons[second])
    assert found.value(eer) == pytest.approx(whole, abs=0.01)


def test_a_person_drawn_twice_counts_as_two_persons_and_all_their_trials_twice():
    statistics = voices(3, 4, 0.8)
    weights = np.repeat([2.0, 1.0, 0.0], 4)
    found = ESTIMATORS["eer"](statistics, weights[None])[0]
    trials = Trials.of(statistics)
    repeated = []
    for a, b, same in zip(trials.first, trials.second, trials.same, strict=True):
        times = weights[a] if same else weights[a] * weights[b]
        repeated += [(a, b, same)] * int(times)
    a, b, same = map(np.array, zip(*repeated, strict=True))
    scores = (statistics["vector"][a] * statistics["vector"][b]).sum(1)
    assert found == pytest.approx(eer(scores, same.astype(bool)))
    only = np.repeat([3.0, 0.0, 0.0], 4)
    assert np.isnan(ESTIMATORS["eer"](statistics, only[None])).all()


def test_intervals_draw_persons_and_there_is_none_without_them():
    statistics = voices(12, 6, 1.2)
    groups = [str(person) for person in statistics["person"]]
    found = ESTIMATORS["eer"].interval(statistics, Sampling.of(72, groups, noun="speakers"))
    value = float(ESTIMATORS["eer"](statistics))
    assert found.low < value < found.high and found.method == "bootstrap over 12 speakers"
    assert ESTIMATORS["eer"].interval(statistics, Sampling.of(72)) == NONE


@given(SETS)
@settings(max_examples=100, deadline=None)
def test_no_threshold_brings_both_errors_closer(seed):
    scores, same = trials(seed)

    def gap(threshold):
        return abs(np.mean(scores[~same] > threshold) - np.mean(scores[same] <= threshold))

    chosen = gap(equal_error_threshold(scores, same))
    places = np.unique(scores)
    between = [places[0] - 1, *(places[1:] + places[:-1]) / 2]
    # "Refuse all" is left out: it is no threshold that anybody can use.
    assert chosen <= min(map(gap, between)) + 1e-9
