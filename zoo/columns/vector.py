"""Arrays of numbers that are used as they are."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, final

import numpy as np

from zoo.columns.base import Column, Parts, Spec
from zoo.errors import DataError


@final
@dataclass(frozen=True)
class Vector(Column):
    """An array of one shape, or of one that varies along axes of `None`.

    Args:
        shape: without the batch axis.
        dtype: of the array.
        padding: along axes that vary.
        buckets: lengths that they are padded to.
        mean, deviation: of each number along the last axis, which are taken out; empty to leave them.

    >>> Vector((2,)).encode([1, 2])[""].dtype
    dtype('float32')
    """

    kind: ClassVar[str] = "vector"
    word: ClassVar[str] = "arrays"

    shape: tuple[int | None, ...] = ()
    dtype: str = "float32"
    padding_value: float = 0
    buckets: tuple[int, ...] = ()
    mean: tuple[float, ...] = ()
    deviation: tuple[float, ...] = ()

    @property
    def modality(self) -> str:
        """That of the models which take it: numbers side by side, or one after another."""
        return {1: "vector", 2: "series"}.get(len(self.shape), "")

    @classmethod
    def of(cls, spec: Spec) -> "Vector":
        """Return the column whose only tensor is as `spec` says."""
        return cls(tuple(spec.shape), spec.dtype, spec.padding, tuple(spec.buckets))

    def fit(self, values: Iterable[Any]) -> "Vector":
        """Return the column that takes mean and deviation of these values out."""
        rows = [np.asarray(value, "float64").reshape(-1, self.shape[-1]) for value in values]
        mean, deviation = (f(np.concatenate(rows), axis=0) for f in (np.mean, np.std))
        deviation = np.where(deviation > 0, deviation, 1.0)  # of a number that never changes
        return replace(self, mean=tuple(mean.tolist()), deviation=tuple(deviation.tolist()))

    def shaped(self, shape: tuple[int | None, ...]) -> "Vector":
        return replace(self, shape=tuple(shape))

    def specs(self) -> dict[str, Spec]:
        return {"": Spec(self.shape, self.dtype, self.padding_value, self.buckets)}

    def encode(self, value: Any) -> Parts:
        array = np.asarray(value)
        fits = array.ndim == len(self.shape) and all(
            want in (None, size) for want, size in zip(self.shape, array.shape, strict=True)
        )
        if not fits or array.dtype.kind not in "biuf":
            raise DataError(
                f"An array of {array.dtype} and shape {array.shape} does not fit.",
                expected=f"numbers of shape {self.shape}",
                fix="reshape it, or leave the example out",
            )
        if self.mean:
            array = (array - np.asarray(self.mean)) / np.asarray(self.deviation)
        return {"": array.astype(self.dtype)}
