"""The page of unimodal_bias.py: tables, and each figure with its largest relative error."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from linear_fusion import (
    is_first,
    is_more_useful,
    misattribution,
    time_ratio,
    two_layer_time_ratio,
)
from looking import interval, table
from unimodal_figures import boundaries

Results = dict[str, Any]
FUSIONS = {2: "fused at layer 2", 3: "at layer 3", 4: "at layer 4 (late)"}
KINDS = ("linear", "ReLU")


def lines(results: Results, seeds: int) -> list[str]:
    """Return the page."""
    parts = (opening, toys, two_layers, four_layers, preference, overparametrized, xor, left_out)
    return [line for part in parts for line in part(results, seeds)]


def picture(name: str, alternative: str) -> list[str]:
    """Return a figure's line, with an empty one before and after."""
    return ["", f"![{alternative}](../docs/figures/unimodal_{name}.svg)", ""]


def worst(measured: Iterable[float], predicted: Iterable[float]) -> str:
    """Return the largest relative error as "5.8 %", and how many values are missing, if any."""
    measured, predicted = np.array([*measured]), np.array([*predicted])
    missing = int(np.isnan(measured).sum())
    found = f"{100 * np.nanmax(np.abs(measured / predicted - 1)):.2g} %"
    return f"{found} ({missing} of {measured.size} without a value)" if missing else found


def spread(values: np.ndarray) -> str:
    """Return mean and range."""
    return f"{np.mean(values):.2f} ({np.min(values):.2f}–{np.max(values):.2f})"


def opening(results: Results, seeds: int) -> list[str]:
    """Say what is compared."""
    return [
        "# Unimodal bias in linear networks",
        "",
        "A network with two inputs, A and B, and a target that needs both. The input with the larger "
        "deviation, A, is learned at time t_A and the other at t_B; in between the network uses A "
        "alone. Predictions are those of *Understanding Unimodal Bias in Multimodal Deep Linear "
        "Networks* (2312.00935). t_A: the weight of A is half of what is best without B. t_B: the "
        "weight of B is half of its highest value. The target is A + B unless stated. r is the "
        "deviation of A over that of B, ρ their correlation. Random weights: "
        f"{seeds} seeds, 100 hidden units, gradient flow on the exact covariance. Balanced weights: "
        "each layer is one number, the same in all.",
    ]


def toys(results: Results, seeds: int) -> list[str]:
    """Describe two layers over time."""
    names = [f"{kind}, {fusion}" for kind in KINDS for fusion in ("early", "late")]
    predicted = ("1", "4", "–", "4")
    rows = [
        (name, one, spread(found["ratios"]))
        for name, one, found in zip(names, predicted, results["toys"], strict=True)
    ]
    return [
        "",
        "## Two layers over time",
        *picture(
            "toys", "Loss and weights over time: late fusion pauses with A alone, early does not"
        ),
        f"r = 2, ρ = 0, {seeds} seeds drawn over each other, deviation of the first weights 1e-9. "
        "Late fusion stops at the saddle where A is used alone. W of a ReLU network is the slope of "
        "its best linear fit on its 256 examples. With early fusion B needs a fixed time longer than A, "
        "whatever the first weights, so that the ratio tends to 1 as they get smaller.",
        "",
        *table(("network", "predicted t_B / t_A", "measured, mean (range)"), rows),
    ]


