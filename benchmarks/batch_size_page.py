"""The page of batch_size.py: the fitted hyperbola of each case, its table, and the figure."""

import argparse
import statistics
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from looking import panels, plain_powers, table
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.optimize import minimize_scalar

Results = Mapping[str, dict[str, Any]]


class Hyperbola(NamedTuple):
    """(S / S_min - 1)(E / E_min - 1) = 1 (1812.06162, equation 2.11), as fitted.

    With E = B S it reads S = S_min (1 + B_crit / B), where B_crit = E_min / S_min.
    """

    fewest_steps: float
    critical: float
    explained: float  # share of the variance of log S
    worst: float  # largest factor between a point and the curve

    @property
    def fewest_examples(self) -> float:
        return self.fewest_steps * self.critical

    def steps(self, sizes: Any) -> np.ndarray:
        """Return the steps with each batch size."""
        return self.fewest_steps * (1 + self.critical / np.asarray(sizes, float))


def fitted(sizes: Sequence[float], steps: Sequence[float]) -> Hyperbola:
    """Fit points by least squares of log steps.

    >>> made = fitted([1, 10, 100], [1010, 110, 20])
    >>> round(made.fewest_steps, 2), round(made.critical, 1), round(made.worst, 3)
    (10.0, 100.0, 1.0)
    """
    sizes, logs = np.asarray(sizes, float), np.log(steps)

    def residuals(log_critical: float) -> np.ndarray:
        found = logs - np.log1p(np.exp(log_critical) / sizes)
        return found - found.mean()

    best = minimize_scalar(
        lambda value: np.sum(residuals(value) ** 2), bounds=(-2, 14), options={"xatol": 1e-8}
    ).x
    left = residuals(best)
    return Hyperbola(
        float(np.exp(np.mean(logs - np.log1p(np.exp(best) / sizes)))),
        float(np.exp(best)),
        float(1 - np.sum(left**2) / np.sum((logs - logs.mean()) ** 2)),
        float(np.exp(np.abs(left).max())),
    )


def points(found: Mapping[str, Any], seed: int | None = None) -> tuple[list[int], list[int]]:
    """Return batch sizes and steps of the runs that reached the goal, of one seed or of all."""
    pairs = [
        (size, steps)
        for size, one in sorted(found["sizes"].items())
        for number, steps in enumerate(one["steps"], start=1)
        if steps and seed in (None, number)
    ]
    return [size for size, _ in pairs], [steps for _, steps in pairs]


def noise_scale(measured: Sequence[Sequence[float]]) -> float:
    """Return mean tr Σ over mean |G|²; infinite where the gradient is lost in its noise.

    >>> noise_scale([[1.0, 20.0], [3.0, 20.0]])
    10.0
    """
    squared, trace = np.mean(measured, axis=0)
    return float(trace / squared) if squared > 0 else float("inf")


def seconds(found: Mapping[str, Any], size: int) -> float | None:
    """Return CPU seconds to the goal: mean steps times the median time of a step."""
    steps = [value for value in found["sizes"][size]["steps"] if value]
    one = statistics.median(found["times"][str(size)])
    return statistics.fmean(steps) * one if steps else None


def spread(values: Sequence[float]) -> str:
    """Write a mean and its range as "8 (7–9)", or one value as it is.

    >>> spread([7.0, 9.0]), spread([5.0])
    ('8 (7–9)', '5')
    """
    middle, *ends = (f"{v:,.0f}" for v in (statistics.fmean(values), min(values), max(values)))
    return f"{middle} ({'–'.join(ends)})" if len(values) > 1 else middle


def to_lines(results: Results, cases: Mapping[str, Any], options: argparse.Namespace) -> list[str]:
    """Return the page."""
    return [
        "# Batch size, steps and examples",
        "",
        "Three trainings with AdamW to a fixed validation accuracy: the digits, the vowels with a "
        "recurrent network, and the docstrings. The goal is reached at the middle of the first three "
        "checks in a row whose mean is the goal; checks come after every step up to the tenth, then "
        "12 % apart. Constant rate, no regularization, no batch normalization, 30 % of the examples for "
        "validation. For each batch size the learning rate that needs the fewest steps was chosen with "
        "seed 0, from rates that are a factor of 2 apart, until the best had a worse one on both sides "
        "(five rates at most).",
        "",
        "## The fitted hyperbola",
        "",
        "(S / S_min − 1)(E / E_min − 1) = 1, with S steps and E examples (1812.06162), by least squares "
        "of log S over all seeds. The critical batch is E_min / S_min; in brackets the range of fits to "
        "one seed. *Explained*: share of the variance of log S. *Farthest*: largest factor between a "
        "run and the curve. *Noise scale*: at ten points on the way to the goal with batches of 32, "
        "tr Σ and |G|² averaged over the way; mean (range) over seeds. *Early* and *late*: of the first "
        "and the last three points.",
        "",
        *fits(results, cases, options.seeds),
        *(line for name, found in results.items() for line in section(name, found, cases[name])),
    ]


