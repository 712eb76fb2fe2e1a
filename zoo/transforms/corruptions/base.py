"""Corruption: a change of one example that its label survives, at five severities."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.errors import ArgumentError

SEVERITIES = (1, 2, 3, 4, 5)
Change = Callable[[Any, Any, np.random.Generator], Any]


@dataclass(frozen=True)
class Corruption:
    """A pure function of (value, severity, seed).

    With one seed, the draws are the same at every severity: what grows is the strength.

    Args:
        name: of the corruption.
        group: of similar ones, by which several can be chosen.
        change: `(value, level, generator) -> value`.
        levels: argument of `change` at severity 1 to 5.
        knob: field of `regularization` that shows training something similar.
        setting: value of it that is worth a try.

    >>> def louder(value, level, generator):
    ...     return value * level
    >>> corruption = Corruption("louder", "level", louder, (2, 3, 4, 5, 6), "weight_decay", 0.1)
    >>> corruption(1.5, severity=3)
    6.0
    """

    name: str
    group: str
    change: Change
    levels: tuple[Any, ...]
    knob: str
    setting: Any

    def __call__(self, value: Any, *, severity: int, seed: int | tuple[int, ...] = 0) -> Any:
        """Return the value, corrupted; the one that was given stays as it is.

        Args:
            value: as a dataset gives it.
            severity: 1 to 5.
            seed: of the draws; a tuple for an example's own.

        Raises:
            ArgumentError: another severity.
        """
        if isinstance(severity, bool) or severity not in SEVERITIES:
            raise ArgumentError(
                f"severity={severity!r} is out of range.",
                expected="1, 2, 3, 4 or 5",
                fix="the clean example has no severity: use it as it is",
            )
        return self.change(value, self.levels[severity - 1], np.random.default_rng(seed))
