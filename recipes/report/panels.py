"""What is drawn on one pair of axes: curves, calibration, confusion, gradients."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, PercentFormatter

from recipes.report import numbers
from recipes.report.data import ReportInput
from recipes.report.theme import FIRST, INK, MUTED, ON_FILL, SECOND, THIRD, note, plain, short
from zoo.metrics.classification import CALIBRATION_BINS

LEVEL_LETTERS = 2  # of class names that stand level below a column
MATRIX_CLASSES = 30  # more can't be read; the most confused pairs are shown instead
FEW_EPOCHS = 25  # up to here each epoch gets a dot


def loss(axes: Axes, data: ReportInput) -> None:
    """Training and validation loss over epochs."""
    _curves(axes, data, {"training": "loss", "validation": "val_loss"}, title="Loss")


def metric(axes: Axes, data: ReportInput) -> None:
    """The metric that chose the epoch, over epochs; the next one where that is the loss itself."""
    watched = data.watched_metric
    others = (each for each in data.measures if each.name != "loss")
    shown = watched if watched.name != "loss" else next(others, watched)
    series = {"training": shown.name, "validation": f"val_{shown.name}"}
    _curves(axes, data, series, title=shown.label)
    if shown.in_percent and axes.has_data():
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))


def learning_rate(axes: Axes, data: ReportInput) -> None:
    """The optimizer's learning rate at the end of each epoch."""
    series = {"learning rate": "learning_rate"}
    _curves(axes, data, series, title="Learning rate", colour=THIRD)
    if axes.has_data():
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _curves(
    axes: Axes, data: ReportInput, series: dict[str, str], *, title: str, colour: str = FIRST
) -> None:
    axes.set_title(title)
    drawn = 0
    x = numbers.epochs(data)
    styles = [(colour, "-", "o"), (SECOND, "--", "s")]
    for (name, column), (shade, dash, marker) in zip(series.items(), styles, strict=False):
        values = numbers.column(data, column)
        if np.isfinite(values).any():
            marker = marker if len(x) <= FEW_EPOCHS else ""
            axes.plot(x, values, dash, marker=marker, markersize=3.5, color=shade, label=name)
            drawn += 1
    if not drawn:
        note(axes, "not recorded")
        return
    plain(axes)
    best = numbers.best_epoch(data)
    if best is not None:
        axes.axvline(best, color=MUTED, linewidth=1, linestyle=":", label=f"best epoch ({best})")
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.margins(x=0.04 if len(x) > 1 else 0.5)
    axes.legend(loc="best", fontsize=8)


def reliability(axes: Axes, data: ReportInput) -> None:
    """Accuracy by confidence; a calibrated model lies on the diagonal."""
    found = numbers.calibration(data)
    left = np.arange(CALIBRATION_BINS) / CALIBRATION_BINS
    width = 1 / CALIBRATION_BINS
    filled = np.isfinite(found.accuracy)
    plain(axes)
    axes.plot([0, 1], [0, 1], "--", color=MUTED, linewidth=1, label="perfectly calibrated")
    axes.bar(
        left[filled],
        found.accuracy[filled],
        width * 0.92,
        align="edge",
        color=FIRST,
        alpha=0.85,
        label="accuracy",
    )
    axes.plot(
        found.confidence[filled],
        found.accuracy[filled],
        "o",
        color=SECOND,
        markersize=4,
        label="mean confidence of a bin",
    )
    axes.set_title(f"Reliability (ECE {100 * found.error:.2f} %)")
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="accuracy")
    _percent_axes(axes)
    axes.legend(loc="upper left", fontsize=8)


def confidences(axes: Axes, data: ReportInput) -> None:
    """How many answers were given with which confidence."""
    found = numbers.calibration(data)
    left = np.arange(CALIBRATION_BINS) / CALIBRATION_BINS
    plain(axes)
    axes.bar(left, found.share, 0.92 / CALIBRATION_BINS, align="edge", color=THIRD, alpha=0.85)
    axes.set_title("How sure the model was")
    axes.set(xlim=(0, 1), xlabel="confidence", ylabel="share of test examples")
    _percent_axes(axes)


def _percent_axes(axes: Axes) -> None:
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))


