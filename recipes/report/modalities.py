"""What a report shows of a model of several inputs: what it owes to each, and what each tells alone."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from recipes.report import numbers
from recipes.report.data import ReportInput
from recipes.report.panels import log_axis
from recipes.report.theme import FIRST, MUTED, SECOND, note, plain

_HOW = {
    "absent": "taken away, as in training",
    "shuffled": "given the values of other examples",
}


def of_run(data: ReportInput) -> dict[str, Any]:
    """Return what a page shows; empty where the model has one input.

    Returns:
        "verdict", sentences; "inputs" and "subsets", rows of tables; "how", what stood for an input
        that is not in a subset.
    """
    found = data.metrics.get("modalities")
    if not found:
        return {}
    return {
        "verdict": verdict(found),
        "inputs": [_input_row(name, found) for name in found["inputs"]],
        "subsets": [
            (
                " + ".join(one["inputs"]),
                _percent(one["absent"]),
                _plain(one.get("ece", {}).get("absent")),
                _percent(one["shuffled"]),
            )
            for one in found["subsets"]
        ],
        "how": _HOW[found["by"]],
    }


def verdict(found: Mapping[str, Any]) -> list[str]:
    """Return in plain sentences what was measured.

    Args:
        found: of `recipes.modalities.measure.reliance`.
    """
    told = []
    if found.get("neglected"):
        told += [_neglect(name, found) for name in found["neglected"]]
    elif "neglected" in found:
        told.append("No input is neglected: the model owes to each about what it has to tell.")
    if "best_alone" in found:
        best = found["best_alone"]
        told.append(
            f"Beside {best} alone, the best single input, the model is "
            f"{_points(found['over_best_alone'])}; beside the average of single inputs "
            f"{_points(found['over_averaged'])}."
        )
    gap = found["interactions"]["gap"]
    if gap["low"] > 0:
        told.append(
            f"It uses how inputs go together: answers that only add up what each says are "
            f"{_points(gap, of='worse')} on {found['interactions']['examples']:,} examples."
        )
    else:
        told.append(
            "What it answers could be had by adding up what each input says: on "
            f"{found['interactions']['examples']:,} examples the best such answers are right as often."
        )
    return told


def shares(axes: Axes, found: Mapping[str, Any]) -> None:
    """What the model owes to each input: its Shapley share, with its interval."""
    names = list(found["inputs"])
    entries = [found["inputs"][name]["share"] for name in names]
    _bars(axes, names, entries, FIRST)
    axes.set_title("What the model owes to each input")


def alone(axes: Axes, found: Mapping[str, Any]) -> None:
    """Accuracy of each input alone, of their average and of the model."""
    whole = found["subsets"][-1]["shuffled"]
    rows = {**found["alone"], "average": found["averaged"], "all together": whole}
    _bars(axes, list(rows), list(rows.values()), SECOND)
    axes.set_title("Accuracy of each input alone")


def heads(axes: Axes, data: ReportInput) -> None:
    """Accuracy of each input's own head on validation by epoch: which is learned first."""
    axes.set_title("Accuracy of each input's own head")
    columns = {name: f"val_{name}_accuracy" for name in data.metrics["modalities"]["inputs"]}
    rows = {name: numbers.column(data, key) for name, key in columns.items()}
    _lines(axes, numbers.epochs(data), {**rows, "all": numbers.column(data, "val_accuracy")})
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))


def encoder_gradients(axes: Axes, data: ReportInput) -> None:
    """Gradient norm of each input's encoder by epoch: which one the loss still moves."""
    axes.set_title("Gradient norm of each encoder")
    names = data.metrics["modalities"]["inputs"]
    norms = {
        name: [_gradient_norm(record["kernels"], f"{name}_encoder/") for record in data.records]
        for name in names
    }
    _lines(axes, [record["epoch"] for record in data.records], norms)
    if axes.has_data():
        log_axis(axes)


def _gradient_norm(kernels: Sequence[Mapping[str, Any]], part: str) -> float:
    """Return the norm of the gradients of all kernels whose key has a part; NaN where none has."""
    own = [one["gradient_norm"] for one in kernels if part in one["key"]]
    known = [value for value in own if value is not None]
    return float(np.sqrt(np.sum(np.square(known)))) if known else np.nan


def _lines(axes: Axes, epochs: Sequence[int], rows: Mapping[str, Sequence[float]]) -> None:
    """Draw a line for each name that has a finite value."""
    for (name, values), dash in zip(rows.items(), itertools.cycle(("-", "--", "-.", ":"))):
        if np.isfinite(np.asarray(values, dtype="float64")).any():
            axes.plot(epochs, values, dash, label=name)
    if not axes.has_data():
        note(axes, "not measured")
        return
    plain(axes)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.legend(fontsize=8)


def _bars(axes: Axes, names: list[str], entries: list[Mapping[str, float]], colour: str) -> None:
    """Draw horizontal bars with intervals, the first on top."""
    plain(axes)
    rows = [[one[key] for key in ("value", "low", "high")] for one in entries]
    values, *ends = np.array(rows, dtype="float64").T  # None becomes NaN
    places = np.arange(len(names))[::-1]
    axes.barh(places, values, height=0.55, color=colour)
    axes.hlines(places, *ends, color=MUTED, linewidth=2)
    axes.set_yticks(places, names)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_xlim(left=min(0.0, np.nanmin([0.0, *ends[0]])))


def _input_row(name: str, found: Mapping[str, Any]) -> tuple[str, ...]:
    entries = found["inputs"][name]
    single, rest = found.get("alone", {}).get(name), found.get("averaged_shares", {}).get(name)
    averaged = "–" if rest is None else f"{100 * rest:.1f} %"
    return name, _percent(single), _percent(entries["share"]), averaged, _percent(entries["lost"])


def _percent(entry: Mapping[str, Any] | None) -> str:
    """Return a share with its interval."""
    if not entry or None in entry.values():
        return "–"
    return f"{100 * entry['value']:.1f} % ({100 * entry['low']:.1f} to {100 * entry['high']:.1f})"


def _plain(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _neglect(name: str, found: Mapping[str, Any]) -> str:
    entry, share = found["share_beyond_averaged"][name], found["averaged_shares"][name]
    return (
        f"{name} is neglected: the model owes {100 * (share + entry['value']):.0f} % of what it knows "
        f"to it, the average of single inputs {100 * share:.0f} % (a difference of "
        f"{-100 * entry['value']:.0f} points, {-100 * entry['high']:.0f} to {-100 * entry['low']:.0f})."
    )


def _points(entry: Mapping[str, Any], *, of: str = "") -> str:
    """Return a difference in points in words: better, worse or the same within the interval."""
    value, low, high = (100 * entry[key] for key in ("value", "low", "high"))
    if low <= 0 <= high:
        return f"the same within the interval ({value:+.1f} points, {low:+.1f} to {high:+.1f})"
    word = of or ("better" if value > 0 else "worse")
    low, high = sorted((abs(low), abs(high)))
    return f"{abs(value):.1f} points {word} ({low:.1f} to {high:.1f})"
