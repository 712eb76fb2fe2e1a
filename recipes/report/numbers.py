"""What follows from predictions and curves: confusion, calibration, mistakes, best epoch."""

import math
from dataclasses import dataclass

import numpy as np

from recipes.report.data import ReportInput
from zoo.metrics.base import Metric
from zoo.metrics.classification import CALIBRATION_BINS, CalibrationError, calibration_bins
from zoo.metrics.multilabel import average_precision


@dataclass(frozen=True)
class ClassRow:
    """How one class fares on the test split; shares in [0, 1], NaN where 0 is divided by 0."""

    name: str
    examples: int
    precision: float
    recall: float
    f1: float
    average_precision: float
    recall_span: str  # 95 % interval of the recall; empty where none is known


@dataclass(frozen=True)
class Pair:
    """Examples of `truth` that were taken for `guess`; `share` is of all examples of `truth`."""

    truth: str
    guess: str
    examples: int
    share: float


@dataclass(frozen=True)
class Mistake:
    """A wrong answer given with `confidence`."""

    index: int
    truth: str
    guess: str
    confidence: float


@dataclass(frozen=True)
class Calibration:
    """Bins of equal width over confidence, (15,) each; NaN in empty bins."""

    confidence: np.ndarray
    accuracy: np.ndarray
    share: np.ndarray  # of the examples
    error: float  # expected calibration error


def probabilities(data: ReportInput) -> np.ndarray:
    """(N, K), with 0 in place of what a diverged model puts out."""
    return np.nan_to_num(np.asarray(data.probabilities, dtype="float64"), nan=0.0)


def guesses(data: ReportInput) -> np.ndarray:
    """Return the answers, (N,): the most likely classes, unless a threshold decided."""
    return probabilities(data).argmax(axis=-1) if data.guesses is None else data.guesses


def confusion(data: ReportInput) -> np.ndarray:
    """Count examples by true class (row) and predicted class (column), (K, K)."""
    classes = len(data.classes)
    cells = np.asarray(data.labels, dtype="int64") * classes + guesses(data)
    return np.bincount(cells, minlength=classes**2).reshape(classes, classes)


def class_rows(data: ReportInput) -> list[ClassRow]:
    """Return precision, recall, F1 and average precision of every class, in the order of labels."""
    counts, values = confusion(data), probabilities(data)
    told, recall = data.metrics.get("recall_by_class", {}), Metric("recall", digits=1)
    ones, rows = np.ones((1, len(values))), []
    for i, name in enumerate(data.classes):
        right, truths, answers = int(counts[i, i]), int(counts[i].sum()), int(counts[:, i].sum())
        rows.append(
            ClassRow(
                name,
                truths,
                precision=_share(right, answers),
                recall=_share(right, truths),
                f1=_share(2 * right, truths + answers),
                average_precision=float(average_precision(values[:, i], data.labels == i, ones)[0]),
                recall_span=recall.span(told.get(name, {})),
            )
        )
    return rows


def confused_pairs(data: ReportInput, *, count: int) -> list[Pair]:
    """Return the pairs of classes that are most often confused, the most frequent first."""
    counts = confusion(data)
    wrong = counts - np.diag(np.diag(counts))
    order = np.argsort(-wrong, axis=None, kind="stable")[:count]
    pairs = []
    for truth, guess in zip(*np.unravel_index(order, wrong.shape), strict=True):
        if wrong[truth, guess]:
            number = int(wrong[truth, guess])
            share = _share(number, int(counts[truth].sum()))
            pairs.append(Pair(data.classes[truth], data.classes[guess], number, share))
    return pairs


def confidences(data: ReportInput) -> np.ndarray:
    """Return the probability of each answer, (N,)."""
    return probabilities(data)[np.arange(len(data.labels)), guesses(data)]


def mistakes(data: ReportInput, *, count: int) -> list[Mistake]:
    """Return the wrong answers that were given with most confidence, the most confident first."""
    answers, confidence = guesses(data), confidences(data)
    wrong = np.flatnonzero(answers != data.labels)
    order = wrong[np.argsort(-confidence[wrong], kind="stable")][:count]
    return [
        Mistake(
            int(i),
            data.classes[int(data.labels[i])],
            data.classes[int(answers[i])],
            float(confidence[i]),
        )
        for i in order
    ]


def error_count(data: ReportInput) -> int:
    """Number of test examples that were answered wrongly."""
    counts = confusion(data)
    return int(counts.sum() - np.trace(counts))


def calibration(data: ReportInput) -> Calibration:
    """Compare confidence with accuracy bin by bin (1706.04599, eq. 3)."""
    confidence, right = confidences(data), guesses(data) == data.labels
    bins = calibration_bins(confidence)
    counts = np.bincount(bins, minlength=CALIBRATION_BINS)
    sums = np.bincount(bins, weights=confidence, minlength=CALIBRATION_BINS)
    hits = np.bincount(bins, weights=right, minlength=CALIBRATION_BINS)
    error = CalibrationError()({"confidence": confidence, "right": right})
    with np.errstate(invalid="ignore"):
        return Calibration(sums / counts, hits / counts, counts / len(bins), float(error))


def column(data: ReportInput, name: str) -> np.ndarray:
    """One value per epoch; NaN where it is missing or no finite number."""
    values = [entry.get(name) for entry in data.history]
    return np.array(
        [v if v is not None and math.isfinite(v) else math.nan for v in values], dtype="float64"
    )


def epochs(data: ReportInput) -> np.ndarray:
    """The number of every epoch in the history."""
    return np.array([entry.get("epoch", i + 1) for i, entry in enumerate(data.history)])


def best_epoch(data: ReportInput) -> int | None:
    """Return the number of the epoch that validation prefers; None without validation."""
    metric = data.watched_metric
    for values in (metric.sign * column(data, f"val_{metric.name}"), -column(data, "val_loss")):
        if np.isfinite(values).any():
            return int(epochs(data)[np.nanargmax(values)])
    return None


def _share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan
