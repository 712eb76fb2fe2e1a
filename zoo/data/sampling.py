"""Draw classes more or less often than they occur, in an order that is a function of (seed, pass)."""

import functools
from typing import final

import numpy as np

SHARES = {"balanced": np.ones_like, "sqrt": np.sqrt}  # of a class, from its number of examples


@final
class ClassSampling:
    """Passes of as many examples as there are, in which each class has a share of its own.

    A pass holds the same number of each class every time. What it takes of a class continues where the
    pass before it ended, in one shuffled round through the class after another: each example of a
    class is drawn equally often, and rare ones several times in a pass.

    Args:
        labels: class of each example from 0, (N,). Classes without examples are never drawn.
        how: "balanced" gives classes equal shares, "sqrt" shares that grow with the square root of
            their number of examples.

    >>> sampling = ClassSampling(np.array([0, 0, 0, 0, 0, 1]), "balanced")
    >>> np.bincount(np.array([0, 0, 0, 0, 0, 1])[sampling.order(1, 0)]).tolist()
    [3, 3]
    """

    def __init__(self, labels: np.ndarray, how: str):
        classes = np.unique(labels)
        self._members = [np.flatnonzero(labels == k) for k in classes]
        self.quotas = quotas([len(members) for members in self._members], how)
        self._order = functools.lru_cache(maxsize=4)(self._drawn)

    def order(self, seed: int, number: int) -> np.ndarray:
        """Return the examples of pass `number` in their order, (N,)."""
        return self._order(seed, number)

    def _drawn(self, seed: int, number: int) -> np.ndarray:
        parts = [
            _continued(members, start=number * quota, count=quota, seed=[seed, k])
            for k, (members, quota) in enumerate(zip(self._members, self.quotas, strict=True))
        ]
        return np.random.default_rng([seed, number]).permutation(np.concatenate(parts))


def quotas(counts: list[int], how: str) -> list[int]:
    """Return how many examples of each class a pass has; together as many as there are.

    Args:
        counts: examples of each class, > 0.
        how: one of `SHARES`.

    >>> quotas([90, 10], "balanced"), quotas([90, 10], "sqrt")
    ([50, 50], [75, 25])
    """
    total, shares = sum(counts), SHARES[how](np.asarray(counts, "float64"))
    exact = total * shares / shares.sum()
    found = np.floor(exact).astype(int)
    left = total - int(found.sum())
    found[np.argsort(found - exact, kind="stable")[:left]] += 1  # the largest remainders
    return found.tolist()


def _continued(members: np.ndarray, *, start: int, count: int, seed: list[int]) -> np.ndarray:
    """Return `count` draws from draw `start` on of one shuffled round through a class after another."""
    places = np.arange(start, start + count)
    rounds = places // len(members)
    found = [members[:0]]
    for number in map(int, np.unique(rounds)):
        # The fourth number sets these draws apart from those of passes, as missing ones count as 0.
        order = np.random.default_rng([*seed, number, 1]).permutation(members)
        found.append(order[places[rounds == number] % len(members)])
    return np.concatenate(found)
