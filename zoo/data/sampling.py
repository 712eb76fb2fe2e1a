"""Orders of training examples that are functions of (seed, pass): by class, or groups together."""

import functools
from collections.abc import Sequence
from typing import Any, final

import numpy as np

from zoo.errors import DataError

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


@final
class GroupSampling:
    """Passes in which examples of one group follow each other, a few at a time.

    A pass shows each example about once: the last few of a group are filled up with others of it, so
    that some are shown twice and as many not at all.

    Args:
        groups: of each example, (N,); one of a single example is never drawn.
        size: examples of a group that follow each other, >= 2; fewer where a group has fewer.

    Raises:
        DataError: no group has two examples.

    >>> GroupSampling(["a", "b", "a", "b"], 2).order(1, 0).tolist()
    [1, 3, 0, 2]
    """

    def __init__(self, groups: Sequence[Any] | np.ndarray, size: int):
        _, codes = np.unique(np.asarray(groups), return_inverse=True)
        members = [np.flatnonzero(codes == k) for k in range(codes.max(initial=-1) + 1)]
        self._members = [own for own in members if len(own) > 1]
        if not self._members:
            raise DataError(
                "No group has two examples, and this loss compares those of one group.",
                expected="two recordings or more of a speaker",
                fix="add recordings, or set task.arguments.loss to another one",
            )
        self.size, self._count = size, len(codes)
        self._order = functools.lru_cache(maxsize=4)(self._drawn)

    def order(self, seed: int, number: int) -> np.ndarray:
        """Return the examples of pass `number` in their order, (N,)."""
        return self._order(seed, number)

    def _drawn(self, seed: int, number: int) -> np.ndarray:
        generator, found = np.random.default_rng([seed, number]), []
        while sum(map(len, found)) < self._count:
            for own in self._members:
                drawn, size = generator.permutation(own), min(self.size, len(own))
                drawn = np.append(drawn, drawn[: -len(own) % size])
                found += np.split(drawn, len(drawn) // size)
        order = generator.permutation(len(found))
        return np.concatenate([found[k] for k in order])[: self._count]


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
