"""Which answers may be accepted so that few of them are wrong: a threshold with a guarantee.

Learn then Test (Angelopoulos et al., 2110.01052) for the selective error of Geifman and El-Yaniv
(1705.08500). For the k surest of m validation examples the hypothesis "a new example as sure as these is
answered wrongly more often than promised" is tested by the exact binomial distribution. Values of k are
tested in ascending order until one is not rejected, from several starts that share the risk.
"""

import math
from dataclasses import dataclass

import numpy as np

CONFIDENCE = 0.9
STEP = 0.001  # of the errors that `smallest_promise` tries


@dataclass(frozen=True)
class Acceptance:
    """A threshold of a score, and what it rests on.

    Attributes:
        threshold: scores that reach it are accepted; 0 accepts all.
        accepted, wrong, examples: of validation: how many are accepted, how many of these are answered
            wrongly, and all.
    """

    threshold: float
    accepted: int
    wrong: int
    examples: int


def acceptance(
    scores: np.ndarray, wrong: np.ndarray, *, error: float, confidence: float = CONFIDENCE
) -> Acceptance | None:
    """Return the lowest threshold for which an error among accepted examples may be promised.

    With a probability of `confidence` over the draw of the validation examples, the share of wrong
    answers among new examples that are accepted is at most `error`. It holds for examples that are drawn
    independently as those of validation were, if the error does not fall as the threshold falls.

    The first k that is tested is the smallest that a set without a mistake can pass; others begin where
    1, 2, 4, … mistakes can, as far as k is at most m. J starts have (1 - confidence) / J each.

    Args:
        scores: of validation examples, (m,), 0 or more; higher is surer.
        wrong: whether they were answered wrongly, (m,).
        error: that is promised, in (0, 1).
        confidence: in (0, 1).

    Returns:
        None where nothing may be promised.

    >>> acceptance(np.linspace(0.1, 1, 300), np.arange(300) < 30, error=0.05)
    Acceptance(threshold=0.16923076923076927, accepted=276, wrong=6, examples=300)
    """
    from scipy.stats import binom

    order = np.argsort(-np.asarray(scores, "float64"), kind="stable")
    sorted_scores = np.asarray(scores, "float64")[order]
    mistakes = np.cumsum(np.asarray(wrong)[order])
    total = len(order)
    starts, risk = _starts(total, error, 1 - confidence)
    counts = np.arange(1, total + 1)
    # Equal scores are accepted together.
    whole = counts[np.append(sorted_scores[1:] < sorted_scores[:-1], True)] if total else counts
    rejected = binom.cdf(mistakes[whole - 1], whole, error) <= risk
    best = 0
    for start in starts:
        place = int(np.searchsorted(whole, start))
        failed = np.flatnonzero(~rejected[place:])
        end = place + (failed[0] if len(failed) else len(whole) - place)
        best = max(best, int(whole[end - 1]) if end > place else 0)
    if not best:
        return None
    threshold = 0.0 if best == total else float(np.nextafter(sorted_scores[best], math.inf))
    return Acceptance(threshold, best, int(mistakes[best - 1]), total)


def _starts(total: int, error: float, risk: float) -> tuple[list[int], float]:
    """Return the values of k at which testing begins, and the risk that each of them may take."""
    from scipy.stats import binom

    counts = np.arange(1, total + 1)
    allowed = [0, *(2**power for power in range(total.bit_length()))]
    chances = [binom.cdf(most, counts, error) for most in allowed]  # falling with k
    for number in range(len(allowed), 0, -1):
        enough = [chance <= risk / number for chance in chances[:number]]
        if all(each.any() for each in enough):
            return [int(counts[np.argmax(each)]) for each in enough], risk / number
    return [], risk


def smallest_promise(
    scores: np.ndarray, wrong: np.ndarray, *, confidence: float = CONFIDENCE
) -> float | None:
    """Return the smallest error, in steps of 0.1 %, that `acceptance` can promise; None for none.

    >>> smallest_promise(np.linspace(0.1, 1, 300), np.arange(300) < 30)
    0.009
    """
    for step in range(1, round(1 / STEP)):
        error = round(step * STEP, 6)
        if acceptance(scores, wrong, error=error, confidence=confidence) is not None:
            return error
    return None
