"""Images: brightness, contrast, sharpness, colour and size; pixels and gradients for the classifier."""

from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np

from recipes.baseline.images import gradients
from recipes.drift.kind import Kind, Measure, joined
from zoo.columns import Image

THUMBNAIL, SHAPES = 8, 16  # pixels per side
LUMA = np.array([0.299, 0.587, 0.114])  # of R, G and B


@final
class Images(Kind):
    """Pixels, uint8 (H, W, C)."""

    word: ClassVar[str] = "images"
    measures: ClassVar[tuple[Measure, ...]] = (
        Measure("mean brightness"),
        Measure("contrast"),
        Measure("sharpness"),
        Measure("colour"),
        Measure("width", "pixels", 0),
        Measure("height", "pixels", 0),
    )

    def measured(self, values: Sequence[np.ndarray]) -> np.ndarray:
        """Return mean and deviation of the gray levels 0–255, their mean gradient, colour, and size.

        Colour is the mean difference between the highest and the lowest channel.
        """
        return np.array([_measured(image) for image in values]).reshape(-1, len(self.measures))

    def features(self, values: Sequence[np.ndarray], measured: np.ndarray) -> np.ndarray:
        small, shapes = (
            np.stack([Image((side, side, 1)).encode(image)[""] for image in values])
            for side in (THUMBNAIL, SHAPES)
        )
        return joined(measured, small.reshape(len(small), -1), gradients(shapes))


def _measured(image: np.ndarray) -> tuple[float, ...]:
    pixels = image.astype("float32")
    gray = pixels @ LUMA if image.shape[-1] == 3 else pixels[..., 0]  # (H, W)
    steps = [np.abs(np.diff(gray, axis=axis)).mean() for axis in (0, 1) if gray.shape[axis] > 1]
    colour = float((pixels.max(axis=-1) - pixels.min(axis=-1)).mean())
    sharpness = float(np.mean(steps)) if steps else 0.0
    return float(gray.mean()), float(gray.std()), sharpness, colour, gray.shape[1], gray.shape[0]
