"""Attention rollout (2005.00928 §3): how much of each token reaches each token of the last layer."""

from collections.abc import Sequence

import numpy as np

OWN = 0.5  # share of a token that the residual connection passes on


def attention_rollout(attentions: Sequence[np.ndarray]) -> np.ndarray:
    """Return Ã_L … Ã_2 Ã_1 with Ã = (A + I) / 2 of each layer, float64 (T, T); rows sum to 1.

    A is the mean over heads. The product follows attention alone: what the values hold, the feed-forward
    layers and the class that is asked for play no part.

    Args:
        attentions: of each layer, the first one first, (H, T, T); rows sum to 1.

    >>> back = np.array([[[0.0, 1.0], [1.0, 0.0]]])
    >>> attention_rollout([back, np.eye(2)[None]]).tolist()
    [[0.5, 0.5], [0.5, 0.5]]
    """
    rollout = np.eye(attentions[0].shape[-1])
    for attention in attentions:
        mixed = OWN * rollout + (1 - OWN) * (attention.mean(axis=0, dtype="float64") @ rollout)
        rollout = mixed
    return rollout
