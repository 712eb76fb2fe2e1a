"""Occlusion (1311.2901 §4.2): how much the score drops when a part of the input is hidden."""

import numpy as np

from recipes.explanations.explanation import Scores


def occlusion(scores: Scores, patches: np.ndarray) -> np.ndarray:
    """Return for each place the mean drop of the score over the patches that hide it.

    Args:
        scores: of the input where masks (N, …) are 1, with what replaces it where they are 0.
        patches: which places each patch hides, bool (P, …).

    Returns:
        float64 (…); 0 where no patch lies.

    >>> weigh = lambda keep: keep @ np.array([1.0, 5.0])
    >>> occlusion(weigh, np.eye(2, dtype=bool)).tolist()
    [1.0, 5.0]
    """
    whole = np.ones((1, *patches.shape[1:]), "float32")
    drops = scores(whole)[0] - scores(1 - patches.astype("float32"))  # (P,)
    total = np.tensordot(drops.astype("float64"), patches, axes=1)
    return total / np.maximum(patches.sum(axis=0), 1)
