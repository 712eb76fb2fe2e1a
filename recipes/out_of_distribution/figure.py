"""The figure of other data: histograms of each score, for a model's own examples and the others."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from recipes.out_of_distribution.detection import AUROC
from recipes.report.theme import FIRST, SECOND, plain, short, style, to_png

LABELS = {
    "max_softmax": "probability of the answer",
    "energy": "negative energy",
    "mahalanobis": "- Mahalanobis distance²",
}
BINS = 40
_WIDTH, _HEIGHT = 3.1, 2.4  # inches, of a panel
_TAIL = 0.005  # of each set on either side, beyond which nothing is drawn


def scores_png(
    found: Mapping[str, Any], values: Mapping[str, Mapping[str, np.ndarray]], *, name: str
) -> bytes:
    """Return the figure as PNG.

    Args:
        found, values: of `recipes.out_of_distribution.measure.compared_with`.
        name: of the model, for the title.
    """
    sets, scores = list(found["sets"]), list(values[""])
    with style():
        figure = Figure(
            figsize=(_WIDTH * len(scores), _HEIGHT * len(sets) + 0.4), layout="constrained"
        )
        panels = figure.subplots(len(sets), len(scores), squeeze=False)
        for row, other in zip(panels, sets, strict=True):
            for axes, score in zip(row, scores, strict=True):
                plain(axes)
                parts = (values[""][score], values[other][score])
                ends = [np.quantile(part, (_TAIL, 1 - _TAIL)) for part in parts]
                low, high = min(e[0] for e in ends), max(e[1] for e in ends)
                edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
                for part, label, colour in zip(
                    parts, ("test split", short(other)), (FIRST, SECOND), strict=True
                ):
                    shares = np.full(len(part), 1 / len(part))
                    clipped = np.clip(part, edges[0], edges[-1])
                    axes.hist(clipped, edges, weights=shares, color=colour, alpha=0.6, label=label)
                value = found["sets"][other]["scores"][score][AUROC]["value"]
                axes.set_title(f"{score}: AUROC {value:.3f}")
                axes.set_xlabel(LABELS[score])
                axes.set_yticks([])
            row[0].set_ylabel("share of examples")
            row[0].legend(fontsize=7)
        figure.suptitle(f"{short(name, 60)}: own test examples and other data", fontsize=10)
        return to_png(figure)
