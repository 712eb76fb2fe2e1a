"""Geometry: crops, flips and resizing as matrices that compose before anything is resampled.

A point of an image is (x, y, 1), x to the right and y downwards, in pixels from the upper left
corner: pixel (row, column) covers the square from (column, row) to (column + 1, row + 1). NumPy
alone; `Column.warp` does the resampling.
"""

import abc
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, final

import numpy as np

from zoo.columns import Column

ATTEMPTS = 10  # candidates for a window before the fallback, as torchvision and timm draw them
WINDOW_RATIO = (3 / 4, 4 / 3)  # width / height of a random resized crop (1409.4842 §6)
Size = tuple[int, int]  # (height, width) in pixels


@final
@dataclass(frozen=True)
class Geometry:
    """The mapping of each point of an image, and the size of the result.

    Attributes:
        matrix: float64 (3, 3): (x, y, 1) of the input to that of the output.
        size: (height, width) of the output.

    >>> double = Geometry(np.diag([2.0, 2.0, 1.0]), (8, 8))
    >>> double.after(double).matrix[0, 0]
    4.0
    """

    matrix: np.ndarray
    size: Size

    def after(self, first: "Geometry") -> "Geometry":
        """Return the geometry that does `first`, then this one: one matrix, this one's size."""
        return Geometry(self.matrix @ first.matrix, self.size)

    @classmethod
    def unchanged(cls, size: Size) -> Self:
        """Return the geometry that leaves an image of a size as it is."""
        return cls(np.eye(3), size)

    @classmethod
    def of_window(cls, left: float, top: float, width: float, height: float, *, size: Size) -> Self:
        """Return the geometry that shows a window of the input, in pixels, at a size."""
        across, down = size[1] / width, size[0] / height
        matrix = [[across, 0, -left * across], [0, down, -top * down], [0, 0, 1]]
        return cls(np.array(matrix, "float64"), size)


class Geometric(abc.ABC):
    """A way to draw a geometry; final subclasses are frozen values."""

    @abc.abstractmethod
    def draw(self, size: Size, generator: np.random.Generator) -> Geometry:
        """Return the geometry for an image of this size; what is random comes from the generator."""


@final
@dataclass(frozen=True)
class Resize(Geometric):
    """The whole image at `size`, its sides stretched as they must be."""

    size: Size

    def draw(self, size: Size, generator: np.random.Generator) -> Geometry:
        return Geometry.of_window(0, 0, size[1], size[0], size=self.size)


@final
@dataclass(frozen=True)
class CenterCrop(Geometric):
    """The largest centred window of the shape of `size`, of which `share` of each side is kept.

    Args:
        size: (height, width) of the result.
        share: in (0, 1]; references evaluate with 0.875 (224 of 256 pixels) or more.
    """

    size: Size
    share: float = 1.0

    def draw(self, size: Size, generator: np.random.Generator) -> Geometry:
        scale = max(self.size[0] / size[0], self.size[1] / size[1]) / self.share
        height, width = self.size[0] / scale, self.size[1] / scale
        left, top = (size[1] - width) / 2, (size[0] - height) / 2
        return Geometry.of_window(left, top, width, height, size=self.size)


@final
@dataclass(frozen=True)
class Letterbox(Geometric):
    """The whole image in its own shape, in the middle of `size`, with black at the sides."""

    size: Size

    def draw(self, size: Size, generator: np.random.Generator) -> Geometry:
        scale = min(self.size[0] / size[0], self.size[1] / size[1])
        height, width = self.size[0] / scale, self.size[1] / scale
        left, top = (size[1] - width) / 2, (size[0] - height) / 2
        return Geometry.of_window(left, top, width, height, size=self.size)


@final
@dataclass(frozen=True)
class PaddedCrop(Geometric):
    """A shift by up to `padding` whole pixels in each direction, black coming in (1512.03385 §4.2)."""

    padding: int

    def draw(self, size: Size, generator: np.random.Generator) -> Geometry:
        left, top = generator.integers(-self.padding, self.padding + 1, size=2)
        return Geometry.of_window(left, top, size[1], size[0], size=size)


