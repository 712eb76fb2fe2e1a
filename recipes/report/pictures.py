"""Example images: small copies for the page, grids for files."""

import base64
import io
import math
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from recipes.report.panels import short
from recipes.report.theme import INK, MUTED, SECOND

LARGEST_SIDE = 96  # pixels in the page; keeps the file small


def data_uri(image: np.ndarray) -> str:
    """Return a PNG of at most 96 pixels a side as a `data:` address.

    Args:
        image: uint8, (H, W), (H, W, 1) or (H, W, 3).
    """
    picture = Image.fromarray(_drawable(image))
    if max(picture.size) > LARGEST_SIDE:
        picture.thumbnail((LARGEST_SIDE, LARGEST_SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def grid(
    images: Sequence[tuple[np.ndarray, str, str]], *, title: str, empty: str, columns: int = 8
) -> Figure:
    """Lay images out in rows, each under two lines of text.

    Args:
        images: (uint8 image, first line, second line).
        title: of the whole.
        empty: what to say where there are no images.
        columns: images in a row.
    """
    rows = max(1, math.ceil(len(images) / columns))
    width, height = 1.45 * columns, 1.75 * rows + 0.5  # inches
    figure = Figure(figsize=(width, height))
    figure.text(0.1 / width, 1 - 0.3 / height, title, fontsize=12, fontweight="bold", color=INK)
    if not images:
        figure.text(0.5, 0.45, empty, ha="center", va="center", fontsize=11, color=MUTED)
        return figure
    for position, (image, first, second) in enumerate(images):
        row, column = divmod(position, columns)
        left, top = 1.45 * column + 0.1, 0.85 + 1.75 * row  # of the image, from the upper left
        axes = figure.add_axes(
            (left / width, 1 - (top + 1.25) / height, 1.25 / width, 1.25 / height)
        )
        axes.set_axis_off()
        pixels = _drawable(image)
        axes.imshow(pixels, cmap="gray" if pixels.ndim == 2 else None, vmin=0, vmax=255)
        axes.set_title(short(first, 16), fontsize=8, loc="center", pad=14, fontweight="normal")
        if second:
            line = {"ha": "center", "va": "bottom", "fontsize": 7, "color": SECOND}
            axes.annotate(
                short(second, 20), (0.5, 1), (0, 3), "axes fraction", "offset points", **line
            )
    return figure


def _drawable(image: np.ndarray) -> np.ndarray:
    image = np.asarray(image, dtype="uint8")
    return image[..., 0] if image.ndim == 3 and image.shape[-1] == 1 else image
