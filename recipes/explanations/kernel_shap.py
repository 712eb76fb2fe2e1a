"""KernelSHAP (1705.07874): the Shapley value of each part of an input for the score."""

import itertools
import math

import numpy as np

from recipes.explanations.explanation import Scores

MOST_EXACT = 12  # parts, up to which all coalitions are scored


def kernel_shap(
    scores: Scores, parts: int, *, samples: int | None = None, seed: int = 1
) -> np.ndarray:
    """Return the Shapley value of each part, float64 (parts,).

    The values sum to the score of all parts less that of none. Up to 12 parts they are exact, by
    enumeration of the 2^parts coalitions. Beyond, coalitions are drawn by the kernel of theorem 2, each
    with its complement, and the values fit their scores by least squares under that sum.

    Args:
        scores: of coalitions (N, parts), float32: 1 for a part that stays, 0 for one that is replaced.
        parts: >= 1.
        samples: coalitions that are drawn; None takes 2 · parts + 2048.
        seed: of the draws.

    >>> kernel_shap(lambda z: z @ np.array([1.0, 2.0]) + z[:, 0] * z[:, 1], 2).tolist()
    [1.5, 2.5]
    """
    if parts <= MOST_EXACT:
        return _enumerated(scores, parts)
    count = (2 * parts + 2048 if samples is None else samples) // 2
    drawn = _drawn(parts, count, np.random.default_rng(seed))
    ends = np.stack([np.zeros(parts), np.ones(parts)]).astype("float32")
    found = np.asarray(scores(np.concatenate([ends, drawn])), "float64")
    none, every = found[:2]
    # The last value is what the others leave of the sum (eq. 5's constraint): one unknown fewer.
    z = drawn.astype("float64")
    left = z[:, :-1] - z[:, -1:]
    right = found[2:] - none - z[:, -1] * (every - none)
    # By the normal equations: an SVD of all coalitions takes longer than scoring them.
    first = np.linalg.lstsq(left.T @ left, left.T @ right, rcond=None)[0]
    return np.append(first, every - none - first.sum())


def _enumerated(scores: Scores, parts: int) -> np.ndarray:
    """Return exact values: the mean gain of each part over all orders (eq. 4 of the paper)."""
    coalitions = np.array(list(itertools.product((0, 1), repeat=parts)), "float32")
    found = np.asarray(scores(coalitions), "float64").reshape((2,) * parts)
    sizes = coalitions.sum(axis=1).astype(int).reshape((2,) * parts)
    values = []
    for part in range(parts):
        gains = np.take(found, 1, part) - np.take(found, 0, part)
        others = np.take(sizes, 0, part)
        weights = [1 / (parts * math.comb(parts - 1, size)) for size in range(parts)]
        values.append((np.array(weights)[others] * gains).sum())
    return np.array(values)


def _drawn(parts: int, count: int, generator: np.random.Generator) -> np.ndarray:
    """Return `count` coalitions and their complements, sizes by the kernel: 1 / (s (parts - s))."""
    sizes = np.arange(1, parts)
    kernel = 1 / (sizes * (parts - sizes))
    chosen = generator.choice(sizes, size=count, p=kernel / kernel.sum())
    order = generator.random((count, parts)).argsort(axis=1).argsort(axis=1)
    drawn = (order < chosen[:, None]).astype("float32")
    return np.concatenate([drawn, 1 - drawn])
