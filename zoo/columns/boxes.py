"""Boxes: the places and classes of objects in an image."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np

from zoo.columns.base import Column, GeometryLike, Parts, Spec
from zoo.columns.label import position
from zoo.errors import DataError

PADDING = -1  # of corners and classes, where an image has fewer boxes than others


@final
@dataclass(frozen=True)
class Boxes(Column):
    """Any number of boxes: {"corners": (N, 4), "class": (N,)}.

    Corners are left, top, right, bottom in pixels of the image, whose upper left corner is (0, 0):
    the box of the pixel in row 2 and column 3 is (3, 2, 4, 3).

    Args:
        classes: names by position.
        space: the image column whose pixels the corners count.
        buckets: numbers of boxes that batches are padded to.

    >>> Boxes(("cat",)).encode({"corners": [[0, 0, 2, 1]], "class": ["cat"]})["class"].tolist()
    [0]
    """

    kind: ClassVar[str] = "boxes"
    word: ClassVar[str] = "boxes"

    classes: tuple[str, ...] = ()
    space: str = "image"
    buckets: tuple[int, ...] = ()

    @property
    def value_shape(self) -> None:
        return None

    def specs(self) -> dict[str, Spec]:
        return {
            "corners": Spec((None, 4), "float32", PADDING, tuple(self.buckets)),
            "class": Spec((None,), "int64", PADDING, tuple(self.buckets)),
        }

    def encode(self, value: Any) -> Parts:
        if not isinstance(value, Mapping) or not {"corners", "class"} <= set(value):
            raise DataError(
                f"{value!r:.80} does not say where boxes are.",
                expected='{"corners": (N, 4) pixels, "class": N names or positions}',
                fix="leave the example out, or give both",
            )
        corners = np.asarray(value["corners"], "float32").reshape(-1, 4)
        classes = [position(item, self.classes) for item in value["class"]]
        upright = (corners[:, 2:] > corners[:, :2]).all()
        if len(classes) != len(corners) or not np.isfinite(corners).all() or not upright:
            raise DataError(
                f"{len(corners)} boxes with {len(classes)} classes do not fit, or a box is empty.",
                expected="left < right, top < bottom, and a class for each box",
                fix="give corners as left, top, right, bottom",
            )
        return {"corners": corners, "class": np.array(classes, "int64")}

    def warp(self, value: Any, geometry: GeometryLike) -> dict[str, Any]:
        """Move the corners, clip them at the border, and drop boxes beyond it."""
        corners = np.asarray(value["corners"], "float64").reshape(-1, 4)
        left, top, right, bottom = corners.T
        points = np.stack([[left, right, left, right], [top, top, bottom, bottom]])  # (2, 4, N)
        moved = np.einsum("ij,jkn->ikn", geometry.matrix[:2, :2], points)
        moved += geometry.matrix[:2, 2, None, None]
        height, width = geometry.size
        limits = np.array([width, height])[:, None]
        start, end = (np.clip(side, 0, limits) for side in (moved.min(axis=1), moved.max(axis=1)))
        kept = (end > start).all(axis=0)  # (N,)
        classes = [item for item, keep in zip(value["class"], kept, strict=True) if keep]
        return {"corners": np.concatenate([start, end]).T[kept], "class": classes}
