"""Gradient times input: how much each number adds to the score, as far as the score is linear."""

import numpy as np

from recipes.explanations.explanation import Gradients


def gradient_times_input(gradients: Gradients, point: np.ndarray) -> np.ndarray:
    """Return x · dS/dx, of the shape of the point x.

    For a network of ReLUs without biases the sum over all numbers is the score itself; a bias breaks
    that (1704.02685 §2).

    Args:
        gradients: of the score at points (N, …).
        point: (…).

    >>> double = lambda points: (2 * points.sum(axis=1), np.full_like(points, 2))
    >>> gradient_times_input(double, np.array([1.0, 3.0])).tolist()
    [2.0, 6.0]
    """
    _, gradient = gradients(point[None])
    return point * gradient[0]
