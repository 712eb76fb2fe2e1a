"""The figure of a shift: the metric by severity, a panel a group and a line a corruption."""

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from recipes.report.theme import FIRST, INK, MUTED, SECOND, THIRD, plain, style, to_png
from zoo.metrics.base import Metric
from zoo.transforms.corruptions import SEVERITIES

_LINES = ((FIRST, "o"), (SECOND, "s"), (THIRD, "^"), (INK, "D"))
_WIDTH, _HEIGHT = 3.1, 3.0  # inches, of a panel
_ACROSS = 3  # panels beside one another


def shift_png(shift: Mapping[str, Any], metric: Metric, *, name: str) -> bytes:
    """Return the figure as PNG.

    Args:
        shift: of `recipes.shift.measure.shifted`.
        metric: its first.
        name: of the model, for the title.
    """
    groups: dict[str, list[str]] = {}
    for corruption, found in shift["corruptions"].items():
        groups.setdefault(found["group"], []).append(corruption)
    with style():
        rows = -(-len(groups) // _ACROSS)
        size = (_WIDTH * min(max(len(groups), 2), _ACROSS), _HEIGHT * rows)
        figure = Figure(figsize=size, layout="constrained")
        across = min(len(groups), _ACROSS)
        panels = figure.subplots(rows, across, sharey=True, squeeze=False)
        for axes, (group, names) in zip(panels.flat, groups.items(), strict=False):
            _panel(axes, shift, metric, group, names)
        for axes in panels.flat[len(groups) :]:
            axes.set_axis_off()
        for axes in panels[:, 0]:
            axes.set_ylabel(metric.label)
            if metric.in_percent:
                axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        figure.suptitle(f"{name}: {shift['examples']:,} corrupted test examples", fontsize=10)
        return to_png(figure)


def _panel(
    axes: Axes, shift: Mapping[str, Any], metric: Metric, group: str, names: list[str]
) -> None:
    plain(axes)
    axes.set_title(group)
    clean = shift["clean"][metric.name]["value"]
    axes.axhline(clean, color=MUTED, linestyle=":", linewidth=1)
    for name, (colour, marker) in zip(names, _LINES, strict=False):
        cells = [cell[metric.name] for cell in shift["corruptions"][name]["severities"]]
        values = [clean, *(cell["value"] for cell in cells)]
        axes.plot((0, *SEVERITIES), values, color=colour, marker=marker, ms=4, label=name)
        if all(cell["low"] is not None for cell in cells):
            low, high = ([cell[end] for cell in cells] for end in ("low", "high"))
            axes.fill_between(SEVERITIES, low, high, color=colour, alpha=0.12, linewidth=0)
    axes.set_xticks((0, *SEVERITIES), ("clean", *map(str, SEVERITIES)))
    axes.set_xlabel("severity")
    if metric.in_percent:
        axes.set_ylim(0, 1.02)
    axes.legend(fontsize=7)
