"""Weights of examples: how much each one counts in the loss of training."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self, final

import numpy as np

from zoo.columns.base import Column, Parts, Spec
from zoo.errors import DataError

WEIGHT = "sample_weight"  # name of the column of a data set, and of the tensor in a batch


@final
@dataclass(frozen=True)
class Weight(Column):
    """One finite number of at least 0, float32; after `fit` the mean over train is 1.

    Args:
        scale: that weights are divided by, above 0.

    >>> [float(Weight().fit([1, 3]).encode(value)[""]) for value in (1, 3)]
    [0.5, 1.5]
    """

    kind: ClassVar[str] = "weight"
    word: ClassVar[str] = "weights"

    scale: float = 1.0

    def specs(self) -> dict[str, Spec]:
        return {"": Spec((), "float32")}

    @property
    def value_shape(self) -> tuple[int | None, ...]:
        return ()

    def fit(self, values: Iterable[Any]) -> Self:
        weights = np.array([_weight(value) for value in values], dtype="float64")
        largest = weights.max(initial=0.0)
        if largest == 0:
            raise DataError(
                f"All {weights.size:,} weights of the examples to learn from are 0.",
                expected="weights above 0 for some of them",
                fix="name another column, or leave weight_column out",
            )
        return replace(self, scale=float(largest * (weights / largest).mean()))

    def encode(self, value: Any) -> Parts:
        return {"": np.float32(_weight(value) / self.scale)}


def _weight(value: Any) -> float:
    try:
        weight = float(value)
    except (TypeError, ValueError):
        weight = -1.0
    if not np.isfinite(weight) or weight < 0:
        raise DataError(
            f"{value!r:.80} is not a weight.",
            expected="a finite number of at least 0",
            fix="correct the weight, or leave the example out",
        )
    return weight
