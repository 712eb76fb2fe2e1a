"""The negative free energy of the logits (Liu et al., 2010.03759, equation 4, at temperature 1)."""

import numpy as np
from scipy.special import logsumexp


def negative_energy(logits: np.ndarray) -> np.ndarray:
    """Return log Σ exp(logit) of each example, (N,).

    Softmax cancels the common size of logits; this keeps it.

    Args:
        logits: (N, K).

    >>> negative_energy(np.array([[0.0, 0.0], [7.0, 7.0]])).round(3).tolist()
    [0.693, 7.693]
    """
    return logsumexp(np.asarray(logits, "float64"), axis=-1)
