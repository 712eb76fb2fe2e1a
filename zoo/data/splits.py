"""Seeded, stratified splits, also of examples that belong together."""

from collections.abc import Sequence

import numpy as np

from zoo.errors import ArgumentError, DataError

_STEPS = 10_000  # tried before a division is called impossible
_GIVE_SPLITS = "add examples of other groups, or give the splits yourself, as sub-folders or files"
_NOISE = 1.5  # groups whose costs or sizes differ by less than this factor may change places


def stratified_indices(
    labels: np.ndarray,
    *,
    fractions: Sequence[float],
    seed: int,
    classes: Sequence[str] | None = None,
) -> list[np.ndarray]:
    """Divide positions 0..N-1 so that every class is spread in the given shares.

    Every part gets at least one example of each class, so that each class is learnt and measured.

    Args:
        labels: integer classes, (N,).
        fractions: shares that sum to 1, one for each part returned.
        seed: of the draw.
        classes: their names, for the error message.

    Returns:
        One sorted array of positions for each fraction.

    Raises:
        ArgumentError: a share outside 0..1, or a sum other than 1.
        DataError: a class has fewer examples than there are parts, or there are none at all.

    >>> [part.size for part in stratified_indices(np.arange(100) % 4, fractions=(.8, .2), seed=1)]
    [80, 20]
    """
    check_shares(labels, fractions)
    parts: list[list[np.ndarray]] = [[] for _ in fractions]
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        if members.size < len(fractions):
            named = classes[label] if classes is not None else label
            raise DataError(
                f"Class {named} has {members.size} example(s) for {len(fractions)} splits.",
                expected=f"at least {len(fractions)} examples in every class",
                fix="add examples of that class, or give the splits yourself, as sub-folders or files",
            )
        members = np.random.default_rng([seed, int(label)]).permutation(members)
        sizes = [max(1, round(share * members.size)) for share in fractions[1:]]
        while sum(sizes) >= members.size:  # rounding up must leave one for the first part
            sizes[int(np.argmax(sizes))] -= 1
        edges = np.cumsum([members.size - sum(sizes), *sizes])[:-1]
        for part, chosen in zip(parts, np.split(members, edges), strict=True):
            part.append(chosen)
    return [np.sort(np.concatenate(part)) for part in parts]


def grouped_indices(
    labels: np.ndarray,
    groups: Sequence[str] | np.ndarray,
    *,
    fractions: Sequence[float],
    seed: int,
    classes: Sequence[str] | None = None,
    noun: str = "splits",
    fix: str = _GIVE_SPLITS,
) -> list[np.ndarray]:
    """Divide positions 0..N-1 so that all examples of a group land in the same part.

    Every part gets examples of each class. Beyond that, parts come as near to the given shares of
    each class as whole groups allow: a few groups of very different sizes cannot be divided evenly.

    Groups are first drawn until every class is in every part, the part and class with the fewest
    groups left before others, backwards where that leads nowhere. The others then go, largest
    first, to where they lower the squared distance to the wanted counts most.

    Args:
        labels: integer classes, (N,).
        groups: whom each example belongs to (a speaker, an author), (N,).
        fractions: shares that sum to 1, one for each part returned.
        seed: of the draw.
        classes: their names, for the error message.
        noun: what the parts are, in the plural, for the error message.
        fix: what helps, for the error message.

    Returns:
        One sorted array of positions for each fraction.

    Raises:
        ArgumentError: a share outside 0..1, or a sum other than 1.
        DataError: too few groups, of all or of a class, to have each class in every part.

    >>> speakers = np.repeat(["ann", "ben", "eva", "tom"], 10)
    >>> parts = grouped_indices(np.arange(40) % 2, speakers, fractions=(0.75, 0.25), seed=0)
    >>> [part.size for part in parts]
    [30, 10]
    """
    check_shares(labels, fractions)
    _, found = np.unique(labels, return_inverse=True)
    names, members = np.unique(np.asarray(groups), return_inverse=True)
    counts = np.zeros((len(names), found.max() + 1))  # examples by group and class, (G, K)
    np.add.at(counts, (members, found), 1)
    told = {"noun": noun, "fix": fix}
    _require_groups(counts, labels, parts=len(fractions), classes=classes, **told)
    wanted = np.outer(fractions, counts.sum(axis=0))  # (P, K)
    owner = _spread_groups(counts, wanted, np.random.default_rng(seed))
    if owner is None:
        raise DataError(
            f"No division of {len(names)} groups into {len(fractions)} {noun} was found that gives "
            "each of them every class.",
            expected="more groups with examples of several classes",
            fix=fix,
        )
    return [np.flatnonzero(owner[members] == part) for part in range(len(fractions))]


