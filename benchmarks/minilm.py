"""Measure what a published sentence encoder is worth: similarity untrained, and texts to classify.

    python benchmarks/minilm.py --write

Needs minilm_l6.all_v2 in the cache (`zoo weights add`), TFDS_DATA_DIR with trec and glue/sst2, and
ZOO_DATA_DIR with mr_polarity and sentence_pairs. Results are appended to a file, and what it holds
already is not run again.
"""

import argparse
import csv
import gzip
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from looking import parser, publish, start, table
from scipy.stats import spearmanr

from recipes.runs.run import load_run
from recipes.training.finetune import finetune
from recipes.values.load import load_recipe

NAME = "minilm_l6.all_v2"
RESAMPLES = 2000
SST2_EXAMPLES = 20_000  # of the phrases and sentences of train
# data, way: what a run changes of zoo finetune's own values
CELLS: dict[tuple[str, str], dict[str, Any]] = {
    ("trec", "head alone"): {"training.epochs": 0, "schedule.warmup_epochs": 0.0},
    ("trec", "all weights"): {},
    ("trec", "LoRA"): {"model.lora_rank": 4, "optimizer.learning_rate": 1e-3},
    ("mr_polarity", "head alone"): {"training.epochs": 0, "schedule.warmup_epochs": 0.0},
    ("mr_polarity", "all weights"): {},
    ("mr_polarity", "LoRA"): {"model.lora_rank": 4, "optimizer.learning_rate": 1e-3},
    ("glue/sst2", "all weights"): {"data.max_examples": SST2_EXAMPLES, "training.epochs": 1},
}
SCRATCH = {"trec": "text/trec-textcnn", "mr_polarity": "text/mr_polarity-textcnn"}
SCRATCH |= {"glue/sst2": "text/sst2-textcnn"}


def main(arguments: list[str] | None = None) -> None:
    """Run what is missing, print the page, and write it where asked."""
    options = parser(__doc__.partition("\n")[0], seeds=1)
    options.add_argument("--results", type=Path, default=Path("minilm.jsonl"))
    options.add_argument("--only", default="", help="measure only data whose name holds this")
    options = options.parse_args(arguments)
    with start():
        publish("minilm", to_lines(measure(options)), None, options)


def measure(options: argparse.Namespace) -> dict[tuple, dict[str, Any]]:
    """Return what was found by data, way and seed."""
    path, found = options.results, {}
    for line in path.read_text().splitlines() if path.exists() else ():
        *cell, values = json.loads(line)
        found[tuple(cell)] = values
    cells = [("stsb", "untrained", 0)]
    cells += [(*cell, seed) for seed in range(1, options.seeds + 1) for cell in CELLS]
    for cell in cells:
        if cell in found or options.only not in cell[0]:
            continue
        began = time.perf_counter()
        found[cell] = similarity() if cell[0] == "stsb" else trained(*cell)
        found[cell]["minutes"] = round((time.perf_counter() - began) / 60, 2)
        print(*cell, found[cell], flush=True)
        with path.open("a") as file:
            file.write(json.dumps([*cell, found[cell]]) + "\n")
    return found


def similarity() -> dict[str, Any]:
    """Return Spearman's correlation of cosines with the scores of STS-B's test pairs."""
    path = Path(os.environ["ZOO_DATA_DIR"]) / "sentence_pairs" / "stsb-en-test.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    scores = np.array([float(row[2]) for row in rows])
    run = load_run(NAME)
    one, other = (run.embed([row[side] for row in rows]) for side in (0, 1))
    cosines = (one * other).sum(axis=1)
    generator = np.random.default_rng(0)
    drawn = (generator.integers(0, len(rows), len(rows)) for _ in range(RESAMPLES))
    values = [spearmanr(cosines[places], scores[places]).statistic for places in drawn]
    low, high = np.percentile(values, (2.5, 97.5))
    value = spearmanr(cosines, scores).statistic
    return {"value": float(value), "low": float(low), "high": float(high), "examples": len(rows)}


def trained(data: str, way: str, seed: int) -> dict[str, Any]:
    """Fine-tune once; return test accuracy with its interval, and that of the best simple model."""
    with tempfile.TemporaryDirectory() as folder:
        how = {"seed": seed, "run_dir": Path(folder) / "run", "progress": False}
        run = finetune(NAME, data, **how, **{"training.precision": "float32"} | CELLS[data, way])
        entry = run.metrics["metrics"]["accuracy"]
        models = run.metrics.get("baselines", {}).get("models", [])
        rank = run.recipe.model.lora_rank
        return {
            "value": entry["value"],
            "low": entry["low"],
            "high": entry["high"],
            "weights": _trained_numbers(run, rank) if run.recipe.training.epochs else 0,
            "simple": {one["name"]: one["metrics"]["accuracy"]["value"] for one in models},
        }


def _trained_numbers(run: Any, rank: int) -> int:
    """Return how many numbers training changed, those of the head left out."""
    from zoo.adapters import add_adapters

    backbone = run.model.get_layer("backbone")
    before = backbone.count_params()
    if not rank:
        return before
    add_adapters([backbone], rank)
    return backbone.count_params() - before


def to_lines(found: dict[tuple, dict[str, Any]]) -> list[str]:
    """Return the page."""
    lines = ["# A published sentence encoder", "", f"`{NAME}` (22.6 million weights)."]
    similar = found.get(("stsb", "untrained", 0))
    if similar:
        lines += [
            "",
            "## Similarity, without training",
            "",
            f"Spearman's correlation of cosines with the scores of the {similar['examples']:,} pairs "
            f"of STS-B's test set: {similar['value']:.4f} ({similar['low']:.4f} to "
            f"{similar['high']:.4f}; {RESAMPLES:,} resamples of pairs).",
        ]
    rows = []
    for data, way in CELLS:
        runs = [v for (d, w, _), v in found.items() if (d, w) == (data, way)]
        for one in runs:
            rows.append(
                (data, way, _share(one), _weights(one), one["minutes"], *_beside(data, one))
            )
    if not rows:
        return lines
    columns = ("data", "trained", "test accuracy, %", "numbers trained", "minutes", "best simple")
    return [*lines, "", "## Classification", "", *_notes(), *table((*columns, "TextCNN"), rows)]


def _notes() -> list[str]:
    return [
        "With the interval of the test examples (95 %). One seed each. *Head alone*: logistic "
        "regression on the vectors. *Best simple*: of the models of `zoo baseline` on the same "
        "split. *TextCNN*: the recipe of kerazoo, from random vectors, mean of its seeds; it has all "
        f"of train. Of glue/sst2 the encoder saw {SST2_EXAMPLES:,} examples, once.",
        "",
    ]


def _share(one: dict[str, Any]) -> str:
    return f"{100 * one['value']:.1f} ({100 * one['low']:.1f} to {100 * one['high']:.1f})"


def _weights(one: dict[str, Any]) -> str:
    return f"{one['weights']:,}" if one["weights"] else "the head's"


def _beside(data: str, one: dict[str, Any]) -> tuple[str, str]:
    """Return the accuracy of the best simple model and of the network from random vectors."""
    best = max(one["simple"].items(), key=lambda pair: pair[1], default=None)
    expected = load_recipe(SCRATCH[data]).expects
    simple = f"{100 * best[1]:.1f} ({best[0]})" if best else "–"
    return simple, f"{100 * expected.mean:.1f}"


if __name__ == "__main__":
    main()
