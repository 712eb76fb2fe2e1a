"""The figures of a study: progress of the best value, and the metric against each field."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, PercentFormatter

from recipes.report.theme import FIRST, INK, MUTED, SECOND, note, plain, style, to_png, to_svg
from tuning.progress import short_names
from tuning.report.importance import Importance, categories, codes
from tuning.space import Field
from tuning.trials import Trial, best_trial
from zoo.files import write_bytes
from zoo.metrics.base import Metric

_LONGEST = 16  # characters of a choice on an axis
_FEW = 7  # values up to this number get a mark each


def save_figures(
    folder: Path,
    trials: Sequence[Trial],
    fields: Sequence[Field],
    *,
    metric: Metric,
    mode: str,
    found: Importance | None,
) -> None:
    """Write progress.png, slices.png and importance.png into a study's folder."""
    with style():
        figure = Figure(figsize=(7.2, 3.6), layout="constrained")
        progress(figure.subplots(), trials, metric=metric, mode=mode)
        write_bytes(folder / "progress.png", to_png(figure))
        columns = min(3, len(fields))
        rows = -(-len(fields) // columns)
        figure = Figure(figsize=(3.7 * columns, 2.9 * rows), layout="constrained")
        places = figure.subplots(rows, columns, squeeze=False).flat
        for axes, field in zip(places, fields, strict=False):
            slice_of(axes, field, trials, metric=metric, mode=mode)
        for axes in list(places)[len(fields) :]:
            axes.set_axis_off()
        write_bytes(folder / "slices.png", to_png(figure))
        figure = Figure(figsize=(7.2, 1.2 + 0.3 * len(fields)), layout="constrained")
        importances(figure.subplots(), found)
        write_bytes(folder / "importance.png", to_png(figure))


def svg(name: str, draw, *, width: float, height: float) -> str:
    """Draw on one pair of axes; return an `<svg>` element whose shape is given in inches."""
    with style():
        figure = Figure(figsize=(width, height), layout="constrained")
        draw(figure.subplots())
        return to_svg(figure, name=name)


def progress(axes: Axes, trials: Sequence[Trial], *, metric: Metric, mode: str) -> None:
    """Each trial's validation metric, and the best up to it."""
    axes.set_title(f"{metric.label} on validation, by trial")
    done = [trial for trial in trials if trial.completed]
    if not done:
        note(axes, "no trial produced a result")
        return
    plain(axes)
    low, high = _limits([trial.value for trial in done], mode=mode)
    best = [best_trial(done[: i + 1], mode=mode).value for i in range(len(done))]
    x = [trial.number for trial in done]
    axes.step(x, best, where="post", color=FIRST, label="best so far")
    _points(axes, np.array(x, dtype="float64"), done, low, high, mode=mode)
    failed = [trial.number for trial in trials if trial.status == "failed"]
    edge = low if mode == "max" else high
    axes.plot(failed, [edge] * len(failed), "x", color=MUTED, label="failed" if failed else None)
    axes.set(ylim=_padded(low, high), xlabel="trial")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=10))
    _format(axes, metric)
    axes.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=4)


def slice_of(
    axes: Axes, field: Field, trials: Sequence[Trial], *, metric: Metric, mode: str
) -> None:
    """The validation metric against one field's values."""
    axes.set_title(field.path.rpartition(".")[2])
    done = [trial for trial in trials if trial.completed]
    if not done:
        note(axes, "no trial produced a result")
        return
    plain(axes)
    low, high = _limits([trial.value for trial in done], mode=mode)
    x = codes(field, done)
    x = np.exp(x) if field.sampling == "log" and not field.choices else x
    _points(axes, x, done, low, high, mode=mode)
    axes.set_ylim(_padded(low, high))
    _format(axes, metric)
    if field.choices:
        names = categories(field, [trial.values[field.path] for trial in done])
        short = [name.strip('"')[:_LONGEST] or "off" for name in names]
        axes.set_xticks(range(len(names)), short)
        axes.set_xlim(-0.5, len(names) - 0.5)
    elif field.sampling == "log":
        axes.set_xscale("log")
        left, right = axes.get_xlim()
        marks = (1.0,) if right > 30 * left else (1.0, 2.0, 5.0)
        axes.xaxis.set_major_locator(LogLocator(subs=marks, numticks=6))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.minorticks_off()
    elif len(set(x)) <= _FEW:
        axes.xaxis.set_major_locator(FixedLocator(sorted(set(x))))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    else:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=field.whole))


def importances(axes: Axes, found: Importance | None) -> None:
    """Each field's share of what the forest explains, the greatest first."""
    axes.set_title("Importance")
    if found is None or not found.credible:
        note(axes, "These trials do not show which field matters.")
        return
    plain(axes, grid="x")
    rows = sorted(found.shares.items(), key=lambda item: item[1])
    axes.barh(short_names([path for path, _ in rows]), [share for _, share in rows], color=FIRST)
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_xlabel("share of the variance explained")


def _points(
    axes: Axes, x: np.ndarray, done: Sequence[Trial], low: float, high: float, *, mode: str
) -> None:
    """Draw the trials; the recipe as it is as a ring, the best filled, those beyond at the edge."""
    y = np.array([trial.value for trial in done])
    inside = (y >= low) & (y <= high)
    axes.plot(x[inside], y[inside], "o", color=FIRST, alpha=0.55, markersize=5)
    beyond = np.clip(y, low, high)
    axes.plot(x[~inside], beyond[~inside], "v" if mode == "max" else "^", color=MUTED, markersize=5)
    for i, trial in enumerate(done):
        if trial.number == 1:
            ring = {"markerfacecolor": "none", "markeredgecolor": INK}
            axes.plot(x[i], beyond[i], "o", markersize=9, label="the recipe as it is", **ring)
    best = best_trial(done, mode=mode)
    i = done.index(best)
    axes.plot(x[i], y[i], "D", color=SECOND, markersize=6, label=f"best (trial {best.number})")


def _limits(values: Sequence[float], *, mode: str) -> tuple[float, float]:
    """Return the trials to show, without the few bad ones that would squeeze all others."""
    low, middle_low, middle_high, high = np.percentile(values, [0, 25, 75, 100])
    reach = 1.5 * (middle_high - middle_low)
    if mode == "max":
        return float(max(low, middle_low - reach)), float(high)
    return float(low), float(min(high, middle_high + reach))


def _padded(low: float, high: float) -> tuple[float, float]:
    pad = 0.08 * (high - low) or 0.05 * abs(high) or 0.1
    return low - pad, high + pad


def _format(axes: Axes, metric: Metric) -> None:
    if metric.in_percent:
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
