"""Seeded, stratified splits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.data.splits import stratified_indices
from zoo.errors import ArgumentError, DataError

FRACTIONS = st.sampled_from([(0.8, 0.2), (0.5, 0.5), (0.1, 0.9), (0.7, 0.2, 0.1), (0.2, 0.4, 0.4)])
LABELS = st.lists(st.integers(3, 40), min_size=1, max_size=5).flatmap(
    lambda sizes: st.permutations([label for label, n in enumerate(sizes) for _ in range(n)])
)


@settings(max_examples=100, deadline=None)
@given(LABELS, FRACTIONS, st.integers(0, 2**31))
def test_parts_are_disjoint_complete_and_stratified(
    labels: list[int], fractions: tuple[float, ...], seed: int
) -> None:
    labels = np.array(labels)
    parts = stratified_indices(labels, fractions=fractions, seed=seed)
    assert len(parts) == len(fractions)
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(labels.size))
    for label, size in enumerate(np.bincount(labels)):
        for part, share in zip(parts, fractions, strict=True):
            members = int((labels[part] == label).sum())
            assert members >= 1
            assert abs(members - share * size) <= len(fractions)


@settings(max_examples=50, deadline=None)
@given(LABELS, FRACTIONS, st.integers(0, 2**31))
def test_a_seed_gives_the_same_parts_every_time(
    labels: list[int], fractions: tuple[float, ...], seed: int
) -> None:
    once = stratified_indices(np.array(labels), fractions=fractions, seed=seed)
    again = stratified_indices(np.array(labels), fractions=fractions, seed=seed)
    for first, second in zip(once, again, strict=True):
        np.testing.assert_array_equal(first, second)
        np.testing.assert_array_equal(first, np.sort(first))


def test_another_seed_gives_other_parts() -> None:
    labels = np.arange(200) % 4
    draws = [stratified_indices(labels, fractions=(0.5, 0.5), seed=seed)[1] for seed in range(5)]
    assert len({draw.tobytes() for draw in draws}) == 5


def test_a_seed_means_the_same_examples_for_ever() -> None:
    part = stratified_indices(np.arange(20) % 2, fractions=(0.8, 0.2), seed=7)[1]
    np.testing.assert_array_equal(part, [5, 10, 11, 18])


@pytest.mark.parametrize("fractions", [(1.0, 0.0), (0.5, 0.4), (1.2, -0.2)])
def test_impossible_shares_are_refused(fractions: tuple[float, ...]) -> None:
    with pytest.raises(ArgumentError, match="shares"):
        stratified_indices(np.zeros(10, int), fractions=fractions, seed=0)


def test_a_class_too_small_is_named() -> None:
    with pytest.raises(DataError, match=r"Class dog has 1 example"):
        stratified_indices(
            np.array([0, 0, 1]), fractions=(0.5, 0.5), seed=0, classes=("cat", "dog")
        )


def test_no_examples_at_all_are_refused() -> None:
    with pytest.raises(DataError, match="no examples"):
        stratified_indices(np.array([], int), fractions=(0.5, 0.5), seed=0)