def two_layers(results: Results, _: int) -> list[str]:
    """Describe time ratio and misattribution of late fusion in two layers."""
    rows, problems = [], results["problems"]
    for kind, found in zip(KINDS, results["late"], strict=True):
        ratios = [(found[s]["ratio"].mean(), time_ratio(s)) for s in found]
        apart = [(found[s]["ratio"].mean(), time_ratio(s)) for s in found if s.ratio > 1]
        each = [(one, time_ratio(s)) for s in found for one in found[s]["ratio"]]
        excess = [found[s]["excess"].mean() - misattribution(s) for s in found if s.ratio > 1]
        rows.append(
            (
                kind,
                worst(*zip(*ratios, strict=True)),
                worst(*zip(*apart, strict=True)),
                worst(*zip(*each, strict=True)),
                f"{np.abs(excess).max():.3f}",
            )
        )
    error, turned = np.abs(problems["measured"] / problems["theory"] - 1), problems["turn"] > 90
    hard = next(s for s in results["late"][0] if (s.ratio, s.rho) == (3.0, -0.75))
    norms = two_layer_time_ratio(hard.covariance, hard.cross, 1)
    return [
        "",
        "## Two layers, late fusion",
        *picture("late", "Time ratio and misattribution by correlation; 50 random problems"),
        "Lines are predicted: t_B / t_A = 1 + (r² − 1) / (1 − ρ²), and a share of ρ / r by which the "
        "weight of A is too large while it is used alone (measured halfway between t_A and t_B). "
        "Points are means over seeds: circles linear, crosses ReLU. ReLU networks see Gaussian "
        "inputs; their moments are exact.",
        "",
        *table(
            (
                "network",
                "largest error of a mean",
                "for r > 1",
                "of a single seed",
                "largest error of the share",
            ),
            rows,
        ),
        "",
        f"Right: {len(error)} random problems of two vectors of two numbers each, with a predicted "
        f"ratio of at most 20, one seed each. Median error {100 * np.nanmedian(error):.1f} %, "
        f"{int((error < 0.1).sum())} of {len(error)} within 10 %, largest "
        f"{worst(problems['measured'], problems['theory'])}. Their prediction is 1 + (‖s_A‖ − ‖s_B‖) "
        "/ ‖s_B − s_A S_A⁻¹ S_AB‖, with s the covariance of the target and S those of the inputs. It "
        "leaves out that B's gradient may turn once A is learned. Where it turns by less than 90° "
        f"({int((~turned).sum())} problems), the largest error is {100 * error[~turned].max():.0f} %; "
        f"where by more ({int(turned.sum())}), {100 * error[turned].max():.0f} %. B must then first "
        "unlearn. In the extreme, 180°, the formula on the left holds and that with norms gives too "
        f"little: for r = 3, ρ = −0.75 it says {norms:.1f}, the left one {time_ratio(hard):.1f}, and "
        f"{results['late'][0][hard]['ratio'].mean():.1f} is measured.",
    ]


def four_layers(results: Results, seeds: int) -> list[str]:
    """Describe the ratio by fusion layer: balanced and random."""
    deep, fusions = results["deep"], tuple(FUSIONS)
    errors = [
        (f"{scale:g}", *(f"{100 * found[f]:.2g} %" for f in fusions))
        for scale, found in results["balanced"].items()
    ]
    grid = sorted({(s.ratio, s.rho) for s in deep if s.fusion > 1})
    rows = []
    for ratio, rho in grid:
        by = {s.fusion: deep[s] for s in deep if (s.ratio, s.rho, s.scale) == (ratio, rho, 0.1)}
        cells = [
            f"{by[f]['theory']:.3f} / {by[f]['balanced']:.3f} / {by[f]['random'].mean():.2f}"
            for f in fusions
        ]
        rows.append((f"{ratio:g}", f"{rho:+g}", *cells))
    random = {}
    for f in fusions:
        theory = np.array([found["theory"] for found in _of(deep, f)])
        every = np.array([found["random"] for found in _of(deep, f)])  # (settings, seeds)
        of_mean = worst(every.mean(axis=1), theory)
        random[f] = (FUSIONS[f], of_mean, worst(every, theory[:, None]))
    early = [one for found in _of(deep, 1) for one in found["random"]]
    return [
        "",
        "## Four layers, fused at each",
        *picture(
            "depth", "Time ratio by correlation, deviation and initial scale, for each fusion layer"
        ),
        "Lines are predicted, circles balanced, crosses random weights (mean and range). Left: r = 2, "
        "ρ = 0.",
        "",
        "Largest error of balanced weights over 36 settings (r = 1.5, 2, 2.5, 3; ρ = −0.5, 0, 0.5), "
        "by the norm u₀ of a layer at the start:",
        "",
        *table(("u₀", *FUSIONS.values()), errors),
        "",
        f"Predicted / balanced / random (mean of {seeds} seeds) at u₀ = 0.1:",
        "",
        *table(("r", "ρ", *FUSIONS.values()), rows),
        "",
        "Largest error of random weights, over all settings drawn:",
        "",
        *table(("", "of a mean", "of a single network"), random.values()),
        "",
        f"Early fusion, predicted 1: {spread(np.array(early))}. Random weights differ from the theory's "
        "in two ways. A random square layer of norm u₀ passes on far less of a signal than u₀ (its "
        "largest singular value is about 0.2 u₀), so that these networks behave like balanced ones that "
        "start smaller: intermediate fusion has a shorter phase than predicted. And A and B start "
        "from different sizes, so that single networks with late fusion differ much; their mean does "
        "not.",
    ]


def _of(deep: dict, fusion: int) -> list[dict]:
    return [found for setting, found in deep.items() if setting.fusion == fusion]


