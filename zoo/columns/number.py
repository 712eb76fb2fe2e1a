"""Numbers: one value as an input or a target."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np

from zoo.columns.base import Column, Parts, Spec
from zoo.errors import DataError


@final
@dataclass(frozen=True)
class Number(Column):
    """One finite number, float32.

    >>> float(Number().encode("2.5")[""])
    2.5
    """

    kind: ClassVar[str] = "number"
    word: ClassVar[str] = "numbers"

    def specs(self) -> dict[str, Spec]:
        return {"": Spec((), "float32")}

    def encode(self, value: Any) -> Parts:
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
        return {"": np.float32(number)}
