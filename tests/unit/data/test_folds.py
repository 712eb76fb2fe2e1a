"""Folds: equal parts of all examples, by class and by whole groups."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedKFold

from zoo.columns import Label, Text
from zoo.data.dataset import Dataset, Split, joined
from zoo.data.folds import grouped_folds, in_folds, stratified_folds
from zoo.data.load import load_dataset
from zoo.errors import DataError


def in_order_of_appearance(labels):
    """Number classes as scikit-learn does before it deals their examples out."""
    return np.array([list(dict.fromkeys(labels)).index(label) for label in labels])


LABELS = st.lists(st.integers(0, 3), min_size=1, max_size=60).map(in_order_of_appearance)


@settings(max_examples=80, deadline=None)
@given(LABELS, st.integers(2, 6), st.integers(0, 2**31))
def test_parts_are_those_of_scikit_learn_in_size_by_class(labels, folds, seed):
    names = ("a", "b", "c", "d")
    if np.bincount(labels)[np.unique(labels)].min() < folds:
        with pytest.raises(DataError, match=rf"example\(s\) for {folds} folds"):
            stratified_folds(labels, folds=folds, seed=seed, classes=names)
        return
    parts = stratified_folds(labels, folds=folds, seed=seed, classes=names)
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(labels.size))
    theirs = StratifiedKFold(folds, shuffle=True, random_state=0).split(labels, labels)
    ours = sorted(tuple(np.bincount(labels[part], minlength=4)) for part in parts)
    assert ours == sorted(tuple(np.bincount(labels[part], minlength=4)) for _, part in theirs)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_the_seed_decides_the_division():
    labels = np.arange(60) % 3
    one, again, other = (stratified_folds(labels, folds=4, seed=seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(one, again, strict=True))
    assert any(not np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@settings(max_examples=30, deadline=None)
@given(st.integers(30, 60), st.integers(2, 5), st.integers(0, 2**31))
def test_no_group_is_in_two_parts_and_parts_are_nearly_equal(count, folds, seed):
    generator = np.random.default_rng(seed)
    groups = np.repeat(np.arange(count), generator.integers(2, 6, count))
    labels = generator.integers(0, 2, groups.size)
    parts = grouped_folds(labels, groups, folds=folds, seed=seed)
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(labels.size))
    assert sum(len(set(groups[part])) for part in parts) == count
    assert all(set(labels[part]) == {0, 1} for part in parts)
    assert max(abs(len(part) - labels.size / folds) for part in parts) <= 6


# --- a data set


@pytest.mark.parametrize("name", ["digits", "vowels"])
def test_every_example_is_tested_once_and_never_trained_on_in_its_fold(name):
    source = load_dataset(name)
    whole = joined(source.splits.values())
    tested = []
    for fold in (1, 2, 3):
        divided = in_folds(source, folds=3, test_fold=fold, seed=0)
        sizes = {split: len(divided.splits[split]) for split in ("train", "test")}
        assert sum(sizes.values()) == len(whole)
        tested += [row_of(example) for example in divided.splits["test"]]
        carved = divided.with_validation(fraction=0.2, seed=0)
        if "group" in whole.columns:
            groups = [set(split.columns["group"]) for split in carved.splits.values()]
            assert len(set.union(*groups)) == sum(map(len, groups))
        assert divided.notes[0].startswith(
            f"The test split is fold {fold} of 3: the {len(whole):,}"
        )
    assert sorted(tested) == sorted(row_of(example) for example in whole)


def row_of(example):
    return tuple(np.asarray(value).tobytes() for _, value in sorted(example.items()))


def texts(labels, groups=None, notes=()):
    columns = {"text": [f"text {i}" for i in range(len(labels))], "label": np.array(labels)}
    columns |= {} if groups is None else {"group": groups}
    return Dataset(
        name="few",
        splits={"train": Split(columns)},
        features={"text": Text(), "label": Label()},
        classes=("no", "yes"),
        licence="none",
        source="table",
        notes=notes,
    )


def test_a_note_on_the_split_of_the_source_is_replaced():
    notes = ("The test split was drawn: a fifth, seed 0.", "Some are long.")
    divided = in_folds(texts([0, 1] * 6, notes=notes), folds=2, test_fold=1, seed=0)
    assert len(divided.notes) == 2 and divided.notes[1] == "Some are long."


def test_the_fingerprint_is_that_of_the_fold():
    data = texts([0, 1] * 8)
    prints = {in_folds(data, folds=4, test_fold=k, seed=0).fingerprint for k in (1, 2, 3, 4)}
    assert len(prints | {data.fingerprint}) == 5


def test_a_fold_without_a_class_is_refused_with_the_folds_that_would_do():
    with pytest.raises(DataError) as caught:
        in_folds(texts([0] * 20 + [1] * 3), folds=5, test_fold=1, seed=0)
    assert "Class yes has 3 example(s) for 5 folds" in caught.value.problem
    assert "take 3 folds at most" in caught.value.fix


def test_a_group_larger_than_a_fold_is_refused_with_the_folds_that_would_do():
    groups = ["ann"] * 9 + [f"p{i}" for i in range(11)]
    with pytest.raises(DataError) as caught:
        in_folds(texts([0, 1] * 10, groups), folds=5, test_fold=1, seed=0)
    assert "Group ann has 9 of 20 examples; one of 5 folds has 4" in caught.value.problem
    assert "take 2 folds at most" in caught.value.fix
    assert in_folds(texts([0, 1] * 10, groups), folds=2, test_fold=1, seed=0)


def test_too_few_groups_are_counted():
    with pytest.raises(DataError, match=r"There are 2 group\(s\) for 5 folds") as caught:
        in_folds(texts([0, 1] * 10, ["a", "b"] * 10), folds=5, test_fold=1, seed=0)
    assert "take 2 folds at most" in caught.value.fix


def test_examples_without_classes_are_divided_evenly():
    columns = {"text": [f"text {i}" for i in range(10)]}
    data = Dataset("docs", {"train": Split(columns)}, {"text": Text()}, (), "none", "table")
    sizes = [len(in_folds(data, folds=3, test_fold=k, seed=0).splits["test"]) for k in (1, 2, 3)]
    assert sorted(sizes) == [3, 3, 4]
    with pytest.raises(DataError, match=r"There are 10 example\(s\) for 11 folds"):
        in_folds(data, folds=11, test_fold=1, seed=0)


def test_splits_are_joined_with_the_names_that_they_have():
    named = Split({"label": np.arange(2)}, names=["a", "b"])
    assert joined([named, Split({"label": np.arange(1)})]).names == ["a", "b", "#0"]
    assert joined([Split({"label": np.arange(2)})] * 2).names is None
