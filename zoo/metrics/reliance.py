"""How far a model leans on each of its inputs: Shapley shares, what is lost without one, interactions.

M inputs have 2 ** M subsets; an answer is right or not for each of N examples with each subset. A subset
is a number whose bit m says that input m is there.
"""

from collections.abc import Sequence
from math import factorial

import numpy as np

from zoo.metrics.intervals import RESAMPLES, TAIL, Sampling, weights_of

_ROUNDING = 1e-9


def shapley_values(worth: np.ndarray) -> np.ndarray:
    """Return the Shapley value of each input: its part of what all inputs are worth together.

    v(m) is the mean gain of adding input m to those before it, over all orders (Shapley 1953; of
    modalities SHAPE, 2205.00302 §3). The values sum to worth of all minus worth of none.

    Args:
        worth: (2 ** M, …), what each subset is worth, accuracy say.

    Returns:
        (M, …).

    >>> shapley_values(np.array([0.1, 0.5, 0.3, 0.9])).round(2).tolist()
    [0.5, 0.3]
    """
    worth = np.asarray(worth, dtype="float64")
    count = num_inputs(len(worth))
    values = np.zeros((count, *worth.shape[1:]))
    for subset in range(len(worth)):
        size = subset.bit_count()
        for m in range(count):
            if not subset >> m & 1:
                weight = factorial(size) * factorial(count - size - 1) / factorial(count)
                values[m] += weight * (worth[subset | 1 << m] - worth[subset])
    return values


def num_inputs(subsets: int) -> int:
    """Return M for 2 ** M subsets.

    Raises:
        ValueError: it is not a power of two.
    """
    if subsets < 2 or subsets & (subsets - 1):
        raise ValueError(f"{subsets} subsets are not all those of a number of inputs")
    return subsets.bit_length() - 1


def shares_of(values: np.ndarray) -> np.ndarray:
    """Return values as shares of their sum, (M, …); NaN where that is not above 0 but for rounding.

    A share may be below 0, of an input that does harm, and then another is above 1.
    """
    total = values.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(total > _ROUNDING, values / total, np.nan)


def lost_without(worth: np.ndarray) -> np.ndarray:
    """Return what taking each input alone away costs, (M, …)."""
    whole = len(worth) - 1
    return np.stack(
        [worth[whole] - worth[whole & ~(1 << m)] for m in range(num_inputs(len(worth)))]
    )


def resampled(
    right: np.ndarray, *, resamples: int = RESAMPLES, seed: int = 0, groups: Sequence | None = None
) -> np.ndarray:
    """Return the worth of each subset in resamples of the examples, (2 ** M, resamples).

    Args:
        right: (2 ** M, N), 1 where the answer is right, or a mean over repeats.
        resamples: that are drawn, with replacement.
        seed: of the draws.
        groups: of the examples, (N,); whole groups are drawn where they are given.
    """
    sampling = Sampling.of(right.shape[1], groups)
    drawn = weights_of(sampling, seed=seed, resamples=resamples)  # blocks of (R, N)
    return np.concatenate([right @ w.T / w.sum(axis=1) for w in drawn], axis=1)


def interval(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the middle 95 % of the resampled values that are known, by row.

    NaN in a row where none is known.
    """
    known = ~np.isnan(values).all(axis=-1)
    low, high = np.full((2, *known.shape), np.nan)
    if known.any():  # NumPy makes nothing of no rows
        low[known], high[known] = np.nanquantile(values[known], (TAIL, 1 - TAIL), axis=-1)
    return low, high


def additive(outputs: np.ndarray) -> np.ndarray:
    """Return the best additive answer to two inputs that a model's own answers hold (2010.06572 eq. 3).

    EMAP: f(a, b) is replaced by mean over b' of f(a, b') + mean over a' of f(a', b) - the mean of all.
    What it answers worse than the model is what interactions of the inputs are worth.

    Args:
        outputs: (N, N, K), logits for input a of example i with input b of example j.

    Returns:
        (N, K), for the pairs that belong together, i = j.
    """
    outputs = np.asarray(outputs, dtype="float64")
    return outputs.mean(axis=1) + outputs.mean(axis=0) - outputs.mean(axis=(0, 1))
