"""Grad-CAM (1610.02391) and Grad-CAM++ (1710.11063): where the features are that raise the score."""

import numpy as np


def grad_cam(features: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """Return ReLU(Σ_k a_k A_k), where a_k is the mean of dS/dA_k over positions (eq. 1 and 2).

    Args:
        features: A of one example, (…, K): positions, then channels.
        gradients: of the score S with respect to A, of the same shape.

    Returns:
        (…): one number >= 0 for each position.

    >>> grad_cam(np.array([[1.0, 2.0], [3.0, 0.0]]), np.array([[1.0, 1.0], [1.0, -1.0]])).tolist()
    [1.0, 3.0]
    """
    weights = gradients.reshape(-1, gradients.shape[-1]).mean(axis=0)  # (K,)
    return np.maximum(features @ weights, 0)


def grad_cam_plus_plus(features: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """Return ReLU(Σ_k w_k A_k), where w_k weighs the positive gradients of A_k by position.

    w_k = Σ α ReLU(g) and α = g² / (2 g² + g³ Σ A_k) (eq. 5, 19 and 20), for the exponential of the
    score, whose own factor exp(S) scales all weights alike and is left out.

    Args:
        features, gradients: as `grad_cam`.

    >>> grad_cam_plus_plus(np.array([[1.0], [3.0]]), np.array([[2.0], [0.0]])).round(3)
    array([0.2, 0.6])
    """
    axes = tuple(range(features.ndim - 1))
    below = 2 + gradients * features.sum(axis=axes)  # of α, after g² is divided out
    alpha = np.where((gradients != 0) & (below != 0), 1 / np.where(below == 0, 1, below), 0)
    weights = (alpha * np.maximum(gradients, 0)).sum(axis=axes)  # (K,)
    return np.maximum(features @ weights, 0)
