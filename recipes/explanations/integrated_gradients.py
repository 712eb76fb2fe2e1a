"""Integrated gradients (1703.01365): the gradient along the straight line from a baseline."""

import numpy as np

from recipes.explanations.explanation import Gradients, Scores

STEPS = 32  # points at a time
FIRST_STEPS = 16  # more where attributions do not add up
MOST_STEPS = 1024
TOLERANCE = 0.01  # of the difference of the two scores


def integrated_gradients(
    gradients: Gradients, point: np.ndarray, baseline: np.ndarray, *, steps: int, power: int = 1
) -> tuple[np.ndarray, float]:
    """Return the attributions, and by what share they fail to add up to the difference of scores.

    (x - x') ∫ dS/dx(x' + t (x - x')) dt for t from 0 to 1 (eq. 1 of the paper), by the midpoint rule.
    The sum of the exact integral is S(x) - S(x'), which the paper calls completeness.

    Args:
        gradients: of the score at points (N, …).
        point, baseline: x and x', (…).
        steps: points on the line.
        power: steps are even in t^(1/power), so that more of them lie near the baseline. It is the same
            integral; the logarithm of a log-mel layer bends most next to silence.

    Returns:
        float64 (…), and |Σ - (S(x) - S(x'))| / |S(x) - S(x')|.

    >>> square = lambda points: ((points**2).sum(axis=1), 2 * points)
    >>> found, error = integrated_gradients(square, np.array([1.0, 3.0]), np.zeros(2), steps=4)
    >>> found.tolist(), error
    ([1.0, 9.0], 0.0)
    """
    middles = (np.arange(steps) + 0.5) / steps
    places = middles**power
    weights = power * middles ** (power - 1) / steps  # dt
    weights /= weights.sum()
    difference = (point - baseline).astype("float64")
    total = np.zeros(point.shape, "float64")
    for start in range(0, steps, STEPS):
        chunk = slice(start, start + STEPS)
        along = places[chunk].reshape(-1, *(1,) * point.ndim)
        _, gradient = gradients((baseline + along * difference).astype(point.dtype))
        total += np.tensordot(weights[chunk], gradient, axes=1)
    found = difference * total
    ends, _ = gradients(np.stack([point, baseline]))
    return found, completeness_error(found.sum(), float(ends[0]) - float(ends[1]))


def complete_gradients(
    gradients: Gradients,
    scores: Scores,
    point: np.ndarray,
    baseline: np.ndarray,
    *,
    power: int = 1,
    most_steps: int = MOST_STEPS,
) -> tuple[np.ndarray, float]:
    """Return attributions as `integrated_gradients`, with steps where the score bends.

    Of each stretch of the line, the change of its score is known, and what the gradient in its middle
    makes of it. While all stretches together are off by more than one per cent, those of the last ones
    that are off the most are cut in two, up to `most_steps` gradients.

    Args:
        gradients, point, baseline, power: as `integrated_gradients`.
        scores: at points (N, …), without the cost of gradients.
        most_steps: gradients, at most; the last stretches may exceed it by 64.

    Returns:
        float64 (…), and the error that is left.
    """
    difference = (point - baseline).astype("float64")

    def along(places: np.ndarray) -> np.ndarray:
        steps = places.reshape(-1, *(1,) * point.ndim) * difference
        return (baseline + steps).astype(point.dtype)

    edges = (np.arange(FIRST_STEPS + 1) / FIRST_STEPS) ** power
    ends = np.asarray(scores(along(edges)), "float64")
    gain = ends[-1] - ends[0]
    start, stop, low, high = edges[:-1], edges[1:], ends[:-1], ends[1:]
    total, done, used = np.zeros(point.shape, "float64"), 0.0, 0
    while True:
        middle = (start + stop) / 2
        at_middle, gradient = gradients(along(middle))
        used += len(middle)
        sums = (gradient.reshape(len(middle), -1) @ difference.ravel()) * (stop - start)
        error = completeness_error(done + sums.sum(), gain)
        if error <= TOLERANCE or used >= most_steps:
            total += np.tensordot(stop - start, gradient, axes=1)
            return difference * total, error
        off = np.abs(high - low - sums)
        order = np.argsort(off, kind="stable")
        most = np.count_nonzero(off > TOLERANCE * abs(gain) / FIRST_STEPS)
        count = min(STEPS, max(most, len(order) // 4, 1))
        keep, cut = order[:-count], order[-count:]
        total += np.tensordot((stop - start)[keep], gradient[keep], axes=1)
        done += sums[keep].sum()
        at_middle = at_middle.astype("float64")
        start, stop, low, high = (
            np.concatenate([first[cut], second[cut]])
            for first, second in (
                *((start, middle), (middle, stop)),
                *((low, at_middle), (at_middle, high)),
            )
        )


def completeness_error(total: float, difference: float) -> float:
    """Return |total - difference| / |difference|; 0 where both are 0.

    >>> completeness_error(1.0, 1.25)
    0.2
    """
    gap = abs(total - difference)
    return float(gap / abs(difference)) if difference else float(np.inf if gap else 0.0)
