"""Integrated gradients (1703.01365): the gradient along the straight line from a baseline."""

import numpy as np

from recipes.explanations.explanation import Gradients

STEPS = 32  # at first; doubled until the attributions add up
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
    point: np.ndarray,
    baseline: np.ndarray,
    *,
    power: int = 1,
    most_steps: int = MOST_STEPS,
) -> tuple[np.ndarray, float]:
    """Return `integrated_gradients` with as many steps as it takes to add up within one per cent.

    Steps are doubled from 32 to at most `most_steps`; the error that is left is returned.
    """
    steps = STEPS
    found, error = integrated_gradients(gradients, point, baseline, steps=steps, power=power)
    while error > TOLERANCE and steps < most_steps:
        steps *= 2
        found, error = integrated_gradients(gradients, point, baseline, steps=steps, power=power)
    return found, error


def completeness_error(total: float, difference: float) -> float:
    """Return |total - difference| / |difference|; 0 where both are 0.

    >>> completeness_error(1.0, 1.25)
    0.2
    """
    gap = abs(total - difference)
    return float(gap / abs(difference)) if difference else float(np.inf if gap else 0.0)