def check_shares(labels: np.ndarray, fractions: Sequence[float]) -> None:
    """Refuse shares that do not make a whole, and a division of nothing.

    Raises:
        ArgumentError: a share outside 0..1, or a sum other than 1.
        DataError: there are no examples.
    """
    if not all(0 < share < 1 for share in fractions) or abs(sum(fractions) - 1) > 1e-6:
        raise ArgumentError(
            f"Examples cannot be divided in the shares {tuple(fractions)}.",
            expected="shares between 0 and 1 that sum to 1",
        )
    if not len(labels):
        raise DataError("There are no examples to divide into splits.", fix="add examples")


def _require_groups(
    counts: np.ndarray,
    labels: np.ndarray,
    *,
    parts: int,
    classes: Sequence[str] | None,
    noun: str,
    fix: str,
) -> None:
    if len(counts) < parts:
        raise DataError(
            f"There are {len(counts)} group(s) for {parts} {noun}.",
            expected=f"at least {parts} groups, since a group may not be in two {noun}",
            fix=fix,
        )
    for label, owners in zip(np.unique(labels), (counts > 0).sum(axis=0), strict=True):
        if owners < parts:
            named = classes[label] if classes is not None else label
            raise DataError(
                f"Class {named} has examples of {owners} group(s) for {parts} {noun}.",
                expected=f"at least {parts} groups in every class, since a group may not be in two "
                f"{noun}",
                fix=fix,
            )


def _spread_groups(
    counts: np.ndarray, wanted: np.ndarray, generator: np.random.Generator
) -> np.ndarray | None:
    """Return the part of each group, (G,); None where no part could be given every class."""
    weights, has = 1 / counts.sum(axis=0), counts > 0
    owner, left = np.full(len(counts), -1), has.sum(axis=0)  # left: groups to choose from, (K,)
    have = np.zeros_like(wanted)
    trail: list[tuple[int, int, list[int]]] = []  # group, its part, what else could be tried there
    for _ in range(_STEPS):
        lacking = np.argwhere(have == 0)  # (part, class)
        if not len(lacking):
            break
        part, label = lacking[left[lacking[:, 1]].argmin()]
        members = np.flatnonzero(has[:, label] & (owner < 0))
        gaps = (((have[part] + counts[members] - wanted[part]) * weights) ** 2).sum(axis=1)
        # Near-equals are drawn at random, so that another seed gives another division.
        noise = generator.uniform(1, _NOISE, len(members))
        untried = members[np.lexsort((noise, gaps * noise))[::-1]].tolist()
        while not untried:
            if not trail:
                return None
            group, part, untried = trail.pop()
            owner[group] = -1
            have[part] -= counts[group]
            left += has[group]
        group = untried.pop()
        owner[group] = part
        have[part] += counts[group]
        left -= has[group]
        trail.append((group, part, untried))
    else:
        return None
    sizes = counts.sum(axis=1) * generator.uniform(1, _NOISE, len(counts))
    for group in np.argsort(-sizes, kind="stable"):
        if owner[group] < 0:
            before = (((have - wanted) * weights) ** 2).sum(axis=1)
            after = (((have + counts[group] - wanted) * weights) ** 2).sum(axis=1)
            part = int((after - before).argmin())
            owner[group] = part
            have[part] += counts[group]
    return owner
