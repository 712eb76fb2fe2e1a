"""What corruptions of images are made of: kernels below a pixel, clouds, smooth displacements.

Axes: H rows, W columns, C channels. Images are float64 in [0, 1].
"""

import functools

import numpy as np
from scipy import ndimage, signal

_POINTS = 256  # across a disk


@functools.lru_cache(maxsize=32)  # one for each severity and size
def disk_kernel(radius: float) -> np.ndarray:
    """Return the kernel of a lens out of focus, (2 K + 1, 2 K + 1), with sum 1.

    Its points are shared among the four pixels around each, so that a radius below a pixel blurs, too.

    Args:
        radius: in pixels, above 0.

    >>> disk_kernel(0.1).shape
    (3, 3)
    """
    line = (np.arange(_POINTS) + 0.5) / _POINTS * 2 - 1
    x, y = np.meshgrid(line, line)
    inside = x**2 + y**2 <= 1
    return _splatted(x[inside] * radius, y[inside] * radius, np.ones(inside.sum()))


def line_kernel(length: float, sigma: float, angle: float) -> np.ndarray:
    """Return the kernel of a movement: a half Gaussian along a line, with sum 1.

    Args:
        length: of the line, in pixels.
        sigma: of the Gaussian, in pixels.
        angle: in radians.
    """
    along = np.linspace(0, length, 129)
    weights = np.exp(-0.5 * (along / sigma) ** 2)
    return _splatted(along * np.cos(angle), along * np.sin(angle), weights)


def _splatted(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return a kernel of weighted points (N,), bilinear: (2 K + 1, 2 K + 1)."""
    reach = int(np.ceil(max(np.abs(x).max(), np.abs(y).max()))) or 1
    kernel = np.zeros((2 * reach + 2, 2 * reach + 2))
    column, row = np.floor(x).astype(int), np.floor(y).astype(int)
    right, down = x - column, y - row
    for step_y, share_y in ((0, 1 - down), (1, down)):
        for step_x, share_x in ((0, 1 - right), (1, right)):
            at = (row + reach + step_y, column + reach + step_x)
            np.add.at(kernel, at, weights * share_y * share_x)
    found = kernel[:-1, :-1] / kernel.sum()
    found.setflags(write=False)  # it may be kept and shared
    return found


def filtered(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Return an image (H, W, C) under a kernel of odd sides; the border is mirrored."""
    reach = kernel.shape[0] // 2
    padded = np.pad(image, [(reach, reach), (reach, reach), (0, 0)], mode="symmetric")
    if kernel.shape[0] <= 5:
        return ndimage.convolve(padded, kernel[..., None])[reach:-reach, reach:-reach]
    return signal.oaconvolve(padded, kernel[..., None], mode="valid", axes=(0, 1))


def cloud(shape: tuple[int, int], decay: float, generator: np.random.Generator) -> np.ndarray:
    """Return a fractal cloud in [0, 1], (H, W), by the diamond-square algorithm.

    Args:
        shape: (H, W).
        decay: by which each finer level is weaker; 1 is rough, 3 smooth.
        generator: of the draws.

    >>> cloud((5, 7), 2.0, np.random.default_rng(0)).shape
    (5, 7)
    """
    side = 1 << int(np.ceil(np.log2(max(*shape, 2))))
    heights, step, spread = np.zeros((side, side)), side, 1.0
    while step > 1:
        half = step // 2
        corners = heights[::step, ::step]
        below, right = np.roll(corners, -1, 0), np.roll(corners, -1, 1)
        middle = (corners + below + right + np.roll(below, -1, 1)) / 4
        middle = middle + generator.uniform(-spread, spread, middle.shape)
        heights[half::step, half::step] = middle
        above, left = np.roll(middle, 1, 0), np.roll(middle, 1, 1)
        top = (corners + right + middle + above) / 4
        side_ = (corners + below + middle + left) / 4
        heights[::step, half::step] = top + generator.uniform(-spread, spread, top.shape)
        heights[half::step, ::step] = side_ + generator.uniform(-spread, spread, side_.shape)
        step, spread = half, spread / decay
    found = heights[: shape[0], : shape[1]]
    found = found - found.min()
    return found / max(found.max(), 1e-12)


def smooth_field(
    shape: tuple[int, int], sigma: float, generator: np.random.Generator
) -> np.ndarray:
    """Return displacements of standard deviation 1 that vary smoothly, (2, H, W).

    Args:
        shape: (H, W).
        sigma: of the Gaussian that smooths them, in pixels.
        generator: of the draws.
    """
    noise = generator.uniform(-1, 1, (2, *shape))
    found = ndimage.gaussian_filter(noise, (0, sigma, sigma), mode="reflect")
    return found / max(found.std(), 1e-12)


def displaced(image: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Return an image (H, W, C) whose pixels are read `by` (2, H, W) rows and columns away."""
    places = np.indices(image.shape[:2]) + by
    return np.stack(
        [
            ndimage.map_coordinates(image[..., channel], places, order=1, mode="nearest")
            for channel in range(image.shape[2])
        ],
        axis=-1,
    )


def mapped(image: np.ndarray, matrix: np.ndarray, offset: np.ndarray | None = None) -> np.ndarray:
    """Return an image under a linear map about its middle, bilinear; the border is repeated.

    Args:
        image: (H, W, C).
        matrix: (2, 2), from a place (row, column) of the result to one of the image.
        offset: (2,) pixels that the image moves by; None for none.
    """
    middle = (np.array(image.shape[:2]) - 1) / 2
    moved = middle - matrix @ (middle + (0 if offset is None else offset))
    return np.stack(
        [
            ndimage.affine_transform(image[..., k], matrix, moved, order=1, mode="nearest")
            for k in range(image.shape[2])
        ],
        axis=-1,
    )
