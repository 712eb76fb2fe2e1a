"""Time the metrics and intervals of a large test split: 50,000 examples of 1,000 classes.

    python benchmarks/intervals.py --write benchmarks/intervals.md

Each round does, from the class probabilities on, what `zoo evaluate` does after predicting. The
second row forces macro F1 through the bootstrap, 1,000 resamples, as for a custom metric.
"""

import time
from typing import Any

import numpy as np
from rounds import cell, machine, machine_lines, orders, parser, publish, summary

from recipes.runs.evaluate import intervals
from zoo.metrics.classification import MacroF1, classification_statistics
from zoo.metrics.estimators import Estimator
from zoo.metrics.intervals import RESAMPLES, Sampling
from zoo.tasks.image_classification import ImageClassification

EXAMPLES, CLASSES = 50_000, 1_000
GOAL_SECONDS = 1.0
WHOLE, FORCED = "all four metrics", "macro F1, bootstrapped"


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmark and print it, and write it where asked."""
    options = parser(__doc__.partition("\n")[0]).parse_args(arguments)
    probabilities, labels = made_up(EXAMPLES, CLASSES)
    statistics = classification_statistics(probabilities, labels)
    work = {
        WHOLE: lambda: intervals(ImageClassification(), probabilities, {"label": labels}),
        FORCED: lambda: Estimator.interval(MacroF1(), statistics, Sampling.of(EXAMPLES)),
    }
    facts = machine()
    seconds: dict[str, list[float]] = {name: [] for name in work}
    for function in work.values():
        function()  # imports and the allocator's first pages are not counted
    for order in orders(work, options.rounds):
        for name in order:
            began = time.perf_counter()
            work[name]()
            seconds[name].append(time.perf_counter() - began)
    result = {
        "machine": facts,
        "settings": {"rounds": options.rounds},
        "seconds": {name: summary(values) for name, values in seconds.items()},
    }
    publish(result, to_markdown(result), options)


def made_up(examples: int, classes: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities (N, K) of a model that is right on some three quarters, and labels (N,)."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(classes, size=examples)
    probabilities = generator.random((examples, classes), dtype="float32").astype("float64")
    right = generator.random(examples) < 0.75
    guess = np.where(right, labels, generator.integers(classes, size=examples))
    probabilities[np.arange(examples), guess] += classes * generator.random(examples)
    return probabilities / probabilities.sum(axis=1, keepdims=True), labels


def to_markdown(result: dict[str, Any]) -> str:
    """Return the whole result as a Markdown page."""
    rounds = result["settings"]["rounds"]
    lines = [
        "# Metrics and intervals of a large test split",
        "",
        f"{EXAMPLES:,} examples of {CLASSES:,} classes; the bootstrap takes {RESAMPLES:,} resamples. "
        f"Median of {rounds} interleaved rounds, lowest and highest round in brackets. The goal for "
        f"all four metrics is {GOAL_SECONDS:.0f} s.",
        "",
        "| what | seconds |",
        "|---|---|",
    ]
    lines += [f"| {name} | {cell(found, 2)} |" for name, found in result["seconds"].items()]
    command = f"python benchmarks/intervals.py --rounds {rounds}"
    return "\n".join([*lines, *machine_lines(result["machine"], command=command)])


if __name__ == "__main__":
    main()
