"""The figures of unimodal_bias.py: theory as lines, measurements as points."""

import dataclasses
from typing import Any

import numpy as np
from linear_fusion import Setting, misattribution, time_ratio
from looking import panels, plain_powers
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from recipes.report import theme

COLOURS = (theme.FIRST, theme.SECOND, theme.THIRD, theme.MUTED)
Results = dict[str, Any]


def draw(results: Results) -> dict[str, Figure]:
    """Return all figures by the name of their file."""
    drawers = (toys, late, depth, preference, overparametrized, xor)
    return {f"unimodal_{drawer.__name__}": drawer(results) for drawer in drawers}


def toys(results: Results) -> Figure:
    """Draw loss and total weights of two layers over time, and their way past the saddles."""
    figure, row = panels(5, width=2.7, height=2.7)
    titles = ("linear, early", "linear, late", "ReLU, early", "ReLU, late")
    for axes, title, found in zip(row, titles, results["toys"], strict=False):
        for i in range(found["times"].shape[1]):
            alone = {"label": True} if i == 0 else {}
            names = iter(("loss", "W of A", "W of B") if alone else (None,) * 3)
            axes.plot(
                found["times"][:, i], found["loss"][:, i], color=theme.MUTED, label=next(names)
            )
            for m, colour in enumerate((theme.FIRST, theme.SECOND)):
                course = found["weights"][:, i, m]
                axes.plot(found["times"][:, i], course, color=colour, label=next(names))
        longest = 25 if title.startswith("linear") else 50
        axes.set(title=title, xlabel="time", xlim=(0, longest), ylim=(-0.1, 1.2))
    row[0].legend(loc="center right")
    for found, colour, name in zip(results["toys"][:2], COLOURS, ("early", "late"), strict=False):
        weights = found["weights"][:, 0]
        row[4].plot(weights[:, 0], weights[:, 1], color=colour, label=name)
    for x, y, name in ((0, 0, "zero"), (1, 0, "A alone"), (1, 1, "both")):
        row[4].plot(x, y, "o", color=theme.INK, markersize=4)
        row[4].annotate(name, (x, y), (-4, 5), textcoords="offset points", ha="right")
    row[4].set(title="linear", xlabel="W of A", ylabel="W of B", xlim=(-0.3, 1.15))
    row[4].legend(loc="center left")
    return figure


def late(results: Results) -> Figure:
    """Draw time ratio and misattribution of two layers with late fusion, and random problems."""
    figure, (left, middle, right) = panels(3, width=3.5, height=3.2)
    lines = np.linspace(-0.8, 0.8, 81)
    for kind, found, mark in zip(("linear", "ReLU"), results["late"], "ox", strict=True):
        for r, colour in zip((3.0, 2.0, 1.5, 1.0), COLOURS, strict=True):
            settings = [setting for setting in found if setting.ratio == r]
            rhos = [setting.rho for setting in settings]
            known = {"color": colour, "markerfacecolor": "none", "markersize": 5}
            name = f"r = {r:g}" if kind == "linear" else None
            shape = dataclasses.replace(settings[0])
            theory = [time_ratio(dataclasses.replace(shape, rho=rho)) for rho in lines]
            means = [found[setting]["ratio"].mean() for setting in settings]
            left.plot(lines, theory, color=colour, label=name)
            left.plot(rhos, means, mark, **known)
            if r > 1:
                excess = [misattribution(dataclasses.replace(shape, rho=rho)) for rho in lines]
                means = [found[setting]["excess"].mean() for setting in settings]
                middle.plot(lines, excess, color=colour)
                middle.plot(rhos, means, mark, **known)
    left.set(title="time ratio", xlabel="correlation", ylabel="time of B / time of A", yscale="log")
    left.set_yticks([1, 2, 5, 10, 20])
    plain_powers(left.yaxis)
    left.set_ylim(0.8, 60)
    left.legend(loc="upper center", ncols=2)
    middle.set(
        title="misattribution", xlabel="correlation", ylabel="excess of A's weight, as a share"
    )
    found = results["problems"]
    right.plot([1, 20], [1, 20], color=theme.MUTED)
    right.plot(found["theory"], found["measured"], "o", color=theme.FIRST, markersize=4)
    right.set(title="50 random problems", xlabel="predicted ratio", ylabel="measured ratio")
    right.set(xscale="log", yscale="log", xticks=[1, 2, 5, 10, 20], yticks=[1, 2, 5, 10, 20])
    plain_powers(right.xaxis)
    plain_powers(right.yaxis)
    return figure


