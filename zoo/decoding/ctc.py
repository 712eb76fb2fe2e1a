"""Decoding of connectionist temporal classification (Graves et al. 2006): from frames to tokens.

Axes: T frames, V tokens, one of which is the blank.
"""

import numpy as np


def best_path(log_probabilities: np.ndarray, *, blank: int = 0) -> list[int]:
    """Return the tokens of the most likely path: repeats made one, then blanks left out.

    Args:
        log_probabilities: (T, V); any numbers in the same order do as well.
        blank: id of the blank.

    >>> best_path(np.eye(3)[[1, 1, 0, 1, 2]])
    [1, 1, 2]
    """
    path = np.asarray(log_probabilities).argmax(axis=-1)  # (T,)
    changes = np.flatnonzero(np.diff(path, prepend=-1))
    return [int(token) for token in path[changes] if token != blank]
