"""Splits that no group crosses."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.data.splits import grouped_indices
from zoo.errors import ArgumentError, DataError

FRACTIONS = st.sampled_from([(0.8, 0.2), (0.5, 0.5), (0.7, 0.2, 0.1)])
# Few classes and groups, at random: what is impossible occurs often.
EXAMPLES = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5)), min_size=1, max_size=40)


def possible(labels: np.ndarray, groups: np.ndarray, parts: int) -> bool:
    """Try every division of the groups."""
    names = np.unique(groups)
    has = {name: set(labels[groups == name]) for name in names}
    every = set(labels)
    for owners in product(range(parts), repeat=len(names)):
        found = [set() for _ in range(parts)]
        for owner, name in zip(owners, names, strict=True):
            found[owner] |= has[name]
        if all(part == every for part in found):
            return True
    return False


@settings(max_examples=60, deadline=None)
@given(EXAMPLES, FRACTIONS, st.integers(0, 2**31))
def test_no_group_crosses_and_every_part_has_each_class_where_that_is_possible(
    examples: list[tuple[int, int]], fractions: tuple[float, ...], seed: int
) -> None:
    labels, groups = np.array(examples).T
    try:
        parts = grouped_indices(labels, groups, fractions=fractions, seed=seed)
    except DataError:
        assert not possible(labels, groups, len(fractions))
        return
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(labels.size))
    owned = [set(groups[part]) for part in parts]
    assert sum(map(len, owned)) == len(set(groups))
    assert all(set(labels[part]) == set(labels) for part in parts)
    again = grouped_indices(labels, list(map(str, groups)), fractions=fractions, seed=seed)
    for one, other in zip(parts, again, strict=True):
        np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(one, np.sort(one))


@settings(max_examples=20, deadline=None)
@given(st.integers(40, 80), FRACTIONS, st.integers(0, 2**31))
def test_many_small_groups_are_divided_nearly_as_asked(
    count: int, fractions: tuple[float, ...], seed: int
) -> None:
    generator = np.random.default_rng(seed)
    groups = np.repeat(np.arange(count), generator.integers(1, 8, count))
    labels = generator.integers(0, 2, groups.size)
    parts = grouped_indices(labels, groups, fractions=fractions, seed=seed)
    for label in (0, 1):
        shares = [(labels[part] == label).sum() / (labels == label).sum() for part in parts]
        np.testing.assert_allclose(shares, fractions, atol=0.08)


def test_speakers_who_say_the_same_are_divided_by_whole_speakers() -> None:
    speakers = np.repeat(["ann", "ben", "eva", "ida", "tom"], 20)
    labels = np.tile(np.arange(10), 10)
    held = {
        seed: speakers[grouped_indices(labels, speakers, fractions=(0.8, 0.2), seed=seed)[1]]
        for seed in range(12)
    }
    assert all(len(chosen) == 20 and len(set(chosen)) == 1 for chosen in held.values())
    assert len({chosen[0] for chosen in held.values()}) >= 3  # another seed, another speaker


def test_groups_that_stay_within_a_class_are_spread_too() -> None:
    groups = np.arange(12).repeat(5)
    labels = groups % 3
    train, test = grouped_indices(labels, groups, fractions=(0.5, 0.5), seed=1)
    assert np.bincount(labels[train]).tolist() == np.bincount(labels[test]).tolist() == [10, 10, 10]


def test_many_classes_need_no_deep_recursion() -> None:
    groups = np.arange(4000)
    parts = grouped_indices(groups % 1500, groups, fractions=(0.6, 0.4), seed=0)
    assert all(np.unique(part % 1500).size == 1500 for part in parts)


def test_too_few_groups_are_counted_and_their_class_is_named() -> None:
    with pytest.raises(DataError, match=r"There are 1 group\(s\) for 2 splits(?s:.*)to fix"):
        grouped_indices(np.arange(6) % 2, ["ann"] * 6, fractions=(0.5, 0.5), seed=0)
    with pytest.raises(DataError, match=r"Class dog has examples of 1 group"):
        grouped_indices(
            np.array([0, 0, 1]),
            ["a", "b", "b"],
            fractions=(0.5, 0.5),
            seed=0,
            classes=("cat", "dog"),
        )
    labels, groups = np.array([0, 1, 1, 2, 2, 0]), np.array([0, 0, 1, 1, 2, 2])
    with pytest.raises(DataError, match="No division of 3 groups into 2 splits"):
        grouped_indices(labels, groups, fractions=(0.5, 0.5), seed=0)


def test_impossible_shares_and_no_examples_are_refused() -> None:
    with pytest.raises(ArgumentError, match="shares"):
        grouped_indices(np.zeros(4, int), list("abcd"), fractions=(0.9, 0.9), seed=0)
    with pytest.raises(DataError, match="no examples"):
        grouped_indices(np.array([], int), [], fractions=(0.5, 0.5), seed=0)
