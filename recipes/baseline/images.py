"""Simple models of images; axes N (images), H (height), W (width), C (channels).

Pixels, and histograms of oriented gradients (Dalal & Triggs, CVPR 2005) with a histogram of colours
where there are any; a logistic regression on each.
"""

from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer

from recipes.baseline.shallow import Shallow
from zoo.columns import Column
from zoo.data.dataset import Split

LARGEST_SIDE = 32  # pixels; larger images are made smaller
MOST_EXAMPLES = 10_000
MOST_FILES = 3_000  # of images that are decoded and resized one by one
STRENGTHS = (1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0)
ITERATIONS = 300
ORIENTATIONS = 9  # of gradients, over 180 degrees
COLOURS = 4  # bins per channel
AT_ONCE = 500  # images, whose gradients take memory


def values_of(split: Split, column: Column, name: str, places: Sequence[int]) -> np.ndarray:
    """Return images of one size, uint8 (N, H, W, C).

    Args:
        split: has them.
        column: their type in the data.
        name: of the column.
        places: positions of the examples.

    Raises:
        DataError: a file can no longer be read, or is not an image.
    """
    sized = column.sized(None if is_small(column) else LARGEST_SIDE)
    return np.stack([sized.encode(split[int(i)][name])[""] for i in places])


def is_small(column: Column) -> bool:
    """Tell whether all images have one size, which is small."""
    return None not in column.shape and max(column.shape[:2]) <= LARGEST_SIDE


def most_examples(split: Split, column: Column, name: str) -> int:
    """Return how many examples of train are read."""
    return MOST_EXAMPLES if is_small(column) else MOST_FILES


def models_for(values: np.ndarray) -> tuple[Shallow, ...]:
    """Return the simple models for images of this size."""
    named = (
        ("pixels", pixels),
        ("gradients" if values.shape[-1] == 1 else "gradients and colours", gradients),
    )
    return tuple(
        Shallow(
            f"logistic regression on {on}",
            on,
            transformer=lambda function=function: FunctionTransformer(function),
            classifier=lambda strength: LogisticRegression(C=strength, max_iter=ITERATIONS),
            strengths=STRENGTHS,
            features=function(values[:1]).shape[1],
        )
        for on, function in named
    )


def pixels(images: np.ndarray) -> np.ndarray:
    """Return all pixels of each image in [0, 1], float32 (N, H · W · C)."""
    return images.reshape(len(images), -1) / np.float32(255)


def gradients(images: np.ndarray) -> np.ndarray:
    """Return histograms of oriented gradients, and of the colours of RGB images, float32 (N, D).

    Cells of 4 x 4 pixels (2 x 2 where a side has less than 16) have a histogram of 9 orientations,
    in which each pixel counts by the length of its gradient, that of the channel with the longest.
    Blocks of 2 x 2 cells are brought to length 1, cut off at 0.2 and brought to length 1 again.

    >>> gradients(np.zeros((2, 8, 8, 1), "uint8")).shape
    (2, 324)
    """
    starts = range(0, len(images), AT_ONCE)
    return np.concatenate([_gradients(images[start : start + AT_ONCE]) for start in starts])


def _gradients(images: np.ndarray) -> np.ndarray:
    side = 4 if min(images.shape[1:3]) >= 16 else 2  # of a cell
    scaled = _padded(images, side) / np.float32(255)
    down, across = np.gradient(scaled, axis=(1, 2))
    lengths = np.hypot(down, across)  # (N, H, W, C)
    channel = lengths.argmax(axis=-1)[..., None]
    length, down, across = (
        np.take_along_axis(array, channel, axis=-1)[..., 0] for array in (lengths, down, across)
    )
    angle = np.arctan2(down, across) % np.pi * (ORIENTATIONS / np.pi)  # [0, 9]
    share = angle % 1  # of the next orientation
    below = np.floor(angle) % ORIENTATIONS
    histograms = []
    for k in range(ORIENTATIONS):
        part = (1 - share) * (below == k) + share * ((below + 1) % ORIENTATIONS == k)
        histograms.append(_by_cell(length * part, side))
    found = _blocks(np.stack(histograms, axis=-1)).reshape(len(images), -1)
    if images.shape[-1] == 3:
        found = np.concatenate([found, _colours(images)], axis=1)
    return found.astype("float32")


def _padded(images: np.ndarray, side: int) -> np.ndarray:
    """Repeat the last row and column until there are whole cells, two of them at least."""
    missing = [max(2 * side, -(-size // side) * side) - size for size in images.shape[1:3]]
    return np.pad(images, [(0, 0), *((0, more) for more in missing), (0, 0)], mode="edge")


def _by_cell(values: np.ndarray, side: int) -> np.ndarray:
    """Add up what lies in a cell: (N, H, W) to (N, rows, columns)."""
    count, height, width = values.shape
    return values.reshape(count, height // side, side, width // side, side).sum(axis=(2, 4))


def _blocks(cells: np.ndarray) -> np.ndarray:
    """Return blocks of 2 x 2 cells of length 1, (N, rows - 1, columns - 1, 36)."""
    corners = (cells[:, :-1, :-1], cells[:, :-1, 1:], cells[:, 1:, :-1], cells[:, 1:, 1:])
    blocks = np.concatenate(corners, axis=-1)
    return _of_length_one(np.minimum(_of_length_one(blocks), 0.2))


def _of_length_one(blocks: np.ndarray) -> np.ndarray:
    return blocks / np.sqrt((blocks**2).sum(axis=-1, keepdims=True) + 1e-6)


def _colours(images: np.ndarray) -> np.ndarray:
    """Return the share of pixels of each of 64 colours, square root, (N, 64)."""
    binned = images // (256 // COLOURS)
    code = (binned * np.array([COLOURS**2, COLOURS, 1], "int64")).sum(axis=-1)  # (N, H, W)
    code = code.reshape(len(images), -1)
    return np.sqrt(np.stack([np.mean(code == k, axis=1) for k in range(COLOURS**3)], axis=1))
