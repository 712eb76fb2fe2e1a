"""Seeded, stratified splits."""

from collections.abc import Sequence

import numpy as np

from zoo.errors import ArgumentError, DataError


def stratified_indices(
    labels: np.ndarray,
    *,
    fractions: Sequence[float],
    seed: int,
    classes: Sequence[str] | None = None,
) -> list[np.ndarray]:
    """Divide positions 0..N-1 so that every class is spread in the given shares.

    Every part takes at least one example of each class: none goes unlearnt or unmeasured.

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
    if not all(0 < share < 1 for share in fractions) or abs(sum(fractions) - 1) > 1e-6:
        raise ArgumentError(
            f"Examples cannot be divided in the shares {tuple(fractions)}.",
            expected="shares between 0 and 1 that sum to 1",
        )
    if not len(labels):
        raise DataError("There are no examples to divide into splits.")
    parts: list[list[np.ndarray]] = [[] for _ in fractions]
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        if members.size < len(fractions):
            named = classes[label] if classes is not None else label
            raise DataError(
                f"Class {named} has {members.size} example(s) for {len(fractions)} splits.",
                expected=f"at least {len(fractions)} examples in every class",
                fix="add examples of that class, or give the splits as sub-folders",
            )
        members = np.random.default_rng([seed, int(label)]).permutation(members)
        sizes = [max(1, round(share * members.size)) for share in fractions[1:]]
        while sum(sizes) >= members.size:  # rounding up must leave one for the first part
            sizes[int(np.argmax(sizes))] -= 1
        edges = np.cumsum([members.size - sum(sizes), *sizes])[:-1]
        for part, chosen in zip(parts, np.split(members, edges), strict=True):
            part.append(chosen)
    return [np.sort(np.concatenate(part)) for part in parts]
