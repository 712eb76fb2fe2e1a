"""A square of shares between classes, as cells with numbers."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from recipes.report.theme import FIRST, INK, ON_FILL


def share_matrix(
    axes: Axes,
    shares: np.ndarray,
    names: Sequence[str],
    *,
    title: str,
    down: str,
    across: str,
    least: float,
) -> None:
    """Draw shares (K, K), darker where they are larger; those of 0 stay white.

    Args:
        axes: to draw on.
        shares: in [0, 1].
        names: of the classes, short.
        title: of the drawing.
        down, across: what rows and columns are.
        least: share from which a cell has its number, in %.
    """
    most = max(float(shares.max()), 1e-9)
    for row, column in np.ndindex(*shares.shape):
        if not shares[row, column]:
            continue
        alpha = (shares[row, column] / most) ** 0.5
        corner = (column - 0.5, row - 0.5)
        axes.add_patch(Rectangle(corner, 1, 1, color=FIRST, alpha=alpha, linewidth=0))
        if shares[row, column] >= least:
            ink = ON_FILL if alpha > 0.6 else INK
            value = f"{100 * shares[row, column]:.0f}"
            axes.text(column, row, value, ha="center", va="center", fontsize=7, color=ink)
    places = range(len(names))
    axes.set_xticks(places, names, rotation=45, ha="right", rotation_mode="anchor", fontsize=8)
    axes.set_yticks(places, names, fontsize=8)
    axes.set(xlim=(-0.5, len(names) - 0.5), ylim=(len(names) - 0.5, -0.5), aspect="equal")
    axes.set(xlabel=across, ylabel=down)
    axes.tick_params(length=0)
    axes.set_title(title)
