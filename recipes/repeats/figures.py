"""The figure of several runs: each metric as a strip, one dot per run."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from recipes.report.theme import FIRST, INK, SECOND, plain, style, to_svg
from zoo.metrics.base import Metric

_HEIGHT, _WIDTH = 1.5, 7.6  # inches, of a strip


def strips_svg(
    metrics: Sequence[Metric],
    runs: Sequence[Mapping[str, Any]],
    spread: Mapping[str, Mapping[str, Any]],
    together: Mapping[str, Mapping[str, Any]],
    *,
    word: str,
) -> str:
    """Return one `<svg>` element with a strip for each metric.

    Args:
        metrics: in their order.
        runs: with "metrics", name to value.
        spread: mean and interval of each metric.
        together: metrics of the runs together, name to {"value"}; may be empty.
        word: what they are called in the legend.
    """
    with style():
        figure = Figure(figsize=(_WIDTH, _HEIGHT * len(metrics)), layout="constrained")
        places = figure.subplots(len(metrics), 1, squeeze=False)[:, 0]
        for axes, metric in zip(places, metrics, strict=True):
            _strip(
                axes,
                metric,
                [run["metrics"][metric.name] for run in runs],
                spread[metric.name],
                together.get(metric.name),
                word=word,
            )
        handles, labels = places[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8)
        return to_svg(figure, name="strips")


def _strip(
    axes: Axes,
    metric: Metric,
    values: Sequence[float],
    spread: Mapping[str, Any],
    together: Mapping[str, Any] | None,
    *,
    word: str,
) -> None:
    plain(axes, grid="x")
    axes.set_title(metric.label)
    axes.axvspan(spread["low"], spread["high"], color=FIRST, alpha=0.15, label="95 % of the mean")
    axes.axvline(spread["mean"], color=FIRST, label="mean")
    axes.plot(values, [0] * len(values), "o", color=INK, alpha=0.6, markersize=6, label="a run")
    if together:
        axes.plot([together["value"]], [0.5], "D", color=SECOND, markersize=6, label=word)
    axes.set(ylim=(-1, 1), yticks=[])
    axes.margins(x=0.06)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=7))
    if metric.in_percent:
        axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
