"""Metrics of semantic segmentation; axes N examples, H (height), W (width), K classes.

A pixel whose true class is negative counts nowhere: it is void, or lies beyond the image.
"""

from collections.abc import Iterable
from typing import final

import numpy as np

from zoo.metrics.estimators import Estimator, Ratio, Statistics

BACKGROUND = 0  # the class that foreground is set against
BOUNDARY_SHARE = 0.0075  # of the diagonal: how far a contour may lie off (Csurka et al., BMVC 2013)


def segmentation_statistics(
    predictions: Iterable[np.ndarray], truths: Iterable[np.ndarray], *, num_classes: int
) -> dict[str, np.ndarray]:
    """Return the statistics of the metrics below.

    Args:
        predictions: class of each pixel, integers (H, W) each.
        truths: the same; negative where a pixel does not count.
        num_classes: K.

    Returns:
        "confusion", int64 (N, K, K), pixels by true and predicted class; "right" and "pixels", (N,);
        "foreground_iou", (N,), of all classes but the first against the first, 1 where neither has
        any; "boundary", (N, K, 4), of `boundary_counts`.
    """
    rows: dict[str, list] = {"confusion": [], "foreground_iou": [], "boundary": []}
    for predicted, truth in zip(predictions, truths, strict=True):
        predicted, truth = np.asarray(predicted), np.asarray(truth)
        square = confusion_of(predicted, truth, num_classes=num_classes)
        rows["confusion"].append(square)
        both = square[1:, 1:].sum()
        either = square.sum() - square[BACKGROUND, BACKGROUND]
        rows["foreground_iou"].append(both / either if either else 1.0)
        rows["boundary"].append(boundary_counts(predicted, truth, num_classes=num_classes))
    confusion = np.array(rows["confusion"], "int64").reshape(-1, num_classes, num_classes)
    return {
        "confusion": confusion,
        "right": np.trace(confusion, axis1=1, axis2=2),
        "pixels": confusion.sum(axis=(1, 2)),
        "foreground_iou": np.array(rows["foreground_iou"], "float64"),
        "boundary": np.array(rows["boundary"], "float64").reshape(-1, num_classes, 4),
    }


def confusion_of(predicted: np.ndarray, truth: np.ndarray, *, num_classes: int) -> np.ndarray:
    """Return the pixels of one image by true and predicted class, int64 (K, K).

    >>> confusion_of(np.array([[0, 1]]), np.array([[1, -1]]), num_classes=2).tolist()
    [[0, 0], [1, 0]]
    """
    counts = truth >= 0
    pairs = truth[counts].astype("int64") * num_classes + predicted[counts]
    return np.bincount(pairs, minlength=num_classes**2).reshape(num_classes, num_classes)


def boundary_counts(predicted: np.ndarray, truth: np.ndarray, *, num_classes: int) -> np.ndarray:
    """Return how much of the contours of one image agree, (K, 4), by class.

    A pixel of a class is on its contour if one of its four neighbours is of another class; the border
    of the image is none. It is right if a contour of the other mask lies within 0.75 % of the
    diagonal, at least one pixel.

    Returns:
        Right and all pixels of predicted contours, right and all pixels of true contours.
    """
    from scipy.ndimage import distance_transform_edt

    counts = truth >= 0
    reach = max(1.0, BOUNDARY_SHARE * float(np.hypot(*truth.shape)))
    found = np.zeros((num_classes, 4))
    for label in range(num_classes):
        own = [contour((mask == label) & counts) for mask in (predicted, truth)]
        if not own[0].any() and not own[1].any():
            continue
        for place, (line, other) in enumerate((own, own[::-1])):
            near = distance_transform_edt(~other) <= reach if other.any() else np.zeros_like(line)
            found[label, 2 * place : 2 * place + 2] = (line & near).sum(), line.sum()
    return found


def contour(mask: np.ndarray) -> np.ndarray:
    """Return the pixels of a mask, bool (H, W), with a neighbour in the image that is not in it.

    >>> contour(np.array([[True, True, False]])).tolist()
    [[False, True, False]]
    """
    padded = np.pad(mask, 1, mode="edge")
    inside = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return mask & ~inside


@final
class OverClasses(Estimator):
    """The mean over classes of a score of their pixels in all examples together.

    Classes that are neither in truths nor in predictions do not count. The intersection over union is
    TP / (TP + FP + FN) ("mIoU"), Dice 2 TP / (2 TP + FP + FN).

    Args:
        dice: Dice, or else the intersection over union.
    """

    def __init__(self, *, dice: bool):
        self.dice = dice

    def __call__(self, statistics: Statistics, weights: np.ndarray | None = None) -> np.ndarray:
        scores, occurs = self.by_class(statistics, weights)
        values = np.where(occurs, scores, 0).sum(axis=-1) / np.maximum(occurs.sum(axis=-1), 1)
        return values[0] if weights is None else values

    def by_class(
        self, statistics: Statistics, weights: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the score of each class, (R, K), and whether it occurs."""
        confusion = np.asarray(statistics["confusion"], "float64")
        rows = np.ones((1, len(confusion))) if weights is None else weights
        size = confusion.shape[-1]
        total = (rows @ confusion.reshape(len(confusion), -1)).reshape(-1, size, size)
        right = np.diagonal(total, axis1=1, axis2=2)  # (R, K)
        both = total.sum(axis=1) + total.sum(axis=2)  # predicted and true pixels
        union = both - right
        over, under = (2 * right, both) if self.dice else (right, union)
        return over / np.where(under > 0, under, 1), union > 0


@final
class BoundaryF(Estimator):
    """F1 of the pixels on contours, the mean over the classes that have any.

    Precision and recall are those of all examples together; `boundary_counts` says what is right.
    """

    def __call__(self, statistics: Statistics, weights: np.ndarray | None = None) -> np.ndarray:
        counts = np.asarray(statistics["boundary"], "float64")  # (N, K, 4)
        rows = np.ones((1, len(counts))) if weights is None else weights
        total = np.einsum("rn,nkc->rkc", rows, counts)
        precision, recall = (
            total[..., i] / np.where(total[..., i + 1] > 0, total[..., i + 1], 1) for i in (0, 2)
        )
        both = precision + recall
        scores = np.where(both > 0, 2 * precision * recall / np.where(both > 0, both, 1), 0)
        occurs = total[..., [1, 3]].sum(axis=-1) > 0
        values = np.where(occurs, scores, 0).sum(axis=-1) / np.maximum(occurs.sum(axis=-1), 1)
        return values[0] if weights is None else values


ESTIMATORS: dict[str, Estimator] = {
    "miou": OverClasses(dice=False),
    "pixel_accuracy": Ratio("right", "pixels"),
    "dice": OverClasses(dice=True),
    "foreground_iou": Ratio("foreground_iou"),
    "boundary_f": BoundaryF(),
}
