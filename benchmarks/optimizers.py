"""Compare every optimizer of recipes on digits, at its usual rate and at the best of a few.

    python benchmarks/optimizers.py --write

Rates are chosen on validation with the first seed; test accuracy is over all seeds.
"""

import argparse

from looking import (
    bare,
    interval,
    learn,
    panels,
    parser,
    percent,
    plain_powers,
    publish,
    start,
    table,
)

from recipes.report import theme
from recipes.values.sections import OPTIMIZERS

# Where to begin, after the papers and Keras' documentation.
USUAL = {
    "sgd": 0.1,
    "rmsprop": 1e-3,
    "adam": 1e-3,
    "adamw": 1e-3,
    "adadelta": 1.0,
    "adagrad": 1e-2,
    "adamax": 2e-3,
    "adafactor": 1e-2,
    "nadam": 1e-3,
    "ftrl": 1e-2,
    "lion": 1e-4,
    "lamb": 1e-2,
    "muon": 1e-2,
    "schedule_free_adamw": 2.5e-3,
}
FACTORS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
ARGUMENTS = {"sgd": {"momentum": 0.9}}
EPOCHS = 20


def main(arguments: list[str] | None = None) -> None:
    """Run the comparison, print it, and write it where asked."""
    options = parser(__doc__.partition("\n")[0], seeds=3).parse_args(arguments)
    with start():
        results = {name: measure(name, options) for name in OPTIMIZERS}
        publish("optimizers", to_lines(results, options), draw(results), options)


def measure(name: str, options: argparse.Namespace) -> dict:
    """Return test accuracies by seed at the usual and the best rate, and validation by factor."""

    def run(factor: float, seed: int) -> dict[str, float]:
        return learn(
            bare(
                optimizer__name=name,
                optimizer__arguments=ARGUMENTS.get(name, {}),
                optimizer__learning_rate=USUAL[name] * factor,
                training__epochs=EPOCHS,
                training__seed=seed,
            )
        )

    first = {factor: run(factor, 1) for factor in FACTORS}
    best = max(FACTORS, key=lambda factor: first[factor]["validation"])
    others = range(2, options.seeds + 1)
    tests = {
        factor: [first[factor]["test"], *(run(factor, seed)["test"] for seed in others)]
        for factor in {1.0, best}
    }
    print(name, {factor: round(first[factor]["validation"], 3) for factor in FACTORS}, flush=True)
    return {
        "validation": {factor: first[factor]["validation"] for factor in FACTORS},
        "best": best,
        "usual_test": tests[1.0],
        "best_test": tests[best],
    }


def to_lines(results: dict, options: argparse.Namespace) -> list[str]:
    """Return the page."""
    order = sorted(results, key=lambda name: -interval(results[name]["best_test"])[0])
    rows = [
        (
            name,
            f"{USUAL[name]:g}",
            percent(results[name]["usual_test"]),
            f"{USUAL[name] * results[name]['best']:g}",
            percent(results[name]["best_test"]),
            f"{100 * (min(v := results[name]['validation'].values())):.0f} – {100 * max(v):.0f}",
        )
        for name in order
    ]
    columns = (
        "optimizer",
        "usual rate",
        "test there (%)",
        "best rate",
        "test there (%)",
        "validation over the rates (%)",
    )
    return [
        "# Optimizers",
        "",
        f"A small convolutional network on digits, {EPOCHS} epochs of 19 updates, cosine schedule, no "
        f"regularization. Mean of {options.seeds} seeds ± half its 95 % interval (Student t). The best "
        f"rate is the best on validation (first seed) of the usual rate times "
        f"{', '.join(f'{factor:g}' for factor in FACTORS)}.",
        "",
        *table(columns, rows),
        "",
        "The last column is how much the rate matters: the worst and the best of the rates tried. Few "
        "updates favour optimizers that move fast; this says nothing of long training.",
    ]


def draw(results: dict):
    """Draw validation accuracy against the rate, one line an optimizer."""
    figure, (axes, right) = panels(2, width=4.6, height=3.6)
    for number, (name, result) in enumerate(results.items()):
        rates = [USUAL[name] * factor for factor in FACTORS]
        values = [100 * result["validation"][factor] for factor in FACTORS]
        axes.plot(
            rates,
            values,
            marker=".",
            label=name,
            color=f"C{number % 10}",
            ls="-" if number < 10 else "--",
        )
    axes.set(xscale="log", xlabel="learning rate", title="Validation accuracy (%)")
    plain_powers(axes.xaxis)
    axes.legend(fontsize=7, ncols=2, loc="lower left")
    order = sorted(results, key=lambda name: interval(results[name]["best_test"])[0])
    for place, name in enumerate(order):
        for key, colour, shift in (("usual", theme.MUTED, -0.15), ("best", theme.FIRST, 0.15)):
            mean, half = interval(results[name][f"{key}_test"])
            right.errorbar(
                100 * mean, place + shift, xerr=100 * half, fmt="o", color=colour, markersize=4
            )
    right.set_yticks(range(len(order)), order)
    right.set(title="Test accuracy (%): usual rate (grey), best rate")
    right.grid(axis="x", linewidth=0.8)
    right.set_xlim(right=100.5)
    return figure


if __name__ == "__main__":
    main()
