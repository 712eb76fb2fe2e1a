"""Masks: one class for each pixel of an image; axes H (height), W (width)."""

from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np

from zoo.columns.base import Column, GeometryLike, Parts, Spec
from zoo.errors import DataError

NOWHERE = -1  # of pixels that an image does not have: beyond its border after a geometry


@final
@dataclass(frozen=True)
class Mask(Column):
    """A class for each pixel, integers (H, W); encoded, int32 with -1 where the image ends.

    Args:
        size: (H, W) that a model gives; None where masks differ.
        classes: names by value.
        space: the image column that it belongs to.

    >>> Mask((1, 2)).encode(np.array([[0, 1]]))[""].dtype
    dtype('int32')
    """

    kind: ClassVar[str] = "mask"
    word: ClassVar[str] = "masks"

    size: tuple[int | None, int | None] = (None, None)
    classes: tuple[str, ...] = ()
    space: str = "image"

    def specs(self) -> dict[str, Spec]:
        return {"": Spec(tuple(self.size), "int32", padding=NOWHERE)}

    def encode(self, value: Any) -> Parts:
        mask = checked(value)
        if any(want not in (None, size) for want, size in zip(self.size, mask.shape, strict=True)):
            raise DataError(
                f"A mask of {mask.shape} does not fit.",
                expected=f"the size of its image, {tuple(self.size)}",
                fix="resize image and mask together, with zoo.transforms.geometry",
            )
        return {"": mask.astype("int32")}

    def warp(self, value: Any, geometry: GeometryLike) -> np.ndarray:
        """Take the class of the nearest pixel: classes are not mixed."""
        from zoo.columns.resampling import nearest_pixels

        rows, columns, inside = nearest_pixels(checked(value).shape, geometry)
        return np.where(inside, checked(value).astype("int32")[rows, columns], NOWHERE)


def checked(value: Any) -> np.ndarray:
    """Return a mask, or raise DataError where these are not integers (H, W)."""
    mask = np.asarray(value)
    if mask.ndim != 2 or mask.dtype.kind not in "biu" or not mask.size:
        raise DataError(
            f"An array of {mask.dtype} and shape {mask.shape} is not a mask.",
            expected="integers of shape (H, W), one class for each pixel",
            fix="for colours, map each to the number of its class first",
        )
    return mask
