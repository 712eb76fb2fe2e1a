"""Measure what a published sentence encoder is worth: similarity untrained, texts and pairs fine-tuned.

    python benchmarks/minilm.py --write

Needs minilm_l6.all_v2 in the cache (`zoo weights add`), TFDS_DATA_DIR with trec and glue/sst2, and
ZOO_DATA_DIR with mr_polarity, sentence_pairs and imdb. Results are appended to minilm.jsonl, and what it
holds already is not run again. Settings are compared on validation; the page shows the test figure of
the best one.
"""

import argparse
import csv
import gzip
import json
import os
import tarfile
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from looking import parser, publish, start, table
from scipy.stats import spearmanr

from recipes.objects import make_dataset
from recipes.runs.evaluate import BATCH_SIZE, predictions_of
from recipes.runs.run import Run, load_run
from recipes.training.finetune import finetune
from recipes.values.load import load_recipe
from zoo.data.dataset import Split
from zoo.data.pipeline import Encoded

NAME = "minilm_l6.all_v2"
RESAMPLES = 2000
RESULTS = Path("benchmarks/minilm.jsonl")
IMDB_EXAMPLES = 2_000  # of the 22,500 reviews of train
ALL, LORA, HEAD, TOWERS = "all weights", "LoRA", "head alone", "all weights, two towers"
NO_TRAINING = {"training.epochs": 0, "schedule.warmup_epochs": 0.0}
LOW_RANK = {"model.lora_rank": 4, "optimizer.learning_rate": 1e-3}
# data, way: the settings that were tried, as changes of what `zoo finetune` takes by itself; the one
# with the best validation figure is on the page, and the number of those that were tried
CELLS: dict[tuple[str, str], list[dict[str, Any]]] = {
    ("sick", ALL): [
        {"training.epochs": 5, "initialization.backbone_rate": r} for r in (0.01, 0.02)
    ],
    ("msr_paraphrase", ALL): [
        {"training.epochs": 5},
        {"training.epochs": 5, "initialization.backbone_rate": 0.02},
    ],
    ("stsb", ALL): [{"training.epochs": 4, "task.arguments.encoder": "cross_encoder"}],
    ("stsb", TOWERS): [{}, {"optimizer.learning_rate": 5e-5}],
    ("trec", HEAD): [NO_TRAINING],
    ("trec", ALL): [{"training.epochs": 6, "optimizer.learning_rate": 2e-4}],
    ("trec", LORA): [LOW_RANK | {"training.epochs": 6}],
    ("mr_polarity", HEAD): [NO_TRAINING],
    ("mr_polarity", ALL): [{}, {"optimizer.learning_rate": 5e-5, "training.epochs": 4}],
    ("mr_polarity", LORA): [LOW_RANK],
    ("glue/sst2", ALL): [{"training.epochs": 1}],
    ("imdb", ALL): [{"data.max_examples": IMDB_EXAMPLES, "training.epochs": 2}],
}
METRICS = {"stsb": "spearman", "msr_paraphrase": "f1"}
SCRATCH = {"trec": "text/trec-textcnn", "mr_polarity": "text/mr_polarity-textcnn"}
SCRATCH |= {"glue/sst2": "text/sst2-textcnn"}


def main(arguments: list[str] | None = None) -> None:
    """Run what is missing, print the page, and write it where asked."""
    options = parser(__doc__.partition("\n")[0], seeds=1)
    options.add_argument("--results", type=Path, default=RESULTS)
    options.add_argument("--only", default="", help="measure only data whose name holds this")
    options.add_argument("--precision", default="mixed_bfloat16", help="of the training")
    options = options.parse_args(arguments)
    with start():
        publish("minilm", to_lines(measure(options), options.precision), None, options)


def measure(options: argparse.Namespace) -> dict[tuple, dict[str, Any]]:
    """Return what was found by data, way, number of the setting and seed."""
    path, found = options.results, {}
    for line in path.read_text().splitlines() if path.exists() else ():
        *cell, values = json.loads(line)
        found[tuple(cell)] = values
    cells = [("stsb", "untrained", 0, 0)]
    cells += [
        (*cell, setting, seed)
        for seed in range(1, options.seeds + 1)
        for cell, settings in CELLS.items()
        for setting in range(len(settings))
    ]
    for cell in cells:
        if cell in found or options.only not in cell[0]:
            continue
        began = time.perf_counter()
        untrained = cell[1] == "untrained"
        found[cell] = similarity() if untrained else trained(*cell, precision=options.precision)
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
    drawn = _resamples(len(rows))
    values = [spearmanr(cosines[places], scores[places]).statistic for places in drawn]
    low, high = np.percentile(values, (2.5, 97.5))
    value = spearmanr(cosines, scores).statistic
    return {"value": float(value), "low": float(low), "high": float(high), "examples": len(rows)}


