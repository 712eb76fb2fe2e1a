"""The figure of two data sets: how what changed is distributed in both."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from recipes.drift.compare import Pooled
from recipes.report.theme import FIRST, SECOND, note, plain, short, style, to_png

MOST_PANELS, ACROSS = 9, 3
MOST_CATEGORIES = 10
BINS = 30
_TAIL = 0.005  # of both sets on either side, beyond which nothing is drawn


def difference_png(found: Mapping[str, Any], columns: Mapping[str, Pooled]) -> bytes:
    """Return the figure as PNG: measures and categories, those that changed most first.

    Args:
        found, columns: of `recipes.drift.compare.compared`.
    """
    names = tuple(short(found[side]["name"]) for side in ("first", "second"))
    panels = _panels(found, columns)[:MOST_PANELS]
    rows = max(1, -(-len(panels) // ACROSS))
    with style():
        figure = Figure(figsize=(3.1 * ACROSS, 2.5 * rows + 0.4), layout="constrained")
        axes = figure.subplots(rows, ACROSS, squeeze=False).ravel()
        for ax, (title, parts) in zip(axes, panels, strict=False):
            plain(ax)
            (_bars if parts[0].dtype.kind in "OU" else _histogram)(ax, parts, names)
            ax.set_title(title)
        for ax in axes[len(panels) :]:
            note(ax, "" if panels else "nothing to draw")
        if panels:
            axes[0].legend(fontsize=7)
        verdict = "they differ" if found["differ"] else "no difference found"
        figure.suptitle(f"{names[0]} and {names[1]}: {verdict}", fontsize=10)
        return to_png(figure)


def _panels(
    found: Mapping[str, Any], columns: Mapping[str, Pooled]
) -> list[tuple[str, tuple[np.ndarray, np.ndarray]]]:
    """Return a title and the values of both sets for each measure, the surest change first."""
    made = []
    for name, held in columns.items():
        told = found["columns"][name]
        sides = (~held.is_second, held.is_second)
        if not held.kind.measures:
            values = np.array([str(value) for value in held.values])
            made.append((told["p_holm"], name, tuple(values[side] for side in sides)))
        for i, measure in enumerate(held.kind.measures):
            parts = tuple(held.measured[side, i] for side in sides)
            p = told["measures"].get(measure.name, {}).get("p_holm", 1.0)
            unit = f" ({measure.unit})" if measure.unit not in ("", "%") else ""
            title = name if len(held.kind.measures) == 1 else f"{name}: {measure.name}{unit}"
            if np.ptp(held.measured[:, i]) > 0:
                made.append((p, title, parts))
    return [(title, parts) for _, title, parts in sorted(made, key=lambda one: one[0])]


def _histogram(ax: Axes, parts: tuple[np.ndarray, ...], names: tuple[str, ...]) -> None:
    ends = [np.quantile(part, (_TAIL, 1 - _TAIL)) for part in parts]
    low, high = min(e[0] for e in ends), max(e[1] for e in ends)
    edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
    for part, name, colour in zip(parts, names, (FIRST, SECOND), strict=True):
        shares = np.full(len(part), 1 / len(part))
        clipped = np.clip(part, edges[0], edges[-1])
        ax.hist(clipped, edges, weights=shares, color=colour, alpha=0.6, label=name)
    ax.set_yticks([])


def _bars(ax: Axes, parts: tuple[np.ndarray, ...], names: tuple[str, ...]) -> None:
    values, counts = np.unique(np.concatenate(parts), return_counts=True)
    frequent = values[np.argsort(-counts, kind="stable")[:MOST_CATEGORIES]]
    places = np.arange(len(frequent))
    for part, name, colour, move in zip(parts, names, (FIRST, SECOND), (-0.2, 0.2), strict=True):
        shares = [float(np.mean(part == value)) for value in frequent]
        ax.bar(places + move, shares, width=0.4, color=colour, alpha=0.6, label=name)
    shown = [short(value, 8) for value in frequent]
    ax.set_xticks(places, shown, rotation=45 if len(shown) > 4 else 0, fontsize=7)
    ax.set_yticks([])