def fits(results: Results, cases: Mapping[str, Any], seeds: int) -> list[str]:
    """Return the table of fits and noise scales."""
    rows = []
    for name, found in results.items():
        fit = fitted(*points(found))
        alone = [fitted(*points(found, seed)).critical for seed in range(1, seeds + 1)]
        noises = [noise_scale(one) for one in found["noise"]]
        early, late = (
            noise_scale([point for one in found["noise"] for point in one[part]])
            for part in (slice(None, 3), slice(-3, None))
        )
        rows.append(
            (
                f"{name}, {100 * cases[name].goal:.0f} %",
                f"{fit.fewest_steps:.0f}",
                f"{fit.fewest_examples:,.0f}",
                f"{fit.critical:,.0f} ({min(alone):,.0f}–{max(alone):,.0f})",
                f"{fit.explained:.3f}",
                f"{fit.worst:.2f}",
                spread(noises),
                f"{early:,.0f}",
                f"{late:,.0f}",
            )
        )
    names = (
        "training, goal", "S_min", "E_min", "critical batch", "explained", "farthest", "noise scale",
        "early", "late",
    )  # fmt: skip
    return table(names, rows)


def section(name: str, found: Mapping[str, Any], case: Any) -> list[str]:
    """Return the table of one case."""
    rows = []
    for size, one in sorted(found["sizes"].items()):
        steps = [value for value in one["steps"] if value]
        time = 1000 * statistics.median(found["times"][str(size)])
        if not steps:
            rows.append((size, f"{one['rate']:g}", "not reached", "–", f"{time:.0f}", "–"))
            continue
        missing = len(one["steps"]) - len(steps)
        note = f", {missing} not reached" if missing else ""
        examples = size * statistics.fmean(steps)
        cost = f"{seconds(found, size):.1f}"
        rows.append(
            (
                size,
                f"{one['rate']:g}",
                spread(steps) + note,
                f"{examples:,.0f}",
                f"{time:.0f}",
                cost,
            )
        )
    return [
        "",
        f"## {name[0].upper()}{name[1:]}",
        "",
        f"`{case.recipe}` with `{next(iter(case.changes))}` = `{next(iter(case.changes.values()))}`, "
        f"{found['examples']:,} examples to train on, goal {100 * case.goal:.0f} %. "
        "Steps: mean (range) over seeds. CPU time is that of the process, all threads together; to the "
        "goal: mean steps times the median time of a step.",
        "",
        *table(
            ("batch", "rate", "steps", "examples", "CPU ms a step", "CPU s to the goal"),
            rows,
        ),
    ]


def draw(results: Results) -> Figure:
    """Draw steps over examples with the fitted curves, steps over batch size, and CPU seconds."""
    figure, (front, over, cost) = panels(3, width=3.6, height=3.2)
    for number, (name, found) in enumerate(results.items()):
        colour = f"C{number}"
        fit = fitted(*points(found))
        sizes, steps = (np.array(part) for part in points(found))
        line = np.geomspace(4, 1024)
        front.plot(sizes * steps, steps, "o", color=colour, markersize=3)
        front.plot(line * fit.steps(line), fit.steps(line), color=colour, label=name)
        over.plot(sizes, steps, "o", color=colour, markersize=3)
        over.plot(line, fit.steps(line), color=colour)
        over.plot([fit.critical], [2 * fit.fewest_steps], "D", color=colour, markersize=6)
        times = {size: seconds(found, size) for size in sorted(found["sizes"])}
        known = [(size, value) for size, value in times.items() if value]
        cost.plot(*zip(*known, strict=True), ".-", color=colour)
    front.legend(fontsize=7)
    _logarithmic(front, "examples to the goal", "steps to the goal", "Seeds and fitted curves")
    _logarithmic(over, "batch size", "steps to the goal", "Diamond: critical batch")
    _logarithmic(cost, "batch size", "CPU seconds to the goal", "CPU time")
    cost.set(yscale="linear", ylim=(0, None))
    return figure


def _logarithmic(axes: Axes, below: str, left: str, title: str) -> None:
    axes.set(xscale="log", yscale="log", xlabel=below, ylabel=left, title=title)
    plain_powers(axes.xaxis)
    plain_powers(axes.yaxis)
