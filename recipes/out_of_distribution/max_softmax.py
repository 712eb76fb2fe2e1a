"""The probability of the likeliest class (Hendrycks & Gimpel, 1610.02136)."""

import numpy as np
from scipy.special import softmax


def max_softmax(logits: np.ndarray) -> np.ndarray:
    """Return the largest probability of each example, (N,), in (0, 1].

    Args:
        logits: (N, K).

    >>> max_softmax(np.array([[0.0, 0.0], [0.0, 50.0]])).tolist()
    [0.5, 1.0]
    """
    return softmax(np.asarray(logits, "float64"), axis=-1).max(axis=-1)
