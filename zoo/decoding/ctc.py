"""Decoding of connectionist temporal classification (Graves et al. 2006): from frames to tokens.

Axes: T frames, V tokens, one of which is the blank.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

LEAST = -12.0  # log-probability below which a token is not tried in a frame
Prefix = tuple[int, ...]
Ends = tuple[float, float]


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


class Scorer(Protocol):
    """Judges the tokens of a hypothesis, beside what was heard."""

    def begun(self) -> Any:
        """Return the state of a hypothesis without tokens."""

    def extended(self, state: Any, token: int) -> Any:
        """Return the state after one more token."""

    def score(self, state: Any) -> float:
        """Return what is added to the log-probability of a hypothesis that goes on."""

    def final_score(self, state: Any) -> float:
        """Return what is added to that of a hypothesis that ends."""


def prefix_beam(
    log_probabilities: np.ndarray,
    *,
    width: int,
    scorer: Scorer | None = None,
    blank: int = 0,
    least: float = LEAST,
) -> list[tuple[list[int], float]]:
    """Return the best hypotheses over all their alignments (Hannun et al. 2014, 1408.2873).

    Where `width` holds every prefix, the scores are exact sums over alignments.

    Args:
        log_probabilities: (T, V), each frame's of all tokens.
        width: prefixes that are kept after each frame.
        scorer: adds what a language model says; None for nothing.
        blank: id of the blank.
        least: tokens below this log-probability are not tried in a frame; -inf tries all.

    Returns:
        Tokens and score of the hypotheses that are left, the best first.
    """
    states = {(): None if scorer is None else scorer.begun()}
    beams = {
        (): (0.0, -math.inf)
    }  # prefix: log-probability of ending in the blank, in its last token
    for frame in np.asarray(log_probabilities, "float64"):
        tokens = [(int(k), float(frame[k])) for k in np.flatnonzero(frame > least) if k != blank]
        following = _after_frame(beams, float(frame[blank]), tokens)
        for prefix in following if scorer else ():
            if prefix not in states:
                states[prefix] = scorer.extended(states[prefix[:-1]], prefix[-1])
        scores = {
            prefix: added(*ends) + (scorer.score(states[prefix]) if scorer else 0.0)
            for prefix, ends in following.items()
        }
        # Ties go to the smaller tokens, so that the order of a dictionary decides nothing.
        kept = sorted(scores, key=lambda prefix: (-scores[prefix], prefix))[:width]
        beams = {prefix: following[prefix] for prefix in kept}
    found = [
        (
            list(prefix),
            added(*ends) + (scorer.final_score(states[prefix]) if scorer else 0.0),
        )
        for prefix, ends in beams.items()
    ]
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))


def _after_frame(
    beams: Mapping[Prefix, Ends], of_blank: float, tokens: Sequence[tuple[int, float]]
) -> dict[Prefix, Ends]:
    """Return the prefixes after one more frame, each with the log-probabilities of both ends."""
    blanks: dict[Prefix, float] = {}
    others: dict[Prefix, float] = {}

    def add(to: dict[Prefix, float], prefix: Prefix, value: float) -> None:
        if value > -math.inf:
            to[prefix] = added(to[prefix], value) if prefix in to else value

    for prefix, (in_blank, in_token) in beams.items():
        either = added(in_blank, in_token)
        add(blanks, prefix, either + of_blank)
        for token, value in tokens:
            longer = (*prefix, token)
            if prefix and token == prefix[-1]:
                add(others, prefix, in_token + value)  # the same token goes on
                add(others, longer, in_blank + value)  # a blank parts it from another
            else:
                add(others, longer, either + value)
    return {
        prefix: (blanks.get(prefix, -math.inf), others.get(prefix, -math.inf))
        for prefix in {**blanks, **others}
    }


def added(one: float, other: float) -> float:
    """Return log(exp(one) + exp(other)).

    >>> round(math.exp(added(math.log(2), math.log(3))), 6)
    5.0
    """
    high, low = (one, other) if one > other else (other, one)
    return high if low == -math.inf else high + math.log1p(math.exp(low - high))
