"""RISE (1806.07421): the score under random masks, averaged over the masks that show a place."""

import math

import numpy as np

from recipes.explanations.explanation import Scores

MASKS = 2000  # the paper takes 4,000 to 8,000
SHOWN = 0.5  # share of cells that a mask shows
CHUNK, LARGEST_SIZE = 256, 4_000_000  # masks at a time, and numbers of all of them


def rise(
    scores: Scores,
    shape: tuple[int, ...],
    *,
    cells: tuple[int, ...],
    masks: int = MASKS,
    seed: int = 1,
) -> np.ndarray:
    """Return for each place the mean score of masks that show it, less the mean of all masks.

    Σ S(M) M / (N p) estimates the mean score where a place is shown (eq. 6 of the paper). The mean over
    all masks is subtracted, as a logit has no natural zero; it changes no order.

    Args:
        scores: of the input under masks (N, *shape) in [0, 1].
        shape: of the input's places.
        cells: of a mask along each axis, at most `shape`; masks are grown to the shape with soft edges,
            at a random offset (§3.2). As many cells as places give masks of 0 and 1.
        masks: N.
        seed: of the masks.

    >>> weigh = lambda keep: keep @ np.array([0.0, 4.0])
    >>> [round(x) for x in rise(weigh, (2,), cells=(2,), masks=4000)]
    [0, 2]
    """
    generator = np.random.default_rng(seed)
    total, shown, scored = np.zeros(shape), np.zeros(shape), 0.0
    chunk = max(1, min(CHUNK, LARGEST_SIZE // math.prod(shape)))
    for start in range(0, masks, chunk):
        drawn = random_masks(min(chunk, masks - start), shape, cells, generator)
        found = np.asarray(scores(drawn), "float64")
        total += np.tensordot(found, drawn, axes=1)
        shown += drawn.sum(axis=0, dtype="float64")
        scored += found.sum()
    # Σ (S - mean) M, for an estimate that is not moved by a constant score.
    return (total - scored / masks * shown) / (masks - 1) / SHOWN


def random_masks(
    count: int, shape: tuple[int, ...], cells: tuple[int, ...], generator: np.random.Generator
) -> np.ndarray:
    """Return masks, float32 (count, *shape) in [0, 1], of random cells grown linearly.

    >>> random_masks(3, (8, 8), (4, 4), np.random.default_rng(1)).shape
    (3, 8, 8)
    """
    if cells == shape:
        return (generator.random((count, *shape)) < SHOWN).astype("float32")
    grown = (generator.random((count, *(size + 2 for size in cells))) < SHOWN).astype("float32")
    for axis, (size, number) in enumerate(zip(shape, cells, strict=True), start=1):
        offsets = generator.random(count)[:, None]  # of a cell
        places = (np.arange(size)[None] + 0.5) / size * number + offsets  # (count, size)
        low = np.floor(places).astype(int)
        part = (places - low).astype("float32")
        shown = [slice(None)] + [None] * (axis - 1) + [slice(None)] + [None] * (len(shape) - axis)
        index = low[tuple(shown)]
        above = np.take_along_axis(grown, index + 1, axis)
        grown = np.take_along_axis(grown, index, axis)
        grown = grown + part[tuple(shown)] * (above - grown)
    return grown
