"""Count how often prediction intervals of regression runs hold the truth, over many divisions.

    python benchmarks/conformal.py RUN [RUN …] --splits 200 --write benchmarks/conformal.md

A run's intervals are as wide as the errors on its validation examples say. Here its test examples, which
took no part in training, are divided again and again: one half gives the width, the other is tested. The
mean over the divisions tells whether the method keeps its promise, the range how far a single division
may be from it.
"""

from typing import Any

import numpy as np
from rounds import machine, machine_lines, parser, positive, publish

from zoo.metrics.conformal import conformal_half_width
from zoo.tasks.regression import LEVEL


def coverages(errors: np.ndarray, *, level: float, splits: int, seed: int) -> np.ndarray:
    """Return the share of the second half that the first half's intervals hold, for each division.

    Args:
        errors: prediction minus truth, (N,).
        level: of the intervals, (0, 1).
        splits: number of divisions, each drawn anew.
        seed: of the draws.
    """
    generator, half, held = np.random.default_rng(seed), len(errors) // 2, []
    for _ in range(splits):
        shuffled = np.abs(generator.permutation(errors))
        width = conformal_half_width(shuffled[:half], level=level)
        held.append(np.mean(shuffled[half:] <= width))
    return np.array(held)


def errors_of(name: str) -> dict[str, np.ndarray]:
    """Return the errors of a regression run on its test examples, by target."""
    from recipes.runs.evaluate import BATCH_SIZE, predictions_of
    from recipes.runs.run import load
    from zoo.data.pipeline import Encoded
    from zoo.tasks.regression import targets_in

    run = load(name)
    test = Encoded(run.dataset().splits["test"], run.task, run.assets)
    predictions, truths = predictions_of(
        run.model, run.task, run.assets, test, batch_size=BATCH_SIZE
    )
    return {
        f"{run.recipe.name}, seed {run.recipe.training.seed}: {target}": predictions[:, t]
        - truths[target]
        for t, target in enumerate(targets_in(truths))
    }


def page(result: dict[str, Any], command: str) -> str:
    """Write the table as Markdown."""
    lines = [
        "# How often prediction intervals hold the truth",
        "",
        f"The test examples of a run, divided in halves {result['splits']} times (seed "
        f"{result['seed']}): the errors of one half make the {100 * result['level']:.0f} % interval, "
        "the other half is tested.",
        "",
        "| run: target | examples | mean | middle 90 % of the divisions |",
        "|---|---|---|---|",
    ]
    for name, row in result["rows"].items():
        low, high = (f"{100 * value:.1f}" for value in row["range"])
        lines.append(
            f"| {name} | {row['examples']:,} | {100 * row['mean']:.2f} % | {low}–{high} % |"
        )
    return "\n".join([*lines, *machine_lines(result["machine"], command=command)])


def main() -> None:
    """Divide the test examples of every run given."""
    made = parser(__doc__.partition("\n")[0])
    made.add_argument("runs", nargs="+", help="folders of regression runs")
    made.add_argument("--splits", type=positive, default=200, help="divisions")
    made.add_argument("--seed", type=int, default=0, help="of the divisions")
    options = made.parse_args()
    facts, rows = machine(), {}
    for run in options.runs:
        for name, errors in errors_of(run).items():
            found = coverages(errors, level=LEVEL, splits=options.splits, seed=options.seed)
            ends = np.quantile(found, (0.05, 0.95)).tolist()
            rows[name] = {"examples": len(errors), "mean": float(found.mean()), "range": ends}
            print(name, rows[name], flush=True)
    result = {"machine": facts, "rows": rows, "level": LEVEL}
    result |= {"splits": options.splits, "seed": options.seed}
    command = f"python benchmarks/conformal.py RUN … --splits {options.splits}"
    publish(result, page(result, command), options)


if __name__ == "__main__":
    main()
