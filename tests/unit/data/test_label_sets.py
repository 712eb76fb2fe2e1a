"""Splits of examples that have any number of labels: each label is spread, rare ones too."""

import numpy as np
import pytest
from sklearn.model_selection import StratifiedKFold

from zoo.columns import Image, Labels
from zoo.data.dataset import Dataset, Split
from zoo.data.folds import in_folds
from zoo.data.label_sets import held_labels, label_set_indices
from zoo.data.load import load_dataset
from zoo.errors import ArgumentError, DataError

SHARES = [(0.8, 0.2), (0.85, 0.15), (0.9, 0.1), (1 / 3, 1 / 3, 1 / 3), (0.2,) * 5]


def random_sets(seed):
    """Up to 6 labels of 40 to 400 examples, which 2 to 60 % of them have."""
    generator = np.random.default_rng(seed)
    count, labels = generator.integers(40, 400), generator.integers(1, 7)
    return generator.random((count, labels)) < generator.uniform(0.02, 0.6, labels)


def ideal(held, shares):
    """How many examples of each label a part should have: its share, but one at least."""
    totals = held.sum(axis=0)
    wanted = np.outer(shares, totals)
    wanted[1:] = np.where(totals >= len(shares), np.maximum(wanted[1:], 1), wanted[1:])
    wanted[0] = totals - wanted[1:].sum(axis=0)
    return wanted


@pytest.mark.parametrize("seed", range(50))
def test_every_label_and_every_size_is_within_one_example_of_its_share(seed):
    held, shares = random_sets(seed), SHARES[seed % len(SHARES)]
    parts = label_set_indices(held, fractions=shares, seed=seed)
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(len(held)))
    counts = np.array([held[part].sum(axis=0) for part in parts])
    assert abs(counts - ideal(held, shares)).max() <= 1 + 1e-3  # shares are held in thousandths
    assert all(
        abs(len(part) - share * len(held)) <= 1 + 1e-3
        for part, share in zip(parts, shares, strict=True)
    )
    assert (counts[:, held.sum(axis=0) >= len(shares)] > 0).all()


def test_labels_that_two_examples_have_are_in_train_and_in_validation():
    held = np.zeros((200, 30), "bool")
    for label in range(30):
        held[[3 * label, 3 * label + 1], label] = True
    train, validation = label_set_indices(held, fractions=(0.9, 0.1), seed=0)
    assert held[train].sum(axis=0).tolist() == held[validation].sum(axis=0).tolist() == [1] * 30


def test_the_only_example_of_a_label_is_learnt_from():
    held = np.zeros((50, 3), "bool")
    held[[4, 17, 33], [0, 1, 2]] = True
    train, _ = label_set_indices(held, fractions=(0.8, 0.2), seed=1)
    assert {4, 17, 33} <= set(train.tolist())


def test_examples_of_exactly_one_label_are_divided_as_scikit_learn_does():
    labels = np.repeat([0, 1, 2], [41, 23, 9])
    held = np.eye(3, dtype="bool")[labels]
    ours = label_set_indices(held, fractions=(0.2,) * 5, seed=0)
    theirs = StratifiedKFold(5, shuffle=True, random_state=0).split(labels, labels)

    def counted(parts):
        return np.sort([np.bincount(labels[part], minlength=3) for part in parts], axis=0)

    np.testing.assert_array_equal(counted(ours), counted([part for _, part in theirs]))


def test_the_seed_decides_for_ever():
    held = random_sets(0)
    one, again, other = (
        label_set_indices(held, fractions=(0.8, 0.2), seed=seed)[1] for seed in (1, 1, 2)
    )
    assert np.array_equal(one, again) and not np.array_equal(one, other)
    small = np.arange(20)[:, None] % np.array([2, 5]) == 0
    np.testing.assert_array_equal(
        label_set_indices(small, fractions=(0.8, 0.2), seed=7)[1], [2, 4, 5, 9]
    )


def test_too_few_examples_and_wrong_shares_are_refused():
    with pytest.raises(DataError, match=r"There are 1 example\(s\) for 2 splits"):
        label_set_indices(np.ones((1, 2), "bool"), fractions=(0.5, 0.5), seed=0)
    with pytest.raises(ArgumentError, match="cannot be divided"):
        label_set_indices(np.ones((9, 2), "bool"), fractions=(0.5, 0.4), seed=0)


# --- data sets


def tagged(count=60, groups=False):
    """Half of the examples are tagged, and a tenth of these have a rare tag as well."""
    tags = [("often", "rare")[: 1 + (i < count // 10)] if i % 2 else () for i in range(count)]
    columns = {"image": np.zeros((count, 2, 2, 1), "uint8"), "tags": tags}
    columns |= {"group": [f"g{i // 6}" for i in range(count)]} if groups else {}
    return Dataset(
        name="tagged",
        splits={"train": Split(columns)},
        features={"image": Image((2, 2, 1)), "tags": Labels(("often", "rare"))},
        classes=(),
        licence="CC0",
        source="folder",
    )


def counts(data, split):
    return held_labels(data.splits[split], data.features).sum(axis=0).tolist()


def test_validation_has_its_share_of_each_label():
    divided = tagged().with_validation(fraction=1 / 3, seed=0)
    assert (counts(divided, "train"), counts(divided, "validation")) == ([20, 2], [10, 1])


def test_folds_have_their_shares_and_say_so():
    folds = [in_folds(tagged(), folds=3, test_fold=k, seed=0) for k in (1, 2, 3)]
    assert [counts(one, "test") for one in folds] == [[10, 1]] * 3
    assert "stratified by label, seed 0" in folds[0].notes[0]
    with pytest.raises(DataError, match=r"There are 6 example\(s\) for 7 folds"):
        in_folds(tagged(6), folds=7, test_fold=1, seed=0)


def test_groups_stay_whole():
    divided = tagged(groups=True).with_validation(fraction=0.3, seed=0).splits
    groups = [set(divided[name].columns["group"]) for name in ("train", "validation")]
    assert not groups[0] & groups[1]


def test_the_test_split_of_a_table_has_its_share_of_each_label(tmp_path):
    rows = [f"text {i},{'a;b' if i < 5 else 'a' if i % 2 else ''}" for i in range(50)]
    (tmp_path / "a.csv").write_text("text,label\n" + "\n".join(rows) + "\n")
    data = load_dataset(tmp_path / "a.csv", label_separator=";", test_fraction=0.2)
    assert (counts(data, "train"), counts(data, "test")) == ([22, 4], [6, 1])
    assert data.notes[0] == "The test split was drawn: stratified by label, 20%, seed 0."


def test_an_absent_set_has_no_labels():
    split = Split({"tags": [("a",), None, ()]})
    assert held_labels(split, {"tags": Labels(("a",))}).tolist() == [[True], [False], [False]]
    assert held_labels(split, {"image": Image((2, 2, 1))}) is None
