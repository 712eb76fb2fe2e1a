"""The picture of `zoo explain --check`: deletion, insertion and randomised weights."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from recipes.explanations.checks.check import ExplanationChecks
from recipes.explanations.checks.verdict import LARGEST_CORRELATION
from recipes.report.theme import INK, MUTED, plain, style, to_png

COLOURS = 10  # of matplotlib's own cycle


def checks_png(found: ExplanationChecks) -> bytes:
    """Return a PNG of the mean curves of each method; those that passed have a full line."""
    with style():
        figure = Figure(figsize=(11, 4.6), layout="constrained")
        title = (
            f"{found.name}: explanations of {found.examples} test examples (dashed: failed a test)"
        )
        figure.suptitle(title, fontsize=10, color=INK, x=0.01, ha="left")
        deletion, insertion, weights = (plain(axes) for axes in figure.subplots(1, 3))
        lines = _by_share(deletion, found, "deletion", "deletion: low is good")
        _by_share(insertion, found, "insertion", "insertion: high is good")
        _by_stage(weights, found)
        names = [name.replace("_", " ") for name in lines]
        figure.legend(list(lines.values()), names, loc="outside lower center", ncols=5, fontsize=8)
        return to_png(figure)


def _by_share(axes: Axes, found: ExplanationChecks, name: str, title: str) -> dict[str, object]:
    lines: dict[str, object] = {}
    shares = 100 * np.linspace(0, 1, len(found.random["curves"][name]))
    for place, one in enumerate(found.methods):
        how = {"color": f"C{place % COLOURS}", "linestyle": "--" if one.faults else "-"}
        (lines[one.method],) = axes.plot(shares, one.curves[name], linewidth=1.3, **how)
    (lines["a random order"],) = axes.plot(shares, found.random["curves"][name], color=INK)
    word = "removed" if name == "deletion" else "shown"
    axes.set(title=title, xlabel=f"parts {word}, %", ylabel="probability of the class")
    axes.set_ylim(0, None)
    return lines


def _by_stage(axes: Axes, found: ExplanationChecks) -> None:
    places = range(len(found.stages))
    for place, one in enumerate(found.methods):
        how = {"color": f"C{place % COLOURS}", "linestyle": "--" if one.faults else "-"}
        axes.plot(places, [mean.value for mean in one.correlations], linewidth=1.3, **how)
    axes.axhline(LARGEST_CORRELATION, color=MUTED, linewidth=0.8, linestyle=":")
    axes.set_xticks(list(places), found.stages, rotation=25, ha="right", fontsize=7)
    axes.set(title="random weights: near 0 is good", ylabel="rank correlation of maps")
    axes.set(xlabel="randomised from the top down to")
