"""What is measured of one column of examples, whatever it holds."""

import abc
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from recipes.drift.two_sample import Test, block, classifier_test


@dataclass(frozen=True)
class Measure:
    """A number that people know of a value, such as its length.

    Attributes:
        name: in words.
        unit: behind numbers; empty for none.
        digits: after the point.
    """

    name: str
    unit: str = ""
    digits: int = 1

    def text(self, value: float) -> str:
        """Write a number with its unit."""
        shown = 100 * value if self.unit == "%" else value
        return f"{shown:,.{self.digits}f}" + (f" {self.unit}" if self.unit else "")


class Kind(abc.ABC):
    """A kind of column: how its values become numbers, and how two samples of them are compared.

    Attributes:
        word: what it holds, in the plural.
        measures: of a value, in the order of `measured`.
    """

    word: ClassVar[str]
    measures: ClassVar[tuple[Measure, ...]] = ()

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    @abc.abstractmethod
    def measured(self, values: Sequence[Any]) -> np.ndarray:
        """Return the measures of each value, float64 (N, number of measures)."""

    @abc.abstractmethod
    def features(self, values: Sequence[Any], measured: np.ndarray) -> np.ndarray:
        """Return what a classifier sees of each value, float64 (N, D), in blocks of length 1.

        Args:
            values: of both samples together, so that neither is the measure of the other.
            measured: of these values.
        """

    def test(
        self, values: Sequence[Any], features: np.ndarray, is_second: np.ndarray, *, seed: int
    ) -> Test:
        """Tell whether two samples of the column differ."""
        return classifier_test(features, is_second, seed=seed)

    def words(self, values: Sequence[Any], is_second: np.ndarray) -> list[str]:
        """Say in words what differs, beside the measures."""
        return []


def joined(*blocks: np.ndarray) -> np.ndarray:
    """Return several blocks of features beside one another, each of length 1."""
    return np.column_stack([block(each) for each in blocks])
