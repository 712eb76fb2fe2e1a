"""Show what each regularizer does against overfitting when digits are few.

    python benchmarks/regularizers.py --write

Every variant is trained with the same seeds, so that differences are formed within a seed.
"""

import argparse

from looking import bare, interval, learn, panels, parser, percent, publish, start, table

from recipes.report import theme

EXAMPLES, EPOCHS, BATCH_SIZE = 100, 100, 32
VARIANTS = {
    "nothing": {},
    "weight decay 0.1": {"regularization__weight_decay": 0.1},
    "L2 1e-3": {"regularization__l2": 1e-3},
    "L1 1e-4": {"regularization__l1": 1e-4},
    "max norm 2": {"regularization__max_norm": 2.0},
    "dropout 0.5 before the head": {"regularization__dropout_rate": 0.5},
    "dropout 0.2 in every block": {"model__arguments": {"widths": [16, 32], "dropout_rate": 0.2}},
    "batch normalization": {"regularization__batch_norm": True},
    "label smoothing 0.1": {"regularization__label_smoothing": 0.1},
    "weight averaging 0.98": {"regularization__averaging_decay": 0.98},
    "random crops": {"regularization__crop_padding": 1},
    "TrivialAugment": {"regularization__auto_augment": "trivial"},
    "MixUp 0.2": {"regularization__mixup_alpha": 0.2},
    "CutMix 1": {"regularization__cutmix_alpha": 1.0},
    "mirroring (wrong for digits)": {"regularization__flip": True},
}


def main(arguments: list[str] | None = None) -> None:
    """Run the comparison, print it, and write it where asked."""
    options = parser(__doc__.partition("\n")[0], seeds=5).parse_args(arguments)
    with start():
        results = {name: measure(name, options) for name in VARIANTS}
        publish("regularizers", to_lines(results, options), draw(results), options)


def measure(name: str, options: argparse.Namespace) -> dict[str, list[float]]:
    """Return accuracies by split, a value a seed, and the gap between train and validation."""
    values = {"regularization__batch_norm": False} | VARIANTS[name]
    found = [
        learn(
            bare(
                **values,
                data__max_examples=EXAMPLES,
                training__epochs=EPOCHS,
                training__batch_size=BATCH_SIZE,
                training__seed=seed,
            )
        )
        for seed in range(1, options.seeds + 1)
    ]
    result = {key: [run[key] for run in found] for key in ("train", "validation", "test")}
    result["gap"] = [run["train"] - run["validation"] for run in found]
    print(name, {key: percent(value) for key, value in result.items()}, flush=True)
    return result


def gains(results: dict, name: str) -> list[float]:
    """Return what a variant gains in test accuracy over nothing, a value a seed."""
    pairs = zip(results[name]["test"], results["nothing"]["test"], strict=True)
    return [with_it - without for with_it, without in pairs]


def to_lines(results: dict, options: argparse.Namespace) -> list[str]:
    """Return the page."""
    rest = [name for name in VARIANTS if name != "nothing"]
    order = ["nothing", *sorted(rest, key=lambda name: -interval(gains(results, name))[0])]
    rows = [
        (
            name,
            *(percent(results[name][key]) for key in ("train", "validation", "gap", "test")),
            "–" if name == "nothing" else percent(gains(results, name), signed=True),
        )
        for name in order
    ]
    columns = ("added", "train", "validation", "gap", "test", "gain in test")
    return [
        "# Regularizers on few examples",
        "",
        f"A small convolutional network without normalization on {EXAMPLES} digits, {EPOCHS} epochs, "
        f"AdamW, one regularizer at a time. Accuracy in %, mean of {options.seeds} seeds ± half its "
        "95 % interval (Student t); the gain is formed within a seed. Validation and test are whole.",
        "",
        *table(columns, rows),
        "",
        "Every one at one strength only: a better one may exist, and they add up differently.",
    ]


def draw(results: dict):
    """Draw the gain in test accuracy, and train against validation."""
    figure, (left, right) = panels(2, width=4.8, height=3.8)
    rest = [name for name in VARIANTS if name != "nothing"]
    order = sorted(rest, key=lambda name: interval(gains(results, name))[0])
    for place, name in enumerate(order):
        mean, half = interval(gains(results, name))
        left.errorbar(100 * mean, place, xerr=100 * half, fmt="o", color=theme.FIRST)
    left.axvline(0, color=theme.INK, linewidth=0.8)
    left.set_yticks(range(len(order)), order)
    left.grid(axis="x", linewidth=0.8)
    left.set(title="Gain in test accuracy (points)")
    for place, name in enumerate(order):
        for key, colour in (("train", theme.SECOND), ("validation", theme.FIRST)):
            right.plot(100 * interval(results[name][key])[0], place, "o", color=colour)
    right.set_yticks(range(len(order)), [])
    right.grid(axis="x", linewidth=0.8)
    right.set(title="Accuracy (%): train (orange), validation (blue)")
    return figure


if __name__ == "__main__":
    main()
