"""SmoothGrad (1706.03825): the mean gradient at points around the input."""

import numpy as np

from recipes.explanations.explanation import Gradients

CHUNK = 10  # points at a time


def smooth_grad(
    gradients: Gradients,
    point: np.ndarray,
    *,
    noise: float = 0.15,
    samples: int = 50,
    seed: int = 1,
) -> np.ndarray:
    """Return the mean of dS/dx at x + N(0, σ²), of the shape of the point x (eq. 2 of the paper).

    Args:
        gradients: of the score at points (N, …).
        point: (…).
        noise: σ as a share of the range of the point's numbers; the paper finds 0.1 to 0.2 useful.
        samples: points that the gradient is taken at.
        seed: of the noise.

    >>> square = lambda points: ((points**2).sum(axis=1), 2 * points)
    >>> smooth_grad(square, np.array([1.0, 3.0]), noise=0.0, samples=1).tolist()
    [2.0, 6.0]
    """
    generator = np.random.default_rng(seed)
    deviation = noise * float(np.ptp(point))
    total = np.zeros(point.shape, "float64")
    for start in range(0, samples, CHUNK):
        shape = (min(CHUNK, samples - start), *point.shape)
        near = point + deviation * generator.standard_normal(shape)
        total += gradients(near.astype(point.dtype))[1].sum(axis=0)
    return total / samples
