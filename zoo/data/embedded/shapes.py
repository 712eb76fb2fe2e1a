"""Drawn shapes with a class for each pixel, a number for each object, and boxes: made, no download.

What is true is known to the pixel: boxes are the extents of what is visible of each object. Colours
tell nothing of the class, and the background is as bright as the shapes, so that no threshold
finds them.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from zoo.catalog.datasets import DATASETS
from zoo.columns import Boxes, Image, Mask
from zoo.data.dataset import Dataset, Split

SIDE = 64  # pixels
CLASSES = ("circle", "square", "triangle")
EXAMPLES = {"train": 1_000, "validation": 150, "test": 250}

_CARD = next(card for card in DATASETS if card.name == "shapes")
_SEED = 23_19  # never changed: a result is only comparable on the same pictures
_MOST, _TRIES = 5, 40  # objects of a picture, and places that are tried for one
_RADII = (6.0, 14.0)  # pixels, of the circle around a shape
_HIDDEN = 0.4  # share of an object that a later one may hide
_FINE = 3  # samples along each side of a pixel, for smooth edges
_CONTRAST = 60  # least distance of two colours, of 255
_NOISE, _WAVES = 12.0, 25.0  # deviation of the noise, and height of the waves behind


def load() -> Dataset:
    """Return 1,400 pictures of one to five circles, squares and triangles, which may overlap.

    Returns:
        image uint8 (64, 64, 3); mask integers (64, 64), 0 background and 1 to 3 by class; instances
        integers (64, 64), 0 background and the number of each object; boxes, corners and classes of the
        objects in the order of their numbers. Splits "train" (1,000), "validation" (150) and "test"
        (250).

    >>> example = load().splits["test"][0]
    >>> example["mask"].max() <= 3, len(example["boxes"]["class"]) == example["instances"].max()
    (True, True)
    """
    splits = {
        name: _split(np.random.default_rng([_SEED, place]), count)
        for place, (name, count) in enumerate(EXAMPLES.items())
    }
    return Dataset(
        name="shapes",
        splits=splits,
        features={
            "image": Image((SIDE, SIDE, 3)),
            "mask": Mask((SIDE, SIDE), classes=("background", *CLASSES)),
            "instances": Mask((SIDE, SIDE)),
            "boxes": Boxes(CLASSES),
        },
        classes=(),
        licence=_CARD.licence,
        source="embedded",
        homepage=_CARD.homepage,
        notes=(f"The pictures are made: shapes on waves and noise, seed {_SEED}.",),
    )


@dataclass(frozen=True)
class _Shape:
    """A shape: its class from 0, centre (x, y), radius of the circle around it, and turn in radians."""

    kind: int
    x: float
    y: float
    radius: float
    turn: float

    def sampled(self) -> tuple[tuple[slice, slice], np.ndarray, np.ndarray]:
        """Return a window of the picture around the shape, and what it covers there.

        Returns:
            Rows and columns; whether the centre of each pixel is inside; and the share of its area.
        """
        starts = [int(np.floor(middle - self.radius)) for middle in (self.y, self.x)]
        ends = [int(np.ceil(middle + self.radius)) for middle in (self.y, self.x)]
        sides = [end - start for start, end in zip(starts, ends, strict=True)]
        inside, fine = (
            self.covers(
                *np.meshgrid(
                    starts[1] + (np.arange(samples * sides[1]) + 0.5) / samples,
                    starts[0] + (np.arange(samples * sides[0]) + 0.5) / samples,
                )
            )
            for samples in (1, _FINE)
        )
        alpha = fine.reshape(sides[0], _FINE, sides[1], _FINE).mean(axis=(1, 3))
        rows, columns = (slice(start, end) for start, end in zip(starts, ends, strict=True))
        return (rows, columns), inside, alpha

    def covers(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Tell which points lie inside, bool of their shape."""
        x, y = x - self.x, y - self.y
        if self.kind == 0:
            return x**2 + y**2 <= self.radius**2
        sides = 4 if self.kind == 1 else 3
        reach = self.radius * np.cos(np.pi / sides)  # from the centre to the middle of a side
        inside = np.ones(x.shape, bool)
        for side in range(sides):
            angle = self.turn + 2 * np.pi * side / sides
            inside &= x * np.cos(angle) + y * np.sin(angle) <= reach
        return inside


def _split(generator: np.random.Generator, count: int) -> Split:
    made = [_picture(generator) for _ in range(count)]
    images, masks, instances, boxes = zip(*made, strict=True)
    return Split(
        {
            "image": np.stack(images),
            "mask": np.stack(masks),
            "instances": np.stack(instances),
            "boxes": list(boxes),
        }
    )


def _picture(
    generator: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, list]]:
    """Return image, mask, instances and boxes of one picture."""
    image, ground = _background(generator)
    mask, instances = (np.zeros((SIDE, SIDE), "uint8") for _ in range(2))
    colours, sizes = [ground], []
    for _ in range(int(generator.integers(1, _MOST + 1))):
        for _ in range(_TRIES):
            shape = _drawn(generator)
            window, inside, alpha = shape.sampled()
            behind = np.bincount(instances[window][inside], minlength=len(sizes) + 1)[1:]
            seen = np.bincount(instances.ravel(), minlength=len(sizes) + 1)[1:] - behind
            if (seen >= (1 - _HIDDEN) * np.array(sizes)).all():
                break
        else:
            continue
        sizes.append(int(inside.sum()))
        colours.append(_colour(generator, colours))
        image[window] += alpha[..., None] * (colours[-1] - image[window])
        mask[window][inside], instances[window][inside] = shape.kind + 1, len(sizes)
    image += generator.normal(0, _NOISE, image.shape)
    pixels = np.clip(np.round(image), 0, 255).astype("uint8")
    return pixels, mask, instances, _boxes(mask, instances)


def _drawn(generator: np.random.Generator) -> _Shape:
    radius = generator.uniform(*_RADII)
    x, y = generator.uniform(radius, SIDE - radius, 2)
    return _Shape(int(generator.integers(3)), x, y, radius, generator.uniform(0, 2 * np.pi))


def _colour(generator: np.random.Generator, others: list[np.ndarray]) -> np.ndarray:
    """Return a colour that lies away from the others, (3,)."""
    for _ in range(_TRIES):
        colour = generator.uniform(30, 225, 3)
        if all(np.linalg.norm(colour - other) >= _CONTRAST for other in others):
            break
    return colour


def _background(generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return waves over one colour, (H, W, 3), and the colour."""
    colour = generator.uniform(60, 195, 3)
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    waves = np.zeros((SIDE, SIDE))
    for _ in range(2):
        across, down = generator.uniform(-4, 4, 2)
        waves += np.sin(2 * np.pi * (across * x + down * y) + generator.uniform(0, 2 * np.pi))
    return colour + _WAVES * waves[..., None] / 2, colour


def _boxes(mask: np.ndarray, instances: np.ndarray) -> dict[str, list]:
    corners, classes = [], []
    for number in itertools.count(1):
        rows, columns = np.nonzero(instances == number)
        if not len(rows):
            break
        edges = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        corners.append([float(edge) for edge in edges])
        classes.append(CLASSES[mask[rows[0], columns[0]] - 1])
    return {"corners": corners, "class": classes}