def confusion(axes: Axes, data: ReportInput) -> None:
    """Counts by true and predicted class; the shade is the root of the share of the true class."""
    counts = numbers.confusion(data)
    classes = len(data.classes)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    size = 9 if classes <= 12 else max(5, 9 - (classes - 12) / 5)
    for row, column in zip(*np.nonzero(counts), strict=True):
        alpha = float(shares[row, column]) ** 0.5  # so that rare confusions show at all
        shade = FIRST if row == column else SECOND
        cell = Rectangle((column - 0.5, row - 0.5), 1, 1, color=shade, alpha=alpha, linewidth=0)
        axes.add_patch(cell)
        text = {"color": ON_FILL if alpha > 0.6 else INK, "fontsize": size}
        axes.text(column, row, str(counts[row, column]), ha="center", va="center", **text)
    names = [short(name) for name in data.classes]
    if max(map(len, names)) > LEVEL_LETTERS:
        axes.set_xticks(range(classes), names, rotation=45, ha="right", rotation_mode="anchor")
    else:
        axes.set_xticks(range(classes), names)
    axes.set_yticks(range(classes), names)
    axes.set(xlim=(-0.5, classes - 0.5), ylim=(classes - 0.5, -0.5), aspect="equal")
    axes.set(xlabel="predicted", ylabel="true")
    axes.tick_params(length=0)
    axes.set_xticks(np.arange(classes + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(classes + 1) - 0.5, minor=True)
    axes.tick_params(which="minor", length=0)
    axes.grid(which="minor", linewidth=0.6)


def confused(axes: Axes, data: ReportInput) -> None:
    """The most confused pairs, for more classes than a matrix can show."""
    pairs = numbers.confused_pairs(data, count=20)
    if not pairs:
        note(axes, "No class was mistaken for another.")
        return
    plain(axes, grid="x")
    names = [f"{short(pair.truth)} → {short(pair.guess)}" for pair in pairs]
    axes.barh(names_at := np.arange(len(pairs)), [pair.examples for pair in pairs], color=SECOND)
    axes.set_yticks(names_at, names)
    axes.invert_yaxis()
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_title("Most confused: true → predicted")
    axes.set_xlabel("test examples")


def gradient_by_depth(axes: Axes, data: ReportInput) -> None:
    """Gradient norm of every kernel from the first to the last, early and late in training."""
    axes.set_title("Gradient norm by depth")
    values = _kernel_values(axes, data, "gradient_norm")
    if values is None:
        return
    plain(axes)
    chosen = {record["epoch"]: row for record, row in zip(data.records, values, strict=True)}
    ends = [min(chosen), max(chosen)] if len(chosen) > 1 else list(chosen)
    styles = [(THIRD, ":"), (FIRST, "-")][-len(ends) :]
    for epoch, (shade, dash) in zip(ends, styles, strict=True):
        x = np.arange(1, len(chosen[epoch]) + 1)
        label = f"epoch {epoch}"
        axes.plot(x, chosen[epoch], dash, marker="o", markersize=3, color=shade, label=label)
    log_axis(axes)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    axes.set_xlabel("kernel, from input to output")
    axes.legend(fontsize=8)


def gradient_by_epoch(axes: Axes, data: ReportInput) -> None:
    """Gradient norm of the first and the last kernel over epochs."""
    axes.set_title("Gradient norm, first and last layer")
    values = _kernel_values(axes, data, "gradient_norm")
    if values is None:
        return
    plain(axes)
    x = [record["epoch"] for record in data.records]
    dot = "o" if len(x) <= FEW_EPOCHS else ""
    rows = data.records[-1]["kernels"]
    first, last = (short(_layer(rows[i]["key"]), 24) for i in (0, -1))
    axes.plot(x, values[:, 0], "-", marker=dot, markersize=3, color=FIRST, label=first)
    if values.shape[1] > 1:
        axes.plot(x, values[:, -1], "--", marker=dot, markersize=3, color=SECOND, label=last)
    log_axis(axes)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.set_xlabel("epoch")
    axes.legend(fontsize=8)


def updates(axes: Axes, data: ReportInput) -> None:
    """Net change of the kernels in an epoch, relative to their norm."""
    axes.set_title("Weight change per epoch")
    values = _kernel_values(axes, data, "update_ratio")
    if values is None:
        return
    plain(axes)
    x = [record["epoch"] for record in data.records]
    values = np.ma.masked_invalid(values)
    axes.fill_between(x, values.min(axis=1), values.max(axis=1), color=FIRST, alpha=0.18, lw=0)
    middle = np.ma.median(values, axis=1)
    dot = "o" if len(x) <= FEW_EPOCHS else ""
    axes.plot(x, middle, "-", marker=dot, markersize=3, color=FIRST, label="median kernel")
    log_axis(axes)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.set_xlabel("epoch")
    axes.set_ylabel("net change / weight norm")
    axes.legend(fontsize=8)


def dead_units(axes: Axes, data: ReportInput) -> None:
    """Share of dead units of every ReLU layer after the last epoch."""
    axes.set_title("Dead units by ReLU layer")
    rows = data.records[-1]["activations"] if data.records else []
    shares = [row["dead_share"] or 0.0 for row in rows if "dead_share" in row]
    if not shares:
        note(axes, "no ReLU layer was measured")
        return
    plain(axes)
    axes.bar(np.arange(1, len(shares) + 1), shares, 0.8, color=SECOND)
    axes.axhline(0.5, color=MUTED, linewidth=1, linestyle=":")
    axes.set(ylim=(0, 1), xlim=(0.3, len(shares) + 0.7), xlabel="layer, from input to output")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))


def _kernel_values(axes: Axes, data: ReportInput, name: str) -> np.ndarray | None:
    """Return (epochs, kernels), NaN where it isn't positive; None, and a note, where nothing is."""
    rows = [[kernel[name] for kernel in record["kernels"]] for record in data.records]
    values = np.array(rows, dtype="float64")
    values = np.where(values > 0, values, np.nan)  # None is NaN by now
    if np.isfinite(values).any():
        return values
    note(axes, "no finite number" if values.size else "not measured")
    return None


def log_axis(axes: Axes) -> None:
    """Make the vertical axis logarithmic, with plain figures."""
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    marks = (1.0,) if high > 30 * low else (1.0, 2.0, 5.0)  # less than two powers of ten
    axes.yaxis.set_major_locator(LogLocator(subs=marks, numticks=6))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.minorticks_off()


def _layer(key: str) -> str:
    return key.removesuffix("/kernel").rpartition("/")[2]
