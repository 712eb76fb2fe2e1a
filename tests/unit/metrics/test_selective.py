"""The threshold for accepted answers against a search by hand, and its promise over many draws."""

import math

import numpy as np
import pytest

from zoo.metrics.selective import acceptance, smallest_promise


def tail(mistakes: int, count: int, error: float) -> float:
    """The chance of so few mistakes, summed term by term."""
    terms = (
        math.comb(count, i) * error**i * (1 - error) ** (count - i) for i in range(mistakes + 1)
    )
    return sum(terms)


def by_hand(scores, wrong, *, error, risk):
    """How many of the surest may be accepted: every start, step by step."""
    pairs = sorted(zip(scores, wrong, strict=True), key=lambda pair: -pair[0])
    total = len(pairs)
    mistakes = [sum(bool(w) for _, w in pairs[:k]) for k in range(total + 1)]
    whole = [k for k in range(1, total + 1) if k == total or pairs[k - 1][0] > pairs[k][0]]
    budgets = [0, 1, 2, 4, 8, 16, 32, 64, 128]
    for number in range(len(budgets), 0, -1):
        share = risk / number
        firsts = [
            next((k for k in range(1, total + 1) if tail(b, k, error) <= share), None)
            for b in budgets[:number]
        ]
        if None not in firsts:
            break
    else:
        return 0
    best = 0
    for first in firsts:
        for k in [k for k in whole if k >= first]:
            if tail(mistakes[k], k, error) > share:
                break
            best = max(best, k)
    return best


@pytest.mark.parametrize("seed", range(12))
def test_the_threshold_is_the_one_found_by_hand(seed):
    rng = np.random.default_rng(seed)
    total, error = int(rng.integers(20, 90)), float(rng.choice([0.05, 0.1, 0.3]))
    scores = rng.random(total).round(2 if seed % 2 else 6)  # every second with ties
    wrong = rng.random(total) < 0.4 * (1 - scores) ** 2
    found = acceptance(scores, wrong, error=error)
    expected = by_hand(scores, wrong, error=error, risk=0.1)
    assert (found.accepted if found else 0) == expected
    if found:
        accepted = scores >= found.threshold
        assert accepted.sum() == found.accepted and wrong[accepted].sum() == found.wrong


def test_the_promise_is_broken_in_at_most_a_tenth_of_the_draws():
    rng, broken, draws = np.random.default_rng(0), 0, 400
    for _ in range(draws):
        scores = rng.random(150)
        found = acceptance(scores, rng.random(150) < 0.5 * (1 - scores), error=0.1)
        if found:  # the error of those above t is 0.5 (1 - t) / 2
            broken += 0.25 * (1 - found.threshold) > 0.1
    assert broken / draws < 0.1


def test_what_cannot_be_promised_has_a_smallest_error_that_can():
    scores, wrong = np.linspace(0.1, 1, 100), np.zeros(100, bool)
    assert acceptance(scores, wrong, error=0.02) is None  # 0.98 ** 100 = 0.133
    assert smallest_promise(scores, wrong) == 0.023  # 0.977 ** 100 = 0.098
    assert acceptance(scores, wrong, error=0.023).threshold == 0
    assert acceptance(scores[:0], wrong[:0], error=0.5) is None
    assert smallest_promise(scores[:1], wrong[:1]) == 0.9