def depth(results: Results) -> Figure:
    """Draw four layers fused at each: losses, and time ratio by correlation, deviation and scale."""
    figure, row = panels(4, width=3.1, height=3.2)
    for f, colour, (times, losses) in zip(
        (1, 2, 3, 4), COLOURS[::-1], results["losses"], strict=True
    ):
        name = ("early", "layer 2", "layer 3", "late")[f - 1]
        row[0].plot(times, losses, color=colour, label=name)
        base = Setting(2.0, fusion=f)
        _sweep(row[1], results, base, "rho", np.linspace(-0.8, 0.8, 41), colour)
        if f > 1:
            _sweep(row[2], results, base, "ratio", np.linspace(1.5, 3, 31), colour)
            _sweep(row[3], results, base, "scale", np.linspace(0.03, 0.18, 31), colour)
    row[0].set(title="one network each", xlabel="time", ylabel="loss, as a share", xlim=(0, 400))
    row[0].legend(title="fusion", loc="upper right")
    row[1].set(title="by correlation", xlabel="correlation", ylabel="time of B / time of A")
    row[2].set(title="by deviation", xlabel="deviation of A / of B")
    row[3].set(title="by initial scale", xlabel="norm of a layer at the start")
    for axes in row[1:]:
        axes.set(yscale="log", yticks=[1, 2, 5, 10])
        plain_powers(axes.yaxis)
    return figure


def _sweep(axes: Axes, results: Results, base: Setting, field: str, values, colour: str) -> None:
    """Draw theory (line), balanced (points) and random weights (crosses with their range)."""
    curve = [time_ratio(dataclasses.replace(base, **{field: float(value)})) for value in values]
    axes.plot(values, curve, color=colour)
    for setting, found in results["deep"].items():
        if dataclasses.replace(setting, **{field: getattr(base, field)}) == base:
            x, random = getattr(setting, field), found["random"]
            axes.plot(x, found["balanced"], "o", color=colour, markerfacecolor="none", markersize=5)
            axes.plot([x, x], [np.nanmin(random), np.nanmax(random)], color=colour, linewidth=1)
            axes.plot(x, np.nanmean(random), "x", color=colour, markersize=5)


def preference(results: Results) -> Figure:
    """Draw which modality is learned first and which is more useful, and a network where they differ."""
    figure, (left, right) = panels(2, width=4, height=3.2)
    ratios = np.linspace(1.15, 3.1, 60)
    left.fill_between(ratios, ratios**-2, 1 / ratios, color=theme.GRID)
    for power, name, key, colour in (
        (2, "equally fast: 1/r²", "ratio", theme.FIRST),
        (1, "equally useful: 1/r", "gain", theme.SECOND),
    ):
        left.plot(ratios, ratios**-power, color=colour, label=name)
        for r, values in boundaries(results["preference"], power, key).items():
            left.plot([r] * len(values), values, "o", color=colour, markerfacecolor="none")
    words = {"rotation": -24, "ha": "center", "va": "center", "fontsize": 8}
    left.text(2.05, 0.36, "A first, B more useful", color=theme.INK, **words)
    left.set(title="which first, which more useful", xlabel="r: deviation of A / of B")
    left.set_ylabel("weight of A / of B in the target")
    left.legend()
    found = results["shown"]
    right.plot(found["times"], found["loss"], color=theme.MUTED, label="loss, as a share")
    for m, colour in enumerate((theme.FIRST, theme.SECOND)):
        right.plot(found["times"], found["weights"][:, m], color=colour, label=f"W of {'AB'[m]}")
    right.set(title="r = 2, target 0.35 A + B", xlabel="time")
    right.legend(loc="center left")
    return figure


