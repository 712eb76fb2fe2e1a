"""What a report shows of segmentation: a table of classes, and pictures with masks over them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from recipes.report.matrix import share_matrix
from recipes.report.theme import FIRST, INK, plain, short
from zoo.columns import Mask
from zoo.columns.assets import Assets
from zoo.columns.image import fit_image
from zoo.metrics.segmentation import ESTIMATORS, confusion_of, contour

TINT = 0.45  # of a mask's colour over a picture
BACKGROUND = ("background", "void", "unlabelled", "unlabeled")  # names of what is not tinted
MOST_CLASSES = 20  # in the picture of confusions
BINS = 20
SMALLEST = 0.005  # share with a number


@dataclass(frozen=True)
class MaskRow:
    """One class on the test split; shares in [0, 1], NaN where nothing is divided by nothing."""

    name: str
    share: float
    iou: float
    precision: float
    recall: float


@dataclass(frozen=True)
class Masks:
    """The test answers of a segmentation.

    Attributes:
        classes: K names.
        truth: class of each pixel, integers (N, H, W); negative where it does not count.
        answer: the same of the predictions.
    """

    classes: tuple[str, ...]
    truth: np.ndarray
    answer: np.ndarray

    @cached_property
    def confusions(self) -> np.ndarray:
        """Pixels of each picture by true and predicted class, (N, K, K)."""
        size = len(self.classes)
        pairs = zip(self.answer, self.truth, strict=True)
        return np.array([confusion_of(a, t, num_classes=size) for a, t in pairs])

    @property
    def confusion(self) -> np.ndarray:
        """Pixels by true and predicted class, (K, K)."""
        return self.confusions.sum(axis=0)

    def rows(self) -> list[MaskRow]:
        """Return the scores of every class, in the order of classes."""
        square = self.confusion.astype("float64")
        right, true, given = np.diag(square), square.sum(axis=1), square.sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            iou, precision, recall = right / (true + given - right), right / given, right / true
        shares = true / max(square.sum(), 1)
        columns = zip(self.classes, shares, iou, precision, recall, strict=True)
        return [MaskRow(name, *map(float, numbers)) for name, *numbers in columns]

    @cached_property
    def scores(self) -> np.ndarray:
        """The mean intersection over union of each picture, (N,)."""
        miou = ESTIMATORS["miou"]
        return np.array([miou({"confusion": one[None]}) for one in self.confusions])

    def worst(self, *, count: int) -> list[int]:
        """Return the pictures with the lowest mean intersection over union, the worst first."""
        return [int(index) for index in np.argsort(self.scores, kind="stable")[:count]]


def masks_of(assets: Assets, predictions: Any, truths: Mapping[str, np.ndarray]) -> Masks | None:
    """Return the answers where the target is a mask of one size; None for other tasks."""
    found = [name for name, column in assets.y.items() if isinstance(column, Mask)]
    if len(found) != 1 or not isinstance(predictions, np.ndarray):
        return None
    (name,) = found
    return Masks(assets.y[name].classes, np.asarray(truths[name]), predictions)


def beside(masks: Masks, image: np.ndarray, index: int) -> list[np.ndarray]:
    """Return a picture at the masks' size, with the truth over it, and with the answer over it."""
    pixels = fit_image(image, (*masks.truth.shape[1:], image.shape[-1]))
    return [
        pixels,
        *(over_image(pixels, mask[index], masks.classes) for mask in (masks.truth, masks.answer)),
    ]


def colours(classes: Sequence[str]) -> np.ndarray:
    """Return a colour for each class, uint8 (K, 3); black for the background."""
    drawn = colormaps["tab20"].colors
    # Every second colour of the map is a pale one of the one before.
    order = [*range(0, len(drawn), 2), *range(1, len(drawn), 2)]
    found = np.array([drawn[order[k % len(order)]] for k in range(len(classes))])
    found[[name.lower() in BACKGROUND for name in classes]] = 0
    return np.round(255 * found).astype("uint8")


def over_image(image: np.ndarray, mask: np.ndarray, classes: Sequence[str]) -> np.ndarray:
    """Return a picture with a mask over it, tinted, with contours; uint8 (H, W, 3).

    Args:
        image: uint8 (H, W, 1) or (H, W, 3).
        mask: class of each pixel, (H, W); negative ones and the background stay as they are.
        classes: names.
    """
    pixels = np.broadcast_to(image, (*image.shape[:2], 3)).astype("float64")
    palette = colours(classes).astype("float64")
    out = pixels.copy()
    for label, name in enumerate(classes):
        inside = mask == label
        if name.lower() in BACKGROUND or not inside.any():
            continue
        out[inside] = (1 - TINT) * pixels[inside] + TINT * palette[label]
        out[contour(inside)] = palette[label]
    return np.round(out).astype("uint8")


def confused_pixels(axes: Axes, masks: Masks) -> None:
    """Where the pixels of each class go: shares of its row, without those that are right."""
    order = np.argsort(-masks.confusion.sum(axis=1), kind="stable")[:MOST_CLASSES]
    square = masks.confusion[np.ix_(order, order)].astype("float64")
    shares = square / np.maximum(masks.confusion[order].sum(axis=1, keepdims=True), 1)
    names = [short(masks.classes[k], 12) for k in order]
    np.fill_diagonal(shares, 0)
    words = {"down": "pixels of", "across": "is taken for, % of the row's pixels"}
    share_matrix(axes, shares, names, title="Wrong pixels", least=SMALLEST, **words)


def scores_of_pictures(axes: Axes, masks: Masks) -> None:
    """How many pictures reach which mean intersection over union."""
    plain(axes)
    axes.hist(masks.scores, bins=np.linspace(0, 1, BINS + 1), color=FIRST, alpha=0.8)
    axes.axvline(float(np.median(masks.scores)), color=INK, linestyle=":", linewidth=1)
    axes.set(xlim=(0, 1), xlabel="mean IoU of a picture; dotted: the median", ylabel="pictures")
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_title("Pictures by score")
