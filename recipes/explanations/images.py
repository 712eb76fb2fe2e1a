"""Images: which pixels speak for a class; axes H (height), W (width), C (channels)."""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, final

import numpy as np

from recipes.explanations.explanation import Explanation
from recipes.explanations.subject import Subject, reaching, windows
from zoo.columns import Column

if TYPE_CHECKING:
    from recipes.explanations.network import Network

FEW_PIXELS = 8  # up to so many along a side, each is a cell
CELLS = 7  # along a side beyond, as in RISE
PATCH = 0.25  # of a side, that occlusion hides
BLUR = 0.1  # of the longer side: deviation of the Gaussian


@final
class ImageSubject(Subject):
    """Pixels 0–255."""

    baselines: ClassVar[tuple[str, ...]] = ("zeros", "mean", "blur")
    positions: ClassVar[tuple[int, ...]] = (3,)  # (h, w, channels)
    power: int = 2  # networks bend most next to black

    def __init__(self, network: "Network", encoded: np.ndarray, column: Column):
        super().__init__(network, encoded, column)
        self.point = encoded.astype("float32")  # (H, W, C)

    @property
    def places(self) -> tuple[int, ...]:
        return self.point.shape[:2]

    @property
    def cells(self) -> tuple[int, ...]:
        return tuple(size if size <= FEW_PIXELS else CELLS for size in self.places)

    def baseline(self, name: str) -> np.ndarray:
        """Return black pixels, the image's mean colour, or the image blurred."""
        if name == "mean":
            return np.broadcast_to(self.point.mean(axis=(0, 1)), self.point.shape)
        if name == "blur":
            from scipy.ndimage import gaussian_filter

            deviation = BLUR * max(self.places)
            return gaussian_filter(self.point, (deviation, deviation, 0))
        return np.zeros_like(self.point)

    def patches(self) -> np.ndarray:
        """Return squares of a quarter of each side, half a square apart."""
        rows, columns = (windows(size, PATCH) for size in self.places)
        found = np.zeros((len(rows) * len(columns), *self.places), bool)
        for number, hidden in enumerate(found):
            hidden[rows[number // len(columns)], columns[number % len(columns)]] = True
        return found

    def grown(self, coarse: np.ndarray) -> np.ndarray:
        from PIL import Image

        height, width = self.places
        small = Image.fromarray(coarse.astype("float32"))
        return np.asarray(small.resize((width, height), Image.Resampling.BILINEAR), "float64")

    def attended(self, rollout: np.ndarray, pooling: str) -> np.ndarray:
        found = reaching(rollout, pooling)
        height, width = self.places
        rows = round((len(found) * height / width) ** 0.5)  # patches are squares
        return self.grown(found.reshape(rows, -1))

    def write(self, found: Explanation, folder: Path, stem: str) -> list[Path]:
        """Draw the image, and beside it the heat over the image in gray: STEM.png."""
        from recipes.explanations.drawing import heat_over_image
        from zoo.files import write_bytes

        path = folder / f"{stem}.png"
        write_bytes(path, heat_over_image(self.point, found))
        return [path]
