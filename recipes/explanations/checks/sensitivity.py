"""Max-sensitivity (1901.09392 §4): how far a map moves when the input hardly does."""

from collections.abc import Callable

import numpy as np

RADIUS = 0.02  # of the range of the input's numbers
DRAWS = 2


def max_sensitivity(
    explain: Callable[[np.ndarray], np.ndarray],
    point: np.ndarray,
    own: np.ndarray,
    *,
    radius: float = RADIUS,
    draws: int = DRAWS,
    seed: int = 1,
) -> float:
    """Return max ‖Φ(x + δ) - Φ(x)‖ / ‖Φ(x)‖ over draws of noise δ, each number within ± radius.

    Args:
        explain: Φ, from a point to its map.
        point: x.
        own: Φ(x).
        radius: as a share of the range of the point's numbers.
        draws: of the noise.
        seed: of the draws.

    >>> twice = lambda point: 2 * point
    >>> max_sensitivity(twice, np.eye(2)[0], 2 * np.eye(2)[0], radius=0.1) <= 0.1 * 2**0.5
    True
    """
    generator, reach = np.random.default_rng(seed), radius * float(np.ptp(point))
    size = float(np.linalg.norm(own))
    moved = []
    for _ in range(draws):
        near = point + generator.uniform(-reach, reach, point.shape)
        moved.append(float(np.linalg.norm(explain(near.astype("float32")) - own)))
    return max(moved) / size if size else float("nan")
