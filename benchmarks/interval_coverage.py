"""Count how often 95 % intervals of metrics hold the true value, on made-up data where it is known.

    python benchmarks/interval_coverage.py --write benchmarks/interval_coverage.md

Each row is a metric and a kind of data, each column a number of examples (or groups). Shares of
single answers are not simulated: their coverage is a sum over the binomial distribution.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rounds import positive

from zoo.files import write_text
from zoo.metrics.classification import BalancedAccuracy, MacroF1
from zoo.metrics.estimators import Estimator, Function, Ratio, Share
from zoo.metrics.intervals import Sampling, binomial

SIZES = (20, 50, 200, 1000, 2000)
GROUPS = (4, 8, 16, 30, 100)
SHARES = (0.5, 0.8, 0.9, 0.95, 0.99)
Drawn = tuple[dict[str, np.ndarray], np.ndarray | None]  # statistics, groups
Case = tuple[Estimator, Callable[[np.random.Generator, int], Drawn], float]  # and the true value


def share_coverage(share: float, count: int) -> float:
    """Return the exact coverage of the interval of a share."""
    from scipy.stats import binom

    probability = binom.pmf(np.arange(count + 1), count, share)
    likely = np.flatnonzero(probability > 1e-9)
    found = (binomial(int(right), count) for right in likely)
    holds = np.array([entry.low <= share <= entry.high for entry in found])
    return float(probability[likely][holds].sum())


def coverage(case: Case, count: int, *, trials: int, seed: int) -> float:
    """Return the share of trials in which the interval holds the true value."""
    estimator, draw, truth = case
    generator, held = np.random.default_rng([seed, count]), 0
    for _ in range(trials):
        statistics, groups = draw(generator, count)
        sampling = Sampling.of(len(next(iter(statistics.values()))), groups)
        found = estimator.interval(statistics, sampling)
        held += found.low is not None and found.low <= truth <= found.high
    return held / trials


def lognormal(spread: float) -> Case:
    """A mean loss; the spread is the deviation of its logarithm."""
    return (
        Ratio("nats"),
        lambda generator, count: ({"nats": generator.lognormal(0, spread, count)}, None),
        float(np.exp(spread**2 / 2)),
    )


def per_token() -> Case:
    """Nats per token, of texts of 3 to 29 tokens that differ in how hard they are."""

    def draw(generator: np.random.Generator, count: int) -> Drawn:
        tokens = generator.integers(3, 30, count)
        return {"nats": tokens * generator.lognormal(0, 1, count), "tokens": tokens}, None

    return Ratio("nats", "tokens"), draw, float(np.exp(0.5))


def errors(rate: float, correlation: float, estimator: Estimator | None = None) -> Case:
    """Errors per word, of utterances of 4 to 24 words that differ in how hard they are."""

    def draw(generator: np.random.Generator, count: int) -> Drawn:
        words = generator.integers(4, 25, count)
        rates = _correlated(generator, rate, correlation, count)
        return {"errors": generator.binomial(words, rates), "words": words}, None

    return estimator or Share("errors", "words"), draw, rate


def by_group(share: float, correlation: float, size: int = 20) -> Case:
    """Accuracy over groups of 10 to 30 examples; members of a group are right together."""

    def draw(generator: np.random.Generator, count: int) -> Drawn:
        sizes = generator.integers(size // 2, size * 3 // 2 + 1, count)
        groups = np.repeat(np.arange(count), sizes)
        shares = _correlated(generator, share, correlation, count)[groups]
        return {"right": (generator.random(len(groups)) < shares).astype(float)}, groups

    return Share("right"), draw, share


def grouped_f1(classes: int, share: float, correlation: float, size: int = 20) -> Case:
    """Macro F1 of equally frequent classes; members of a group are right together."""

    def draw(generator: np.random.Generator, count: int) -> Drawn:
        groups = np.repeat(np.arange(count), size)
        shares = _correlated(generator, share, correlation, count)[groups]
        label = generator.integers(classes, size=len(groups))
        wrong = (label + generator.integers(1, classes, size=len(groups))) % classes
        guess = np.where(generator.random(len(groups)) < shares, label, wrong)
        return {"label": label, "guess": guess}, groups

    return MacroF1(), draw, share


def grouped_loss(spread: float, size: int = 20) -> Case:
    """A mean loss; the members of a group share a factor."""

    def draw(generator: np.random.Generator, count: int) -> Drawn:
        groups = np.repeat(np.arange(count), size)
        factor = generator.lognormal(0, spread, count)[groups]
        return {"nats": factor * generator.exponential(size=len(groups))}, groups

    return Ratio("nats"), draw, float(np.exp(spread**2 / 2))


def macro_f1(classes: int, share: float, *, rare: bool) -> Case:
    """Macro F1; classes are equally frequent, or as 1, 1/2, 1/3, …; mistakes fall on any class."""
    prior = 1 / np.arange(1, classes + 1) if rare else np.ones(classes)
    prior = prior / prior.sum()
    table = np.outer(prior * (1 - share) / (classes - 1), np.ones(classes))
    np.fill_diagonal(table, prior * share)
    truth = float((2 * table.diagonal() / (table.sum(0) + table.sum(1))).mean())

    def draw(generator: np.random.Generator, count: int) -> Drawn:
        cells = generator.choice(classes**2, size=count, p=table.ravel())
        return {"label": cells // classes, "guess": cells % classes}, None

    return MacroF1(), draw, truth


def balanced_accuracy(classes: int, share: float, *, rare: bool) -> Case:
    """Balanced accuracy; classes are equally frequent, or as 1, 1/2, 1/3, …"""
    prior = 1 / np.arange(1, classes + 1) if rare else np.ones(classes)

    def draw(generator: np.random.Generator, count: int) -> Drawn:
        label = generator.choice(classes, size=count, p=prior / prior.sum())
        wrong = (label + generator.integers(1, classes, size=count)) % classes
        right = generator.random(count) < share
        guess = np.where(right, label, wrong)
        return {"label": label, "guess": guess, "right": right.astype(float)}, None

    return BalancedAccuracy(), draw, share


def _correlated(
    generator: np.random.Generator, mean: float, correlation: float, count: int
) -> np.ndarray:
    total = 1 / correlation - 1
    return generator.beta(mean * total, (1 - mean) * total, count)


def _weighted_rate(statistics: dict[str, np.ndarray], weights: np.ndarray) -> float:
    return float(weights @ statistics["errors"] / (weights @ statistics["words"]))


def cases() -> dict[str, tuple[tuple[int, ...], dict[str, Case]]]:
    """Return the cases by the heading of their table, with the numbers of draws."""
    return {
        "Loss and rates, by examples": (
            SIZES,
            {f"mean of lognormal losses, σ = {s}": lognormal(s) for s in (0.5, 1.0, 1.5)}
            | {"nats per token": per_token()}
            | {
                f"errors per word, {rate}, correlation {rho}": errors(rate, rho)
                for rate, rho in ((0.01, 0.001), (0.05, 0.1), (0.2, 0.1), (0.95, 0.05))
            }
            | {"any function (bootstrap)": errors(0.2, 0.1, Function(_weighted_rate))},
        ),
        "Macro F1, by examples": (
            SIZES[:-1],
            {
                f"{classes} classes{', some rare' if rare else ''}, {share}": macro_f1(
                    classes, share, rare=rare
                )
                for classes in (2, 5, 10)
                for rare in (False, True)
                for share in (0.5, 0.8, 0.95, 0.99)
            },
        ),
        "Balanced accuracy, by examples": (
            SIZES[:-1],
            {
                f"{classes} classes{', some rare' if rare else ''}, {share}": balanced_accuracy(
                    classes, share, rare=rare
                )
                for classes in (2, 5, 10)
                for rare in (False, True)
                for share in (0.5, 0.8, 0.95, 0.99)
            },
        ),
        "By groups": (
            GROUPS,
            {
                f"share {share}, correlation {rho}": by_group(share, rho)
                for share in (0.6, 0.9, 0.97)
                for rho in (0.02, 0.1, 0.3)
            }
            | {"macro F1, 4 classes, 0.9, correlation 0.1": grouped_f1(4, 0.9, 0.1)}
            | {"mean loss, groups differ by a factor (σ = 0.5)": grouped_loss(0.5)},
        ),
    }


def shares_table() -> list[str]:
    """Return the lines of the exact table."""
    rows = [
        f"| {share} | " + " | ".join(f"{share_coverage(share, n):.3f}" for n in SIZES) + " |"
        for share in SHARES
    ]
    return ["", "## Accuracy, by examples (exact)", "", *_head("share", SIZES), *rows]


def _head(name: str, sizes: tuple[int, ...]) -> list[str]:
    return [f"| {name} | {' | '.join(map(str, sizes))} |", "| --- |" + " ---: |" * len(sizes)]


def main(arguments: list[str] | None = None) -> None:
    """Simulate, print the tables, and write them where asked."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--trials", type=positive, default=2000, help="draws of each cell")
    options.add_argument("--only", default="", help="tables whose heading holds this")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--write", type=Path, metavar="FILE", help="write the Markdown here too")
    options = options.parse_args(arguments)
    error = (0.05 * 0.95 / options.trials) ** 0.5
    lines = [
        "# Coverage of intervals",
        "",
        "How often a 95 % interval holds the true value, by the number of examples or groups. "
        f"{options.trials:,} draws a cell: the standard error is {error:.3f}.",
    ]
    if options.only in "Accuracy, by examples":
        lines += shares_table()
    for heading, (sizes, found) in cases().items():
        if options.only not in heading:
            continue
        lines += ["", f"## {heading}", "", *_head("data", sizes)]
        for name, case in found.items():
            cells = (coverage(case, n, trials=options.trials, seed=options.seed) for n in sizes)
            lines.append(f"| {name} | {' | '.join(f'{cell:.3f}' for cell in cells)} |")
    text = "\n".join([*lines, "", "- Again: `python benchmarks/interval_coverage.py`", ""])
    print(text)
    if options.write:
        write_text(options.write, text)


if __name__ == "__main__":
    main()
