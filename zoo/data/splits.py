"""Seeded, stratified splits."""

from collections.abc import Sequence

import numpy as np

from zoo.errors import DataError


def stratified_indices(
    labels: np.ndarray, *, fractions: Sequence[float], seed: int
) -> list[np.ndarray]:
    """Divide positions 0..N-1 so that every class is spread in the given shares.

    The last part takes at least one example of each class, so that no class goes unmeasured.

    Args:
        labels: integer classes, (N,).
        fractions: shares that sum to 1, one for each part returned.
        seed: of the draw.

    Returns:
        One sorted array of positions for each fraction.

    Raises:
        DataError: a class has fewer examples than there are parts.

    >>> [part.size for part in stratified_indices(np.arange(100) % 4, fractions=(.8, .2), seed=1)]
    [80, 20]
    """
    parts: list[list[np.ndarray]] = [[] for _ in fractions]
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        if members.size < len(fractions):
            raise DataError(
                f"Class {label} has {members.size} example(s), too few for {len(fractions)} splits.",
                expected=f"at least {len(fractions)} examples in every class",
                fix="add examples of that class, or give the splits as sub-folders",
            )
        members = np.random.default_rng([seed, int(label)]).permutation(members)
        sizes = [max(1, round(share * members.size)) for share in fractions[1:]]
        edges = np.cumsum([members.size - sum(sizes), *sizes])[:-1]
        for part, chosen in zip(parts, np.split(members, edges), strict=True):
            part.append(chosen)
    return [np.sort(np.concatenate(part)) for part in parts]
