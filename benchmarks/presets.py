"""Measure what each regularization preset changes on one recipe of each modality.

Every recipe is trained with its own knobs removed and each preset in turn, so that nothing but the
preset differs. The learning rate stays the recipe's:

    python benchmarks/presets.py --seeds 3 --write benchmarks/presets.md

The difference to "none" is taken seed by seed; its interval is Student's t over the seeds. Training
and test scores are shown side by side, because a preset that regularizes lowers the first.
"""

import json
import math
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from rounds import machine, machine_lines, parser, positive, publish

from recipes.values.load import load_recipe
from zoo import devices
from zoo.regularization import PRESETS

RECIPES = ("image/digits-cnn", "text/docstrings-textcnn", "speech/vowels-dscnn")


def measure(name: str, preset: str, seed: int) -> dict[str, float]:
    """Train once and return training and test accuracy, test loss and seconds."""
    from recipes.runs.evaluate import BATCH_SIZE, predictions_of
    from recipes.training.train import train
    from zoo.data.pipeline import Encoded

    recipe = load_recipe(name).with_values(
        {"regularization": {"preset": preset}, "training.seed": seed}
    )
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="zoo-presets-") as folder:
        run = train(recipe, run_dir=Path(folder) / "run", progress=False)
        seen = Encoded(run.dataset().splits["train"], run.task, run.assets)
        answers, truths = predictions_of(
            run.model, run.task, run.assets, seen, batch_size=BATCH_SIZE
        )
        scores = run.metrics["metrics"]
        return {
            "train": run.task.score(answers, truths)["accuracy"],
            "test": scores["accuracy"]["value"],
            "loss": scores["loss"]["value"],
            "seconds": round(time.perf_counter() - started, 1),
        }


def interval(values: list[float]) -> tuple[float, float]:
    """Return the 95 % interval of the mean (Student's t)."""
    from scipy import stats

    half = float(stats.t.ppf(0.975, len(values) - 1))
    half *= statistics.stdev(values) / math.sqrt(len(values))
    return statistics.fmean(values) - half, statistics.fmean(values) + half


def page(result: dict[str, Any], command: str) -> str:
    """Write the tables as Markdown."""
    lines = [
        "# What a preset changes",
        "",
        f"Accuracy in per cent, mean over {len(result['seeds'])} seeds. The difference on the test "
        "split is to the preset none, seed by seed, with its 95 % interval (Student's t). The recipes' "
        "own knobs are removed.",
    ]
    for name, presets in result["recipes"].items():
        lines += [
            "",
            f"## {name}",
            "",
            "| preset | train | test | gap | test loss | difference on test |",
            "|---|---|---|---|---|---|",
        ]
        for preset, rows in presets.items():
            mean = {key: statistics.fmean(row[key] for row in rows) for key in rows[0]}
            change = "–"
            if preset != "none":
                differences = [
                    100 * (row["test"] - base["test"])
                    for row, base in zip(rows, presets["none"], strict=True)
                ]
                low, high = interval(differences)
                change = f"{statistics.fmean(differences):+.2f} ({low:+.2f} to {high:+.2f})"
            lines.append(
                f"| {preset} | {100 * mean['train']:.2f} | {100 * mean['test']:.2f} "
                f"| {100 * (mean['train'] - mean['test']):.2f} | {mean['loss']:.4f} | {change} |"
            )
    return "\n".join([*lines, *machine_lines(result["machine"], command=command)])


def main() -> None:
    """Measure every preset on every recipe; what was measured is kept in --keep."""
    made = parser(__doc__)
    made.add_argument("--seeds", type=positive, default=3, help="how many, from 1")
    made.add_argument("--recipes", nargs="+", default=list(RECIPES))
    made.add_argument("--keep", type=Path, help="JSON file of results so far; goes on from it")
    options = made.parse_args()
    facts = machine()
    devices.prepare("cpu")
    seeds = list(range(1, options.seeds + 1))
    kept = json.loads(options.keep.read_text()) if options.keep and options.keep.exists() else {}
    for seed in seeds:
        for name in options.recipes:
            for preset in PRESETS:
                key = f"{name} {preset} {seed}"
                if key not in kept:
                    kept[key] = measure(name, preset, seed)
                    print(key, kept[key], flush=True)
                    if options.keep:
                        options.keep.write_text(json.dumps(kept, indent=1))
    result = {
        "machine": facts,
        "seeds": seeds,
        "recipes": {
            name: {
                preset: [kept[f"{name} {preset} {seed}"] for seed in seeds] for preset in PRESETS
            }
            for name in options.recipes
        },
    }
    command = f"python benchmarks/presets.py --seeds {options.seeds}"
    publish(result, page(result, command), options)


if __name__ == "__main__":
    main()
