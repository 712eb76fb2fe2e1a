"""Guided backpropagation (1412.6806 §3.4): the gradient that passes only where it is above 0."""

import numpy as np

from recipes.explanations.explanation import Gradients


def guided_backpropagation(gradients: Gradients, point: np.ndarray) -> np.ndarray:
    """Return the guided gradient of the score, of the shape of the point x.

    It looks sharp, as it traces the edges that the first layers see, and hardly depends on the later
    layers or on the class (1806.02797; 1810.03292 §4).

    Args:
        gradients: of the score at points (N, …), where each ReLU sets gradients below 0 to 0.
        point: (…).

    >>> guided = lambda points: (points.sum(axis=1), np.maximum(points, 0))
    >>> guided_backpropagation(guided, np.array([1.0, -3.0])).tolist()
    [1.0, 0.0]
    """
    return gradients(point[None])[1][0]
