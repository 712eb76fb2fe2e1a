"""What the tests found of one method, and whether it may be believed."""

import math
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

LARGEST_ERROR = 0.01  # of a sum, for 19 of 20 examples
LARGEST_CORRELATION = 0.2  # of maps of trained and of random weights
ERRORS = 2.0  # standard errors by which a deletion curve must beat a random order
ENOUGH = 0.95  # of the examples


@dataclass(frozen=True)
class Mean:
    """A mean over examples.

    Attributes:
        value: NaN for no examples.
        error: standard error; NaN for fewer than two examples.
    """

    value: float
    error: float

    @classmethod
    def of(cls, values: Any) -> "Mean":
        """Average the values that are numbers."""
        found = np.asarray(values, "float64")
        found = found[np.isfinite(found)]
        if not len(found):
            return cls(math.nan, math.nan)
        spread = float(found.std(ddof=1) / math.sqrt(len(found))) if len(found) > 1 else math.nan
        return cls(float(found.mean()), spread)

    @property
    def beats(self) -> bool:
        """Whether it is above 0 by more than two standard errors."""
        return self.value > ERRORS * self.error


@dataclass(frozen=True)
class MethodCheck:
    """What was found of one method on one model.

    Attributes:
        method: its name.
        completeness: median of the error; None where it promises nothing.
        within: share of examples whose numbers add up within 1 %; None likewise.
        deletion, insertion: areas below the curves.
        deletion_gain: the area of a random order less that of the method, of the same example.
        insertion_gain: the area of the method less that of a random order.
        correlations: of maps with those of the trained network, with more and more layers randomised.
        strengths: the same of maps without their signs.
        sensitivity: of the map to small noise.
        curves: mean "deletion" and "insertion" curve, at equal shares of the parts.
        seconds: for one example.
    """

    method: str
    completeness: float | None
    within: float | None
    deletion: Mean
    insertion: Mean
    deletion_gain: Mean
    insertion_gain: Mean
    correlations: tuple[Mean, ...]
    strengths: tuple[Mean, ...]
    sensitivity: Mean
    curves: dict[str, list[float]] = field(default_factory=dict)
    seconds: float = math.nan

    @property
    def correlation(self) -> Mean:
        """The higher of those with all layers randomised and with all but the first.

        NaN, where all maps of random weights are constant, counts as no likeness.
        """
        return max(self.correlations[-2:], key=lambda one: np.nan_to_num(one.value, nan=-1.0))

    @property
    def faults(self) -> list[str]:
        """Why it should not be believed; nothing for a method that passed."""
        found = []
        if self.within is not None and self.within < ENOUGH:
            found.append(f"adds up within 1 % for only {100 * self.within:.0f} % of the examples")
        if not self.deletion_gain.beats:
            found.append("deletion is no better than a random order")
        if self.correlation.value > LARGEST_CORRELATION:
            found.append("hardly changes with random weights")
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        more = {"correlation": asdict(self.correlation), "faults": self.faults}
        return asdict(self) | more | {"believe": not self.faults}
