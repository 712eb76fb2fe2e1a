"""Cross-validation: all examples of a data set in equal parts, of which one is the test split."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from zoo.data.dataset import Dataset, joined
from zoo.data.label_sets import held_labels, label_set_indices
from zoo.data.splits import grouped_indices
from zoo.errors import DataError

_OF_TEST = "The test split"  # how a note about the split of the source begins


def in_folds(dataset: Dataset, *, folds: int, test_fold: int, seed: int) -> Dataset:
    """Return the data with one of several equal parts as its test split and the others as train.

    The examples of all splits are pooled. Where they have classes, each part has its share of every
    class, or of each of several labels; where they have groups, no group is in two parts.

    Args:
        dataset: as its source gives it, before a validation split is taken from it.
        folds: number of parts, 2 or more.
        test_fold: the part that is the test split, from 1.
        seed: of the division, which does not depend on `test_fold`.

    Raises:
        DataError: a class or the groups are too few for so many parts, or a group is larger than one.

    >>> from zoo.data.embedded.digits import load
    >>> folds = [in_folds(load(), folds=5, test_fold=k, seed=0) for k in (1, 5)]
    >>> [len(one.splits["test"]) for one in folds]
    [360, 359]
    """
    everything = joined(dataset.splits.values())
    labels = everything.labels if dataset.classes else np.zeros(len(everything), dtype="int64")
    if "group" in everything.columns:
        groups = everything.columns["group"]
        parts = grouped_folds(labels, groups, folds=folds, seed=seed, classes=dataset.classes)
        how = "no group is in two of them"
    elif not dataset.classes and (held := held_labels(everything, dataset.features)) is not None:
        parts = label_set_indices(held, fractions=(1 / folds,) * folds, seed=seed, noun="folds")
        how = "stratified by label"
    else:
        parts = stratified_folds(labels, folds=folds, seed=seed, classes=dataset.classes)
        how = "stratified by class" if dataset.classes else "drawn at random"
    in_test = np.isin(np.arange(len(everything)), parts[test_fold - 1])
    note = (
        f"{_OF_TEST} is fold {test_fold} of {folds}: the {len(everything):,} examples of "
        f"{' and '.join(dataset.splits)} together, {how}, seed {seed}."
    )
    return replace(
        dataset,
        splits={
            "train": everything.take(np.flatnonzero(~in_test)),
            "test": everything.take(np.flatnonzero(in_test)),
        },
        notes=(note, *(old for old in dataset.notes if not old.startswith(_OF_TEST))),
        _memo={},
    )


def stratified_folds(
    labels: np.ndarray, *, folds: int, seed: int, classes: Sequence[str] = ()
) -> list[np.ndarray]:
    """Divide positions 0..N-1 into parts that differ by one example at most, in all and by class.

    Args:
        labels: integer classes, (N,).
        folds: number of parts.
        seed: of the draw.
        classes: their names, for the error message; empty where examples have none.

    Returns:
        One sorted array of positions for each part.

    Raises:
        DataError: a class has fewer examples than there are parts.

    >>> [part.size for part in stratified_folds(np.arange(13) % 2, folds=5, seed=0)]
    [3, 3, 3, 2, 2]
    """
    fold_of = np.empty(len(labels), "int64")
    dealt = 0  # examples so far; the next class begins where the last one ended
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        if members.size < folds:
            what = f"Class {classes[label]} has" if classes else "There are"
            raise DataError(
                f"{what} {members.size} example(s) for {folds} folds.",
                expected=f"at least {folds} examples" + (" in every class" if classes else ""),
                fix=_fewer(members.size, "add examples" + (" of that class" if classes else "")),
            )
        order = np.random.default_rng([seed, folds, int(label)]).permutation(members)
        fold_of[order] = (dealt + np.arange(members.size)) % folds
        dealt += members.size
    return [np.flatnonzero(fold_of == fold) for fold in range(folds)]


def grouped_folds(
    labels: np.ndarray,
    groups: Sequence[str] | np.ndarray,
    *,
    folds: int,
    seed: int,
    classes: Sequence[str] = (),
) -> list[np.ndarray]:
    """Divide positions 0..N-1 so that all examples of a group land in the same part.

    Args:
        labels: integer classes, (N,).
        groups: whom each example belongs to, (N,).
        folds: number of parts.
        seed: of the draw.
        classes: their names, for the error message; empty where examples have none.

    Returns:
        One sorted array of positions for each part, as near to equal as whole groups allow.

    Raises:
        DataError: a group has more examples than a part, or there are too few groups, of all or of a
            class.

    >>> speakers = np.repeat(["ann", "ben", "eva", "tom"], 10)
    >>> [part.size for part in grouped_folds(np.arange(40) % 2, speakers, folds=2, seed=0)]
    [20, 20]
    """
    names, sizes = np.unique(np.asarray(groups), return_counts=True)
    largest = int(sizes.argmax())
    most = len(labels) // int(sizes[largest])  # parts that the largest group fits into
    if len(names) >= folds > most:
        raise DataError(
            f"Group {names[largest]} has {sizes[largest]:,} of {len(labels):,} examples; "
            f"one of {folds} folds has {len(labels) // folds:,}.",
            expected="groups that fit into one fold, since a group may not be in two",
            fix=_fewer(most, "leave examples of that group out"),
        )
    return grouped_indices(
        labels,
        groups,
        fractions=(1 / folds,) * folds,
        seed=seed,
        classes=classes or ("all examples",),
        noun="folds",
        fix=_fewer(min(most, len(names)), "add examples of other groups"),
    )


def _fewer(most: int, otherwise: str) -> str:
    """Return the advice to take fewer folds, where two are possible."""
    return f"take {most} folds at most, or {otherwise}" if most >= 2 else otherwise