def boundaries(found: dict[Setting, dict], power: int, key: str) -> dict[float, np.ndarray]:
    """Return for each ratio the target weight at which measured values pass 1, by seed.

    Values lie on the logarithmic line between the two settings on either side.
    """
    result = {}
    for r in sorted({setting.ratio for setting in found}):
        near = [s for s in found if s.ratio == r and 0.75 < s.weights[0] * r**power < 1.3]
        near.sort(key=lambda setting: setting.weights[0])
        weights = np.log([setting.weights[0] for setting in near])
        values = np.log([found[setting][key] for setting in near])  # (settings, seeds)
        result[r] = np.exp([np.interp(0, column, weights) for column in values.T])
    return result


def overparametrized(results: Results) -> Figure:
    """Draw errors and the norms of the weights, for few and many examples, early and late fusion."""
    figure, row = panels(4, width=2.9, height=3.0)
    titles = ("70, early", "70, late", "700, early", "700, late")
    for axes, title, found in zip(row, titles, results["noisy"], strict=True):
        steps = 12 * np.arange(len(found["test"][::3]))
        for key, name, colour in (
            ("test", "test error", theme.INK),
            ("train", "train error", theme.MUTED),
            ("norm_a", "norm of A's weights", theme.FIRST),
            ("norm_b", "norm of B's weights", theme.SECOND),
        ):
            low, middle, high = np.quantile(found[key][::3], (0.1, 0.5, 0.9), axis=1)
            axes.plot(steps, middle, color=colour, label=name)
            axes.fill_between(steps, low, high, color=colour, alpha=0.15, linewidth=0)
        axes.set(title=title, xlabel="step", ylim=(0, 2.2))
    row[-1].legend(loc="upper right", fontsize=8)
    return figure


def xor(results: Results) -> Figure:
    """Draw how much of a linear and of an XOR part is learned, by variance of the linear one."""
    figure, row = panels(3, width=3.4, height=3.0)
    late_found, early_found = results["xor"][1], results["xor"][0]
    variances = np.array((0.25, 0.5, 1.0, 2.0, 4.0))
    line = np.linspace(0.2, 4.2, 50)
    row[0].plot(line, np.sqrt(2) * line, color=theme.FIRST, label="late, predicted")
    for found, colour, mark in ((late_found, theme.FIRST, "o"), (early_found, theme.SECOND, "x")):
        ratios = found["halves"][1] / found["halves"][0]
        label = "early, measured" if mark == "x" else "late, measured"
        for j in range(ratios.shape[1]):
            name = label if j == 0 else None
            row[0].plot(variances, ratios[:, j], mark, color=colour, mfc="none", label=name)
    row[0].set(title="time ratio", xlabel="variance of A", ylabel="time of XOR / time of A")
    row[0].set(xscale="log", yscale="log", xticks=variances, yticks=[0.5, 1, 2, 5])
    plain_powers(row[0].xaxis)
    plain_powers(row[0].yaxis)
    row[0].legend()
    for axes, found, name in ((row[1], late_found, "late"), (row[2], early_found, "early")):
        for i, key in enumerate(("linear", "xor")):
            courses = found[key][:, -late_found["halves"].shape[2] :]
            axes.plot(found["times"], courses[:, 0], color=COLOURS[i], label=("A", "XOR of B")[i])
            axes.plot(found["times"], courses[:, 1:], color=COLOURS[i])
        axes.set(title=f"variance 4, {name}", xlabel="time", ylim=(-0.1, 1.2), xlim=(0, 60))
    row[1].set_ylabel("share learned")
    row[1].legend(loc="center right")
    return figure
