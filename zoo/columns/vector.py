"""Arrays of numbers that are used as they are."""

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

    >>> Vector((2,)).encode([1, 2])[""].dtype
    dtype('float32')
    """

    kind: ClassVar[str] = "vector"
    word: ClassVar[str] = "arrays"

    shape: tuple[int | None, ...] = ()
    dtype: str = "float32"
    padding_value: float = 0
    buckets: tuple[int, ...] = ()

    @classmethod
    def of(cls, spec: Spec) -> "Vector":
        """Return the column whose only tensor is as `spec` says."""
        return cls(tuple(spec.shape), spec.dtype, spec.padding, tuple(spec.buckets))

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
        return {"": array.astype(self.dtype)}
