"""The figure of groups: the metric of each with its interval, a panel an attribute."""

from collections.abc import Iterable, Mapping
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from recipes.report.theme import FIRST, MUTED, SECOND, plain, style, to_png
from zoo.metrics.base import Metric, metric_named

MOST = 20  # groups of a panel, the worst
_WIDTH, _ROW, _MARGIN = 6.0, 0.26, 1.1  # inches


def groups_png(by: Mapping[str, Any], metrics: Iterable[Metric], *, name: str) -> bytes:
    """Return the figure as PNG.

    Args:
        by: of `recipes.groups.measure.by_group`.
        metrics: of the task.
        name: of the model, for the title.
    """
    rows = {attribute: _rows(found, metrics) for attribute, found in by.items()}
    heights = [_MARGIN + _ROW * len(each) for each in rows.values()]
    with style():
        figure = Figure(figsize=(_WIDTH, sum(heights) + 0.3), layout="constrained")
        panels = figure.subplots(len(by), 1, squeeze=False, height_ratios=heights)[:, 0]
        for axes, (attribute, found) in zip(panels, by.items(), strict=True):
            metric = metric_named(found["metric"], metrics)
            _panel(plain(axes), found, rows[attribute], metric)
            axes.set_title(f"by {attribute}")
        figure.suptitle(f"{name}: groups of the test examples", fontsize=10)
        return to_png(figure)


def _rows(found: Mapping[str, Any], metrics: Iterable[Metric]) -> list[Mapping[str, Any]]:
    metric = metric_named(found["metric"], metrics)
    valued = [row for row in found["groups"] if row["value"] is not None]
    worst = sorted(valued, key=lambda row: metric.sign * row["value"])[:MOST]
    return [row for row in valued if row in worst]


def _panel(axes: Any, found: Mapping[str, Any], rows: list[Mapping[str, Any]], metric: Metric):
    worst = found["worst"]["group"] if found["worst"] else None
    for place, row in enumerate(reversed(rows)):
        colour = SECOND if row["group"] == worst else FIRST
        if row["low"] is not None and row["high"] is not None:
            axes.plot((row["low"], row["high"]), (place, place), color=colour, linewidth=1.5)
        axes.plot(row["value"], place, "o", color=colour, ms=4)
    axes.axvline(found["value"], color=MUTED, linestyle=":", linewidth=1)
    names = [f"{row['group']}  ({row['examples']:,})" for row in reversed(rows)]
    axes.set_yticks(range(len(rows)), names, fontsize=7)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.set_xlabel(f"{metric.label} with 95 % intervals; dotted: all examples")
    if metric.in_percent:
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
