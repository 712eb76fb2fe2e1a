"""What a report shows where classes are rare: precision against recall, weights, a threshold."""

from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from recipes.report import numbers, wording
from recipes.report.data import ReportInput
from recipes.report.theme import FIRST, MUTED, SECOND, THIRD, note, plain, short
from zoo.metrics.base import Metric
from zoo.metrics.multilabel import average_precision

FEW = 10  # classes up to which each has a curve; of more, the rarest
UNEVEN = 3  # times that the largest class of train is the smallest, from which curves are drawn
MOST_POINTS = 400  # of a curve; more cannot be told apart
_DASHES = ("-", "--", ":", "-.")


def drawn(data: ReportInput) -> bool:
    """Whether precision and recall are drawn: classes are few, or some are rare in train."""
    counts = [count for count in _train_counts(data) if count]
    uneven = bool(counts) and max(counts) >= UNEVEN * min(counts)
    return bool(data.classes) and (len(data.classes) <= FEW or uneven)


def panels_of(data: ReportInput) -> list[Callable[[Axes, ReportInput], None]]:
    """Return the panels: curves of classes, and of the threshold where one was chosen."""
    return [precision_recall, *([threshold] if data.threshold else [])]


def precision_recall(axes: Axes, data: ReportInput) -> None:
    """Precision over recall of each class against all others, with its average precision."""
    axes.set_title("Precision and recall, one class against the rest")
    values, labels = numbers.probabilities(data), np.asarray(data.labels)
    counts = _train_counts(data) or np.bincount(labels, minlength=len(data.classes)).tolist()
    rarest = np.argsort(counts, kind="stable")[:FEW]
    shown = [k for k in np.sort(rarest) if (labels == k).any()]
    if not shown:
        note(axes, "no test examples")
        return
    plain(axes, grid="both")
    ones = np.ones((1, len(labels)))
    for place, k in enumerate(shown):
        truth = (labels == k).astype("float64")
        recall, precision, _ = curve(values[:, k], truth)
        mean = float(average_precision(values[:, k], truth, ones)[0])
        colour = (FIRST, SECOND, THIRD)[place % 3]
        dash = _DASHES[place // 3 % len(_DASHES)]
        label = f"{short(data.classes[k])} ({100 * mean:.1f} %)"
        axes.step(recall, precision, dash, where="pre", color=colour, linewidth=1.4, label=label)
    axes.set(xlim=(0, 1.02), ylim=(0, 1.05), xlabel="recall", ylabel="precision")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.legend(fontsize=7, loc="lower left", title="average precision", title_fontsize=7)


def threshold(axes: Axes, data: ReportInput) -> None:
    """Precision, recall and F1 of the positive class over the threshold, on the test examples."""
    chosen = data.threshold or {}
    axes.set_title(f"{short(chosen['positive'])}: what each threshold gives")
    positive = data.classes.index(chosen["positive"])
    truth = (np.asarray(data.labels) == positive).astype("float64")
    if not truth.any():
        note(axes, "no test examples of the class")
        return
    recall, precision, at = curve(numbers.probabilities(data)[:, positive], truth)
    both = np.maximum(precision + recall, 1e-12)
    plain(axes)
    axes.plot(at, precision, "-", color=FIRST, label="precision")
    axes.plot(at, recall, "--", color=SECOND, label="recall")
    axes.plot(at, 2 * precision * recall / both, ":", color=THIRD, label="F1")
    value = chosen["value"]
    axes.axvline(value, color=MUTED, linewidth=1, label=f"chosen on validation: {value:.3f}")
    axes.set(xlim=(0, 1), ylim=(0, 1.05), xlabel="threshold", ylabel="on test")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.legend(fontsize=7, loc="lower center")


def curve(scores: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return recall, precision and threshold at each distinct score, the highest first.

    Args:
        scores: of the class, (N,).
        truth: 1 for its examples, 0 for others, (N,); not all 0.
    """
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))  # of equal scores
    hits = np.cumsum(truth[order])[ends]
    if len(ends) > MOST_POINTS:
        kept = np.unique(np.linspace(0, len(ends) - 1, MOST_POINTS).astype(int))
        ends, hits = ends[kept], hits[kept]
    return hits / truth.sum(), hits / (ends + 1), scores[order][ends]


def told(data: ReportInput) -> list[str]:
    """Return sentences on the weights of classes in training and on the threshold."""
    lines = []
    weights = data.metrics.get("class_weights") or {}
    if weights:
        order = sorted(weights, key=lambda name: -weights[name])
        listed = ", ".join(f"{name} {weights[name]:.3g}" for name in order[:FEW])
        more = f" and {len(order) - FEW} with less" if len(order) > FEW else ""
        lines.append(f"Weights of classes in the training loss: {listed}{more}.")
    return lines + ([_of_threshold(data)] if data.threshold else [])


def _of_threshold(data: ReportInput) -> str:
    """Say what the threshold is for, and whether validation and test reach it."""
    chosen, share = data.threshold or {}, Metric("share", digits=1).text
    where = f"{chosen['examples']:,} validation examples, {chosen['positives']:,} of them positive"
    goal, value = f"{chosen['goal']} of {chosen['positive']}", f"{chosen['value']:.4g}"
    if not chosen["met"]:
        return (
            f"The goal, {goal}, could not be met on {where}: {chosen['why']}. The threshold is "
            f"{value}."
        )
    row = next(row for row in numbers.class_rows(data) if row.name == chosen["positive"])
    doubt = f" It is uncertain: {chosen['why']}." if chosen["why"] else ""
    return (
        f"The answer is {chosen['positive']} from a probability of {value} on, chosen for {goal} on "
        f"{where}: recall {share(chosen['recall'])} and precision {share(chosen['precision'])} there, "
        f"{wording.percent(row.recall)} and {wording.percent(row.precision)} on test.{doubt}"
    )


def _train_counts(data: ReportInput) -> list[int]:
    """Return how many examples of each class train has; empty where that is not known."""
    counts = list((data.dataset.get("counts") or {}).get("train") or [])
    return counts if len(counts) == len(data.classes) else []
