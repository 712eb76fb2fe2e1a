"""Apply a geometry to pixels in one resampling, however many steps compose it.

Axes: H rows, W columns, C channels. A matrix maps a point (x, y, 1) of the input to one of the
output; pixel (row, column) covers the square from (column, row) to (column + 1, row + 1).
"""

import numpy as np

from zoo.columns.base import GeometryLike

_NEGLIGIBLE = 1e-9  # of a matrix entry: what rounding leaves where 0 is meant
_DIGITS = 6  # of a place in pixels, after which only rounding is left


def warp_pixels(image: np.ndarray, geometry: GeometryLike) -> np.ndarray:
    """Return uint8 (H', W', C) of the geometry's size, bilinear, black beyond the image.

    Windows that are cut out, resized and mirrored are antialiased, as Pillow does. What is turned or
    sheared is interpolated without it.

    Args:
        image: uint8 (H, W, C) with C 1 or 3.
        geometry: input to output.
    """
    matrix = np.asarray(geometry.matrix, "float64")
    if abs(matrix[0, 1]) > _NEGLIGIBLE or abs(matrix[1, 0]) > _NEGLIGIBLE:
        return _turned(image, matrix, geometry.size)
    height, width = geometry.size
    across = _span(matrix[0, 0], matrix[0, 2], width)
    down = _span(matrix[1, 1], matrix[1, 2], height)
    image = image[:: -1 if down[2] else 1, :: -1 if across[2] else 1]
    # Mirroring the input mirrors the window in it.
    left, right = _mirrored(across, image.shape[1])
    top, bottom = _mirrored(down, image.shape[0])
    whole = (left, top, right, bottom) == (0, 0, image.shape[1], image.shape[0])
    if whole and image.shape[:2] == (height, width):
        return np.ascontiguousarray(image)
    image, left, top = _with_border(image, left, top, right, bottom)
    box = (left, top, left + abs(across[1] - across[0]), top + abs(down[1] - down[0]))
    return _resized(image, (width, height), box)


def nearest_pixels(
    shape: tuple[int, int], geometry: GeometryLike
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return where each pixel of the output comes from.

    Args:
        shape: (H, W) of the input.
        geometry: input to output.

    Returns:
        Rows and columns of the nearest input pixel, clipped to the input, and whether the pixel's
        centre lies inside it; (H', W') each.
    """
    height, width = geometry.size
    inverse = np.linalg.inv(np.asarray(geometry.matrix, "float64"))
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    columns = np.floor(inverse[0, 0] * x + inverse[0, 1] * y + inverse[0, 2]).astype(int)
    rows = np.floor(inverse[1, 0] * x + inverse[1, 1] * y + inverse[1, 2]).astype(int)
    inside = (rows >= 0) & (rows < shape[0]) & (columns >= 0) & (columns < shape[1])
    return np.clip(rows, 0, shape[0] - 1), np.clip(columns, 0, shape[1] - 1), inside


def _span(scale: float, shift: float, size: int) -> tuple[float, float, bool]:
    """Return which part of an input axis the output shows, and whether it is mirrored."""
    first, last = round((0 - shift) / scale, _DIGITS), round((size - shift) / scale, _DIGITS)
    return min(first, last), max(first, last), scale < 0


def _mirrored(span: tuple[float, float, bool], size: int) -> tuple[float, float]:
    start, end, mirrored = span
    return (size - end, size - start) if mirrored else (start, end)


def _with_border(
    image: np.ndarray, left: float, top: float, right: float, bottom: float
) -> tuple[np.ndarray, float, float]:
    """Add black where a window leaves the image; return where the window begins then."""
    height, width = image.shape[:2]
    before = [max(0, int(np.ceil(-start))) for start in (top, left)]
    after = [max(0, int(np.ceil(end - size))) for end, size in ((bottom, height), (right, width))]
    if any(before) or any(after):
        image = np.pad(image, [(before[0], after[0]), (before[1], after[1]), (0, 0)])
    return image, left + before[1], top + before[0]


def _resized(
    image: np.ndarray, size: tuple[int, int], box: tuple[float, float, float, float]
) -> np.ndarray:
    """Resize a window; `size` and `box` are (width, height) and (left, top, right, bottom)."""
    from PIL import Image

    height, width = image.shape[:2]
    # Rounding may leave the window a hair outside.
    box = (max(box[0], 0), max(box[1], 0), min(box[2], width), min(box[3], height))
    gray = image.shape[-1] == 1
    picture = Image.fromarray(np.ascontiguousarray(image[..., 0] if gray else image))
    out = np.asarray(picture.resize(size, Image.Resampling.BILINEAR, box=box))
    return out[..., None] if gray else out


def _turned(image: np.ndarray, matrix: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    from PIL import Image

    gray = image.shape[-1] == 1
    picture = Image.fromarray(np.ascontiguousarray(image[..., 0] if gray else image))
    inverse = np.linalg.inv(matrix)
    moved = picture.transform(
        size[::-1],
        Image.Transform.AFFINE,
        tuple(inverse[:2].ravel()),
        resample=Image.Resampling.BILINEAR,
    )
    out = np.asarray(moved)
    return out[..., None] if gray else out
