"""What a report shows of several labels at once: a table of classes, and which occur together."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from recipes.report.matrix import share_matrix
from recipes.report.theme import FIRST, note, plain, short
from zoo.metrics.multilabel import average_precision

MOST_CLASSES = 20  # drawn, the most frequent ones
_LETTERED = 12  # up to here each cell has its number


@dataclass(frozen=True)
class LabelRow:
    """One class on the test split; shares in [0, 1], NaN where nothing is divided by nothing."""

    name: str
    examples: int
    precision: float
    recall: float
    f1: float
    average_precision: float
    threshold: float


@dataclass(frozen=True)
class LabelSets:
    """The test answers of a task of several labels.

    Attributes:
        classes: K names.
        truth: 0 or 1, (N, K).
        probability: (N, K).
        threshold: (K,).
    """

    classes: tuple[str, ...]
    truth: np.ndarray
    probability: np.ndarray
    threshold: np.ndarray

    @property
    def chosen(self) -> np.ndarray:
        """Which labels were given, bool (N, K)."""
        return self.probability >= self.threshold

    def rows(self) -> list[LabelRow]:
        """Return the scores of every class, in the order of classes."""
        truth, chosen, ones = self.truth > 0, self.chosen, np.ones((1, len(self.truth)))
        found = []
        for k, name in enumerate(self.classes):
            both, held = int((truth[:, k] & chosen[:, k]).sum()), int(truth[:, k].sum())
            given = int(chosen[:, k].sum())
            precision = average_precision(self.probability[:, k], self.truth[:, k], ones)
            found.append(
                LabelRow(
                    name,
                    held,
                    precision=both / given if given else np.nan,
                    recall=both / held if held else np.nan,
                    f1=2 * both / (held + given) if held + given else np.nan,
                    average_precision=float(precision[0]),
                    threshold=float(self.threshold[k]),
                )
            )
        return found

    def named(self, index: int) -> tuple[str, str]:
        """Return the labels of an example and those that it was given, as texts."""
        sets = (self.truth[index] > 0, self.chosen[index])
        names = (
            ", ".join(self.classes[k] for k in np.flatnonzero(one)) or "no label" for one in sets
        )
        return tuple(names)

    def worst(self, *, count: int) -> list[int]:
        """Return examples with wrong labels, those with most of them first."""
        wrong = (self.chosen != (self.truth > 0)).sum(axis=1)
        order = np.argsort(-wrong, kind="stable")
        return [int(i) for i in order[:count] if wrong[i]]


def together_in_truth(axes: Axes, sets: LabelSets) -> None:
    """How often examples of one class have another label."""
    _together(axes, sets, sets.truth > 0, title="Labels together: truth")


def together_in_answers(axes: Axes, sets: LabelSets) -> None:
    """How often answers with one label have another one."""
    _together(axes, sets, sets.chosen, title="Labels together: answers")


def _together(axes: Axes, sets: LabelSets, held: np.ndarray, *, title: str) -> None:
    """Draw the share of examples with the row's label that have the column's as well."""
    order = np.sort(np.argsort(-sets.truth.sum(axis=0), kind="stable")[:MOST_CLASSES])
    names = [short(sets.classes[k], 12) for k in order]
    found = held[:, order].astype("float64")
    counts = found.T @ found
    if not counts.any():
        note(axes, "no label was given")
        return
    shares = counts / np.maximum(np.diag(counts)[:, None], 1)
    np.fill_diagonal(shares, 0)
    words = {"down": "has the label", "across": "also has, % of the row"}
    lettered = 0.0 if len(order) <= _LETTERED else np.inf
    share_matrix(axes, shares, names, title=title, least=lettered, **words)


def precision_recall(axes: Axes, sets: LabelSets) -> None:
    """Precision and recall of each class at its threshold."""
    rows = [row for row in sets.rows() if row.examples]
    plain(axes, grid="both")
    axes.plot([r.recall for r in rows], [r.precision for r in rows], "o", color=FIRST, alpha=0.7)
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02), xlabel="recall", ylabel="precision")
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_title("Classes at their thresholds")
