"""Seeded splits of examples that have any number of labels, stratified by each of them."""

from collections.abc import Mapping, Sequence

import numpy as np

from zoo.columns import Column, Labels
from zoo.data.examples import Examples
from zoo.data.splits import check_shares
from zoo.errors import DataError

_PATIENCE = 100  # moves without a nearer division
_NEVER = np.iinfo("int64").max
_UNITS = 1000  # in one example: whole numbers add up to the same on every machine


def held_labels(examples: Examples, features: Mapping[str, Column]) -> np.ndarray | None:
    """Return which labels each example has, bool (N, K); None for data without sets of labels.

    Args:
        examples: of one split.
        features: the columns of the data; several of `Labels` are put side by side.
    """
    sets = {name: column for name, column in features.items() if isinstance(column, Labels)}
    if not sets:
        return None
    found = [
        np.array([column.encode(value or ())[""] for value in examples.columns[name]], "bool")
        for name, column in sets.items()
    ]
    return np.concatenate(found, axis=1)


def label_set_indices(
    held: np.ndarray, *, fractions: Sequence[float], seed: int, noun: str = "splits"
) -> list[np.ndarray]:
    """Divide positions 0..N-1 so that every label is spread in the given shares.

    The method is iterative stratification (Sechidis et al. 2011, "On the stratification of multi-label
    data"): examples of the rarest label that is left go first, each to the part that lacks it most.
    Then examples change places while that brings the parts nearer to their shares. A label with as many
    examples as there are parts or more is wanted in each of them at least once.

    Args:
        held: which labels each example has, bool (N, K).
        fractions: shares that sum to 1, one for each part returned.
        seed: of the draw.
        noun: what the parts are, in the plural, for the error message.

    Returns:
        One sorted array of positions for each fraction.

    Raises:
        ArgumentError: a share outside 0..1, or a sum other than 1.
        DataError: there are fewer examples than parts.

    >>> held = np.arange(100)[:, None] % np.array([2, 5, 50]) == 0  # 50, 20 and 2 examples
    >>> parts = label_set_indices(held, fractions=(0.8, 0.2), seed=0)
    >>> [held[part].sum(axis=0).tolist() for part in parts]
    [[40, 16, 1], [10, 4, 1]]
    """
    check_shares(held, fractions)
    if len(held) < len(fractions):
        raise DataError(
            f"There are {len(held)} example(s) for {len(fractions)} {noun}.",
            expected=f"at least {len(fractions)} examples",
            fix="add examples",
        )
    # The last column stands for the example itself, so that the sizes of the parts count as well.
    marks = np.column_stack([held, np.ones(len(held), "bool")]).astype("int64")  # (N, K + 1)
    totals = marks.sum(axis=0)
    wanted = np.rint(np.outer(fractions, totals) * _UNITS).astype("int64")  # (P, K + 1)
    wanted[1:] = np.where(totals >= len(fractions), np.maximum(wanted[1:], _UNITS), wanted[1:])
    wanted[0] = totals * _UNITS - wanted[1:].sum(axis=0)
    owner = _nearer(_dealt(marks, wanted, np.random.default_rng(seed)), marks, wanted)
    return [np.flatnonzero(owner == part) for part in range(len(fractions))]


def _dealt(marks: np.ndarray, wanted: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return the part of each example, (N,): the rarest label first, where most of it is lacking."""
    owner, lacking, left = np.full(len(marks), -1), wanted.copy(), marks.sum(axis=0)
    order = generator.permutation(len(marks))
    while left[-1]:
        label = int(np.where(left > 0, left, len(marks) + 1).argmin())
        for example in order[(marks[order, label] > 0) & (owner[order] < 0)]:
            chance = generator.random(len(wanted))
            part = np.lexsort((chance, lacking[:, -1], lacking[:, label]))[-1]
            owner[example] = part
            lacking[part] -= marks[example] * _UNITS
            left -= marks[example]
    return owner


def _nearer(owner: np.ndarray, marks: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return parts nearer to the wanted counts, by examples that move one by one, each once at most.

    Moves that raise the squared distance are tried as well while a count is more than one example from
    what is wanted; the nearest division on the way is returned.
    """
    rows, owner, nearest = np.arange(len(owner)), owner.copy(), owner
    counts = np.stack([marks[owner == part].sum(axis=0) for part in range(len(wanted))])
    moved, distance, least, since = np.zeros(len(owner), "bool"), 0, 0, 0
    while since < _PATIENCE and not moved.all():
        over = counts * _UNITS - wanted
        change = marks @ over.T  # (N, P); from part a to b: Σ (1 - over_a + over_b) of its labels
        change += marks.sum(axis=1)[:, None] * _UNITS - change[rows, owner][:, None]
        last = (marks * (counts[owner] == 1)).any(axis=1)  # of a label: it stays
        change[moved | last] = _NEVER
        change[rows, owner] = _NEVER
        example, part = np.unravel_index(change.argmin(), change.shape)
        rises = change[example, part] >= 0
        if change[example, part] == _NEVER or (rises and (abs(over) <= _UNITS).all()):
            break
        counts[owner[example]] -= marks[example]
        counts[part] += marks[example]
        owner[example], moved[example] = part, True
        distance += change[example, part]
        since += 1
        if distance < least:
            nearest, least, since = owner.copy(), distance, 0
    return nearest
