"""Classes are drawn as often as asked, in an order that is a function of (seed, step)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_pipeline import ASSETS, Identity, make_split

from zoo.data.dataset import Split
from zoo.data.pipeline import Encoded, batch_positions, training_stream
from zoo.data.sampling import ClassSampling, quotas

LABELS = np.repeat([0, 1, 2], [60, 12, 3])


def stream_of(steps, *, sampling, batch_size=10, seed=1, buckets=None):
    how = {"size": len(LABELS), "batch_size": batch_size, "seed": seed, "buckets": buckets}
    return np.concatenate([batch_positions(s, **how, sampling=sampling) for s in range(steps)])


@given(
    st.lists(st.integers(1, 500), min_size=1, max_size=12), st.sampled_from(["balanced", "sqrt"])
)
@settings(max_examples=100, deadline=None)
def test_quotas_add_up_and_are_within_one_of_their_share(counts, how):
    found = np.array(quotas(counts, how))
    shares = np.sqrt(counts) if how == "sqrt" else np.ones(len(counts))
    assert found.sum() == sum(counts)
    assert (np.abs(found - sum(counts) * shares / shares.sum()) < 1).all()


@pytest.mark.parametrize(("how", "expected"), [("balanced", [25, 25, 25]), ("sqrt", [45, 20, 10])])
def test_every_pass_has_the_shares_that_were_asked_for(how, expected):
    sampling = ClassSampling(LABELS, how)
    for number in range(4):
        assert np.bincount(LABELS[sampling.order(1, number)]).tolist() == expected


@pytest.mark.parametrize("how", ["balanced", "sqrt"])
def test_examples_of_a_class_are_drawn_equally_often_over_passes(how):
    drawn = np.bincount(stream_of(75, sampling=ClassSampling(LABELS, how)), minlength=len(LABELS))
    for k in range(3):
        own = drawn[k == LABELS]
        assert own.max() - own.min() <= 1
    assert drawn[LABELS == 2].min() > 4 * drawn[LABELS == 0].max()


def test_any_step_can_be_asked_for_first():
    sampling = ClassSampling(LABELS, "balanced")
    whole = stream_of(30, sampling=sampling).reshape(30, 10)
    again = ClassSampling(LABELS, "balanced")
    how = {"size": len(LABELS), "batch_size": 10, "seed": 1}
    for step in (29, 3, 17):
        np.testing.assert_array_equal(batch_positions(step, **how, sampling=again), whole[step])


def test_seeds_and_passes_differ():
    sampling = ClassSampling(LABELS, "balanced")
    first = sampling.order(1, 0)
    assert not np.array_equal(first, sampling.order(1, 1))
    assert not np.array_equal(first, sampling.order(2, 0))


def test_buckets_group_what_was_drawn_and_change_none_of_it():
    sampling, buckets = ClassSampling(LABELS, "balanced"), np.arange(len(LABELS)) % 3
    grouped = stream_of(32, sampling=sampling, buckets=buckets, batch_size=5)
    plain = stream_of(32, sampling=sampling, batch_size=5)
    for start in (0, 80):  # groups of 16 batches of 5
        assert sorted(grouped[start : start + 80]) == sorted(plain[start : start + 80])
    kinds = [len(set(buckets[batch])) for batch in grouped.reshape(32, 5)]
    assert np.mean(kinds) < np.mean([len(set(buckets[batch])) for batch in plain.reshape(32, 5)])


def test_a_class_without_examples_is_never_drawn():
    labels = np.array([0, 0, 0, 2])
    assert np.bincount(labels[ClassSampling(labels, "balanced").order(1, 0)]).tolist() == [2, 0, 2]


def test_the_stream_draws_by_class_and_resumes():
    values = np.arange(2 * len(LABELS), dtype="float32").reshape(-1, 2)
    encoded = Encoded(
        Split({"value": values, "label": LABELS}), Identity(), ASSETS, sampling="balanced"
    )
    how = {"batch_size": 25, "seed": 3}
    batches = [y["label"].numpy() for _, y in training_stream(encoded, **how).take(6)]
    assert np.bincount(np.concatenate(batches)).tolist() == [50, 50, 50]
    later = training_stream(encoded, first_step=4, **how).take(2)
    for (_, y), before in zip(later, batches[4:], strict=True):
        np.testing.assert_array_equal(y["label"], before)


def test_without_sampling_the_order_is_what_it_always_was():
    encoded = Encoded(make_split(50), Identity(), ASSETS)
    assert encoded.sampling is None
    expected = np.random.default_rng([1, 0]).permutation(50)
    found = batch_positions(0, size=50, batch_size=50, seed=1, sampling=encoded.sampling)
    np.testing.assert_array_equal(found, expected)
