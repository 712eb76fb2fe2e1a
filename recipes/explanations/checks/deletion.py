"""Deletion and insertion (1806.07421 §4.1): the probability of a class while parts go or come."""

from dataclasses import dataclass

import numpy as np

from recipes.explanations.explanation import Scores

MOST_STEPS = 25  # of a curve


@dataclass(frozen=True)
class Curves:
    """The probability of a class with more and more of the parts removed, or inserted.

    Attributes:
        deletion: float64 (steps + 1,), from the whole input to the baseline.
        insertion: from the baseline to the whole input.
    """

    deletion: np.ndarray
    insertion: np.ndarray

    @property
    def deletion_area(self) -> float:
        """The mean height of the deletion curve; low is good."""
        return area(self.deletion)

    @property
    def insertion_area(self) -> float:
        """The mean height of the insertion curve; high is good."""
        return area(self.insertion)


def curves(scores: Scores, parts: np.ndarray, order: np.ndarray) -> Curves:
    """Return both curves for parts that go, or come, in an order.

    Args:
        scores: the probability of the class for masks (N, *places): 1 where the input stays.
        parts: the part of each place, int (*places).
        order: the parts, that which goes first, first.

    >>> three = curves(lambda keep: keep @ np.array([0.7, 0.1, 0.2]), np.arange(3), np.array([0, 2, 1]))
    >>> three.deletion.round(2).tolist(), three.insertion.round(2).tolist()
    ([1.0, 0.3, 0.1, 0.0], [0.0, 0.7, 0.9, 1.0])
    """
    rank = np.empty(len(order), int)
    rank[order] = np.arange(len(order))
    places = rank[parts]  # how many parts go before that of each place
    steps = min(len(order), MOST_STEPS)
    gone = np.round(np.linspace(0, len(order), steps + 1)).reshape(-1, *(1,) * parts.ndim)
    keep = (places[None] >= gone).astype("float32")
    found = np.asarray(scores(np.concatenate([keep, 1 - keep])), "float64")
    return Curves(found[: steps + 1], found[steps + 1 :])


def area(curve: np.ndarray) -> float:
    """Return the area below a curve over shares from 0 to 1, by the trapezoid rule.

    >>> area(np.array([1.0, 0.0, 0.0]))
    0.25
    """
    return float((curve[:-1] + curve[1:]).mean() / 2)