@final
@dataclass(frozen=True)
class RandomResizedCrop(Geometric):
    """A window of random area and shape at `size`: of the original image, before it is resized.

    Area: uniform in (`min_scale`, 1) of the image; width / height: log-uniform in (3/4, 4/3). Of
    ten candidates the first that fits is taken, else the largest centred window of an allowed
    ratio. Source: 1409.4842 §6, as torchvision reads it, without rounding to whole pixels.
    """

    size: Size
    min_scale: float

    def draw(self, size: Size, generator: np.random.Generator) -> Geometry:
        height, width = size
        for _ in range(ATTEMPTS):
            area = generator.uniform(self.min_scale, 1) * height * width
            ratio = math.exp(generator.uniform(*map(math.log, WINDOW_RATIO)))
            wide, tall = math.sqrt(area * ratio), math.sqrt(area / ratio)
            if wide <= width and tall <= height:
                left = generator.uniform(0, 1) * (width - wide)
                top = generator.uniform(0, 1) * (height - tall)
                return Geometry.of_window(left, top, wide, tall, size=self.size)
        wide = min(width, height * WINDOW_RATIO[1])
        tall = min(height, width / WINDOW_RATIO[0])
        left, top = (width - wide) / 2, (height - tall) / 2
        return Geometry.of_window(left, top, wide, tall, size=self.size)


@final
@dataclass(frozen=True)
class Flip(Geometric):
    """A left-right flip, with `probability`."""

    probability: float = 0.5

    def draw(self, size: Size, generator: np.random.Generator) -> Geometry:
        if generator.uniform() >= self.probability:
            return Geometry.unchanged(size)
        return Geometry(np.array([[-1.0, 0, size[1]], [0, 1, 0], [0, 0, 1]]), size)


def composed(steps: Sequence[Geometric], size: Size, *, seed: int, space: str) -> Geometry:
    """Draw every step for one image and compose them.

    Args:
        steps: the first acts first.
        size: (height, width) of the image.
        seed: of this visit of this example.
        space: name of the image column, whose draws differ from those of another.

    >>> composed([Resize((4, 4)), Flip(1.0)], (8, 8), seed=0, space="image").matrix[0].tolist()
    [-0.5, 0.0, 4.0]
    """
    geometry = Geometry.unchanged(size)
    for step in steps:
        named = zlib.crc32(type(step).__name__.encode()), zlib.crc32(space.encode())
        drawn = step.draw(geometry.size, np.random.default_rng([seed, *named]))
        geometry = drawn.after(geometry)
    return geometry


def moved(
    example: Mapping[str, Any],
    columns: Mapping[str, Column],
    steps: Mapping[str, Sequence[Geometric]],
    *,
    seed: int,
) -> dict[str, Any]:
    """Return an example with one geometry applied to each image and everything in it.

    Args:
        example: values by column.
        columns: their types by the same names.
        steps: by name of an image column.
        seed: of this visit of this example.
    """
    changed = dict(example)
    for space, drawn in steps.items():
        if example.get(space) is None:
            continue
        size = np.shape(example[space])[:2]
        geometry = composed(drawn, size, seed=seed, space=space)
        for name, column in columns.items():
            if space in (name, column.space) and example.get(name) is not None:
                changed[name] = column.warp(example[name], geometry)
    return changed


def resizing(columns: Mapping[str, Column]) -> dict[str, tuple[Geometric, ...]]:
    """Return the geometry that brings images with boxes or masks to their model's size.

    Images alone need none: their column resizes them when it encodes them.

    Args:
        columns: fitted, by the names that examples have for them.
    """
    spaces = {column.space for column in columns.values() if column.space}
    return {space: (_placing(columns[space]),) for space in columns if space in spaces}


def _placing(column: Column) -> Geometric:
    """Return the geometry of evaluation, as `Image.encode` places an image alone."""
    size, share = column.shape[:2], column.preprocessing.get("crop_share")
    return CenterCrop(size, share) if share else Resize(size)