def preference(results: Results, seeds: int) -> list[str]:
    """Describe which modality is first and which more useful."""
    found = []
    for power, key in ((2, "ratio"), (1, "gain")):
        pairs = [
            (one, r**-power)
            for r, values in boundaries(results["preference"], power, key).items()
            for one in values
        ]
        found.append(worst(*zip(*pairs, strict=True)))
    order, use, count = 0, 0, 0
    for setting, measured in results["preference"].items():
        lead = np.log(setting.cross[0] / setting.cross[1])
        gain = np.log(setting.cross[0] / setting.cross[1] / setting.ratio)
        if min(abs(lead), abs(gain)) > 0.01:  # not on a curve
            order += int(((measured["ratio"] > 1) == is_first(setting)).sum())
            use += int(((measured["gain"] > 1) == is_more_useful(setting)).sum())
            count += len(measured["ratio"])
    return [
        "",
        "## The first is not always the more useful",
        *picture(
            "preference", "The region in which A is learned first although B lowers the loss more"
        ),
        "Two layers, late fusion, ρ = 0, target w A + B. Circles: the w at which both are learned at "
        f"the same time (predicted 1/r², largest error {found[0]}), and at which the trained network "
        f"loses as much without A as without B (predicted 1/r, largest error {found[1]}), {seeds} "
        "seeds each. The first error is that of finite first weights: half of a small weight is reached "
        "sooner. Between the curves the network first learns the input that lowers the loss less. Off "
        f"the curves, {order} of {count} networks learn first what is predicted, and {use} of {count} "
        "use more what is predicted.",
    ]


def overparametrized(results: Results, _: int) -> list[str]:
    """Describe errors with few and many examples."""
    rows = []
    cases = [(count, name) for count in (70, 700) for name in ("early", "late")]
    for (count, name), found in zip(cases, results["noisy"], strict=True):
        test = found["test"]
        best, networks = test.argmin(axis=0), np.arange(test.shape[1])
        rows.append(
            (
                count,
                name,
                _mean(test[best, networks]),
                f"{4 * best.mean():.0f}",
                _mean(found["norm_b"][best, networks]),
                _mean(test[-1]),
            )
        )
    networks = results["noisy"][0]["test"].shape[1]
    return [
        "",
        "## Few examples, many weights",
        *picture("overparametrized", "Test error, train error and weights for 70 and 700 examples"),
        f"50 + 50 independent inputs with variances 3 and 1, target weights 0.1, noise of deviation "
        f"0.5; 1,200 steps of rate 0.04; {networks} seeds, median and the middle 80 %. Test error is "
        "without noise, 1 for a network that answers 0. The norm of the true weights of B is 0.71. "
        "Table: mean ± half its 95 % interval.",
        "",
        *table(
            (
                "examples",
                "fusion",
                "lowest test error",
                "at step",
                "norm of B there",
                "error at the end",
            ),
            rows,
        ),
        "",
        "With 70 examples and late fusion the lowest error comes before B is used at all, so a "
        "network that is stopped at its best uses A alone for good. Early fusion uses both by then.",
    ]


def _mean(values: np.ndarray) -> str:
    mean, half = interval([float(value) for value in values])
    return f"{mean:.3f} ± {half:.3f}"


def xor(results: Results, seeds: int) -> list[str]:
    """Describe a task of two kinds."""
    early, late = results["xor"]
    variances = (0.25, 0.5, 1.0, 2.0, 4.0)
    rows = []
    for i, variance in enumerate(variances):
        learned = [int(np.isfinite(found["halves"][1, i]).sum()) for found in (late, early)]
        ratios = late["halves"][1, i] / late["halves"][0, i]
        rows.append(
            (
                variance,
                f"{np.sqrt(2) * variance:.2f}",
                spread(ratios),
                *(f"{count} of {seeds}" for count in learned),
                f"{np.mean(early['loss'][i]):.3f}",
            )
        )
    measured = late["halves"][1] / late["halves"][0]
    predicted = np.sqrt(2) * np.array(variances)[:, None] + 0 * measured
    return [
        "",
        "## A linear and an XOR part",
        *picture("xor", "Late fusion learns both parts; early fusion misses XOR where A is strong"),
        "ReLU, two layers, target A + XOR(B): B is two signs. Late fusion: A's units grow at a rate "
        "of half its variance, those of XOR at 1/√8, so that t_XOR / t_A = √2 times the variance. "
        f"Largest error {worst(measured.ravel(), predicted.ravel())}. First weights of deviation "
        "1e-4, 180 units of time.",
        "",
        *table(
            (
                "variance of A",
                "predicted, late",
                "measured, late",
                "XOR learned, late",
                "XOR learned, early",
                "loss at the end, early",
            ),
            rows,
        ),
    ]


def left_out(_: Results, __: int) -> list[str]:
    """Say what of the paper is missing."""
    return [
        "",
        "The paper's experiment on two views of MNIST digits is left out: 200 epochs of 60,000 images "
        "for each fusion layer and seed.",
    ]
