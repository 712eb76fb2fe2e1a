"""Show how accuracy on digits grows with the number of training examples.

    python benchmarks/learning_curve.py --write

Every point is trained for the same number of updates, so that only the data differs.
"""

import argparse

from looking import bare, interval, learn, panels, parser, percent, publish, start, table

from recipes.report import theme

SIZES = (25, 50, 100, 200, 400, 800, 1222)  # the last is all of train
UPDATES, BATCH_SIZE = 300, 32
MODELS = {
    "perceptron": {"model__name": "mlp", "model__arguments": {"hidden_dims": [64]}},
    "convolutional": {},
    "convolutional, augmented": {
        "regularization__auto_augment": "trivial",
        "regularization__crop_padding": 1,
    },
}
COLOURS = dict(zip(MODELS, (theme.SECOND, theme.FIRST, theme.THIRD), strict=True))


def main(arguments: list[str] | None = None) -> None:
    """Run the comparison, print it, and write it where asked."""
    options = parser(__doc__.partition("\n")[0], seeds=3).parse_args(arguments)
    with start():
        results = {name: measure(name, options) for name in MODELS}
        publish("learning_curve", to_lines(results, options), draw(results), options)


def measure(name: str, options: argparse.Namespace) -> dict[int, list[float]]:
    """Return test accuracies by seed for each number of examples."""
    found = {}
    for size in SIZES:
        found[size] = [
            learn(
                bare(
                    **MODELS[name],
                    data__max_examples=size,
                    training__epochs=1,
                    training__steps_per_epoch=UPDATES,
                    training__batch_size=BATCH_SIZE,
                    training__seed=seed,
                )
            )["test"]
            for seed in range(1, options.seeds + 1)
        ]
        print(name, size, percent(found[size]), flush=True)
    return found


def to_lines(results: dict, options: argparse.Namespace) -> list[str]:
    """Return the page."""
    rows = [(f"{size:,}", *(percent(results[name][size]) for name in MODELS)) for size in SIZES]
    return [
        "# Learning curves",
        "",
        f"Test accuracy (%) on digits after {UPDATES} updates of {BATCH_SIZE} examples, by the number "
        f"of training examples; mean of {options.seeds} seeds ± half its 95 % interval (Student t). "
        "The examples are the same for every seed, spread evenly over train.",
        "",
        *table(("examples", *MODELS), rows),
    ]


def draw(results: dict):
    """Draw test error against the number of examples, both on logarithmic axes."""
    figure, (axes,) = panels(1, width=5.2, height=3.4)
    for name, found in results.items():
        means, halves = zip(*(interval(found[size]) for size in SIZES), strict=True)
        errors = [100 * (1 - mean) for mean in means]
        bars = [100 * half for half in halves]
        axes.errorbar(SIZES, errors, yerr=bars, marker="o", label=name, color=COLOURS[name])
    axes.set(xscale="log", yscale="log", xlabel="training examples", title="Test error (%)")
    axes.set_xticks(SIZES, [f"{size:,}" for size in SIZES])
    axes.set_yticks((1, 2, 5, 10, 20, 50), ("1", "2", "5", "10", "20", "50"))
    axes.minorticks_off()
    axes.legend()
    return figure


if __name__ == "__main__":
    main()
