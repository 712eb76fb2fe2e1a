"""Rotary positions (2104.09864 §3.2.2): queries and keys are turned by angles that grow with the place.

The two numbers that turn together are those half a head apart, as in the weights that transformers
reads, and not neighbours, as in the paper: the order of a head's numbers is all that differs.
"""

from typing import Any

import numpy as np
from keras import ops


def rotated(x: Any, positions: Any, *, base: float = 10_000.0) -> Any:
    """Return queries or keys turned by their places.

    Angles are computed in float32 under every policy.

    Args:
        x: (…, T, K), K even.
        positions: (T,), the places of the tokens.
        base: the slowest pair of numbers needs about 2 π · base places for a turn.

    >>> x = ops.ones((1, 1, 2, 4))
    >>> bool(ops.all(rotated(x, ops.zeros(2)) == x))
    True
    """
    half = x.shape[-1] // 2
    frequencies = (float(base) ** (-np.arange(half) / half)).astype("float32")  # (K / 2,)
    angles = ops.cast(positions, "float32")[:, None] * frequencies  # (T, K / 2)
    cosine, sine = ops.cast(ops.cos(angles), x.dtype), ops.cast(ops.sin(angles), x.dtype)
    first, second = ops.split(x, 2, axis=-1)
    turned = (first * cosine - second * sine, second * cosine + first * sine)
    return ops.concatenate(turned, axis=-1)