def trained(data: str, way: str, setting: int, seed: int, *, precision: str) -> dict[str, Any]:
    """Fine-tune once; return the figures of validation and test, and of the best simple model."""
    with tempfile.TemporaryDirectory() as folder:
        how = {"seed": seed, "run_dir": Path(folder) / "run", "progress": False}
        values = {"training.precision": precision} | CELLS[data, way][setting]
        place = _imdb(Path(folder)) if data == "imdb" else data
        run = finetune(NAME, place, **how, **values)
        metric = METRICS.get(data, "accuracy")
        splits = make_dataset(run.recipe).splits
        entry = run.metrics["metrics"][metric]
        models = run.metrics.get("baselines", {}).get("models", [])
        rank = run.recipe.model.lora_rank
        return {
            "validation": _score(run, splits["validation"], metric),
            "value": entry["value"],
            "low": entry["low"],
            "high": entry["high"],
            "weights": _trained_numbers(run, rank) if run.recipe.training.epochs else 0,
            "simple": {
                one["name"]: one["metrics"][metric]["value"]
                for one in models
                if metric in one["metrics"]
            },
        }


def _imdb(folder: Path) -> Path:
    """Unpack the reviews and return their folder."""
    packed = Path(os.environ["ZOO_DATA_DIR"]) / "imdb" / "aclImdb_labelled.tar.xz"
    with tarfile.open(packed) as archive:
        archive.extractall(folder, filter="data")
    return folder / "aclImdb"


def _answers(run: Run, split: Split) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    encoded = Encoded(split, run.task, run.assets)
    return predictions_of(run.model, run.task, run.assets, encoded, batch_size=BATCH_SIZE)


def _score(run: Run, split: Split, metric: str) -> float:
    return float(run.task.score(*_answers(run, split))[metric])


def _resamples(examples: int) -> list[np.ndarray]:
    generator = np.random.default_rng(0)
    return [generator.integers(0, examples, examples) for _ in range(RESAMPLES)]


def _trained_numbers(run: Any, rank: int) -> int:
    """Return how many numbers training changed, those of the head left out."""
    from zoo.adapters import add_adapters

    backbone = run.model.get_layer("backbone")
    before = backbone.count_params()
    if not rank:
        return before
    add_adapters([backbone], rank)
    return backbone.count_params() - before


def to_lines(found: dict[tuple, dict[str, Any]], precision: str) -> list[str]:
    """Return the page."""
    lines = ["# A published sentence encoder", "", f"`{NAME}` (22.6 million weights)."]
    similar = found.get(("stsb", "untrained", 0, 0))
    if similar:
        lines += [
            "",
            "## Similarity, without training",
            "",
            f"Spearman's correlation of cosines with the scores of the {similar['examples']:,} pairs "
            f"of STS-B's test set: {similar['value']:.4f} ({similar['low']:.4f} to "
            f"{similar['high']:.4f}; {RESAMPLES:,} resamples of pairs).",
        ]
    rows = [row for cell in CELLS for row in _rows(*cell, found)]
    if not rows:
        return lines
    columns = ("data", "trained", "setting", "metric", "validation", "test", "numbers trained")
    columns += ("minutes", "best simple", "from random")
    return [*lines, "", "## Fine-tuned", "", *_notes(precision, found), *table(columns, rows)]


def _rows(data: str, way: str, found: dict[tuple, dict[str, Any]]) -> Iterator[tuple]:
    """Yield the row of the best setting on validation for each seed."""
    for seed in sorted({key[3] for key in found if key[:2] == (data, way)}):
        tried = {
            key[2]: one for key, one in found.items() if (*key[:2], key[3]) == (data, way, seed)
        }
        best = max(tried, key=lambda setting: tried[setting]["validation"])
        one = tried[best]
        yield (
            data,
            way,
            _setting(CELLS[data, way][best])
            + (f" (best of {len(tried)})" if len(tried) > 1 else ""),
            METRICS.get(data, "accuracy"),
            f"{100 * one['validation']:.1f}",
            f"{100 * one['value']:.1f} ({100 * one['low']:.1f} to {100 * one['high']:.1f})",
            f"{one['weights']:,}" if one["weights"] else "the head's",
            one["minutes"],
            *_beside(data, one),
        )


def _setting(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{key.rpartition('.')[2]}={value}" for key, value in values.items()) or "–"


def _notes(precision: str, found: dict[tuple, dict[str, Any]]) -> list[str]:
    of_imdb = (
        f" Of imdb, {IMDB_EXAMPLES:,} reviews of train and of test were used, the first 256 tokens of "
        "each."
    )
    return [
        f"Trained in {precision}, one seed each, with the interval of the test examples (95 %); "
        "correlations are times 100. F1 is that of the class of paraphrases. *Setting*: what was "
        "changed of `zoo finetune`'s own values, the best of those tried by the figure on "
        "validation. *Head alone*: logistic regression on the vectors. *Best simple*: of the models "
        "of `zoo baseline` on the same split. *From random*: the recipe of kerazoo, mean of its "
        "seeds. Other work ran beside, so that the minutes are too long."
        + (of_imdb if any(key[0] == "imdb" for key in found) else ""),
        "",
    ]


def _beside(data: str, one: dict[str, Any]) -> tuple[str, str]:
    """Return the figures of the best simple model and of the network from random vectors."""
    best = max(one["simple"].items(), key=lambda pair: pair[1], default=None)
    simple = f"{100 * best[1]:.1f} ({best[0]})" if best else "–"
    expected = load_recipe(SCRATCH[data]).expects if data in SCRATCH else None
    return simple, f"{100 * expected.mean:.1f}" if expected else "–"


if __name__ == "__main__":
    main()
