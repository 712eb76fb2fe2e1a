"""Numbers: one value as an input or a target."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self, final

import numpy as np

from zoo.columns.base import Column, Parts, Spec
from zoo.errors import DataError

SCALED = "scaled"  # part that holds the standardised value


@final
@dataclass(frozen=True)
class Number(Column):
    """One finite number, float32; after `fit` also standardised, as the part "scaled".

    Args:
        mean: of train; None before `fit`.
        deviation: standard deviation of train, above 0; None before `fit`.

    >>> float(Number().encode("2.5")[""])
    2.5
    >>> {part: float(value) for part, value in Number().fit([1, 3]).encode(4).items()}
    {'': 4.0, 'scaled': 2.0}
    """

    kind: ClassVar[str] = "number"
    word: ClassVar[str] = "numbers"

    mean: float | None = None
    deviation: float | None = None

    def specs(self) -> dict[str, Spec]:
        spec = Spec((), "float32")
        return {"": spec} if self.mean is None else {"": spec, SCALED: spec}

    @property
    def value_shape(self) -> tuple[int | None, ...]:
        return ()

    def fit(self, values: Iterable[Any]) -> Self:
        numbers = np.array([_number(value) for value in values], dtype="float64")
        deviation = float(numbers.std()) if numbers.size else 0.0
        if not math.isfinite(deviation) or deviation == 0:
            raise DataError(
                f"All {numbers.size:,} numbers to learn from are {numbers[0]:g}."
                if numbers.size
                else "There are no numbers to learn from.",
                expected="numbers that differ from each other",
                fix="name another column, or add examples",
            )
        return replace(self, mean=float(numbers.mean()), deviation=deviation)

    def encode(self, value: Any) -> Parts:
        number = _number(value)
        if self.mean is None:
            return {"": np.float32(number)}
        scaled = (number - self.mean) / self.deviation
        return {"": np.float32(number), SCALED: np.float32(scaled)}

    def restored(self, scaled: np.ndarray) -> np.ndarray:
        """Return standardised values in the unit of the data, float64."""
        return np.asarray(scaled, "float64") * self.deviation + self.mean


def _number(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise DataError(
            f"{value!r:.80} is not a number.",
            expected="a finite number, with a point before decimals",
            fix="leave the example out, or write the number in full",
        )
    return number
