"""Does a report name the input that a model neglects, and what wins back what it costs?

    python benchmarks/modality_bias.py --seeds 40 --write

Two vectors tell of one of four classes; each is mere noise in a share of the examples, independently, so
that both together tell more than either. *Unbiased*: both tell in the same simple way. *Biased*: the
first tells by its mean, which is learned at once; the second by which pair of its signs agree, which
takes much longer; and there are few examples, so that the rest can be memorized.
"""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from looking import measured, parser, percent, publish, start, table

import zoo
from recipes.training.train import train
from recipes.values.schema import Recipe
from zoo.cards import DatasetCard
from zoo.columns import Label
from zoo.columns.vector import Vector
from zoo.data.dataset import Dataset, Split

BIASED, UNBIASED = "biased", "unbiased"
CLASSES, DIMS = 4, 24
TELLS = 0.8  # share of the examples in which an input is not noise
TRAIN, TEST = 600, 1000
WAYS = {  # what training does against it
    "nothing": {},
    "light": {"modality_dropout_rate": 0.1},
    "medium": {"modality_dropout_rate": 0.2, "auxiliary_loss_weight": 0.3},
    "strong": {
        "modality_dropout_rate": 0.3,
        "auxiliary_loss_weight": 1.0,
        "gradient_modulation_alpha": 0.5,
    },
    "dropout of inputs, 0.3": {"modality_dropout_rate": 0.3},
    "heads of their own, 1.0": {"auxiliary_loss_weight": 1.0},
    "modulated gradients, 0.5": {"gradient_modulation_alpha": 0.5},
    "warm-up of single inputs, 10 epochs": {"unimodal_warmup_epochs": 10},
    "gradient blending, every 5 epochs": {"gradient_blending_epochs": 5},
}


def vectors(label: np.ndarray, hard: bool, generator: np.random.Generator) -> np.ndarray:
    """Return what one input shows, (N, DIMS): simple means, or signs whose products tell."""
    count = len(label)
    noise = generator.normal(size=(count, DIMS))
    tells = generator.random(count) < TELLS
    if not hard:
        means = np.random.default_rng(7).normal(size=(CLASSES, DIMS))
        return noise + 1.0 * means[label] * tells[:, None]
    bits = np.stack([label & 1, label >> 1], axis=1)  # (N, 2)
    first = generator.integers(0, 2, (count, 2))
    signs = np.concatenate([first, first ^ bits], axis=1) * 2 - 1  # products of pairs tell the bits
    shown = np.concatenate([np.repeat(signs, 3, axis=1), np.zeros((count, DIMS - 12))], axis=1)
    return noise + 2.0 * shown * tells[:, None]


def made(*, biased: bool = True, draw: int = 0) -> Dataset:
    """Return one set of two inputs."""
    splits = {}
    for place, (name, count) in enumerate(
        {"train": TRAIN, "validation": 200, "test": TEST}.items()
    ):
        generator = np.random.default_rng([draw, place])
        label = generator.integers(0, CLASSES, count)
        first, second = (vectors(label, hard, generator) for hard in (False, biased))
        splits[name] = Split({"first": first, "second": second, "label": label})
    features = {"first": Vector((DIMS,)), "second": Vector((DIMS,)), "label": Label()}
    classes = tuple("abcd")
    return Dataset("two_vectors", splits, features, classes, "Apache-2.0", "made")


def card() -> DatasetCard:
    """Return the card that a recipe finds the set by."""
    return DatasetCard(
        name="two_vectors",
        source="made",
        loader=f"{__name__}:made",
        modality="multimodal",
        task="multimodal_classification",
        summary="Two vectors that tell of one class.",
        licence="Apache-2.0",
        homepage="",
        num_classes=CLASSES,
        arguments={"biased": True, "draw": 0},
    )


def values(biased: bool, seed: int, regularization: dict[str, float]) -> dict[str, Any]:
    """Return the recipe of one run."""
    encoder = {"name": "vector_mlp", "arguments": {"hidden_dims": [128, 64]}}
    return {
        "name": "modality-bias",
        "summary": "Two vectors.",
        "task": {"name": "multimodal_classification"},
        "data": {"name": "two_vectors", "arguments": {"biased": biased, "draw": seed}},
        "model": {
            "name": "late_fusion",
            "arguments": {"encoders": {"first": encoder, "second": encoder}},
        },
        "regularization": {"preset": "none", "weight_decay": 0.01, **regularization},
        "optimizer": {"name": "adamw", "learning_rate": 1e-3},
        "training": {"epochs": 30, "batch_size": 32, "seed": seed + 1, "select": "last"},
    }


def run(data: str, way: str, draw: int) -> dict[str, Any]:
    """Train once and return what was measured on test."""
    recipe = Recipe.parse(values(data == BIASED, draw, WAYS[way]), source="benchmark")
    with tempfile.TemporaryDirectory() as folder:
        trained = train(recipe, run_dir=Path(folder) / "run", progress=False)
    found = trained.metrics["modalities"]
    return {
        "accuracy": trained.metrics["metrics"]["accuracy"]["value"],
        "averaged": found["averaged"]["value"],
        "alone": max(one["value"] for one in found["alone"].values()),
        "share": found["inputs"]["second"]["share"]["value"],
        "neglected": found["neglected"],
    }


def cells(seeds: int, tried: int) -> Iterator[tuple[str, str, int]]:
    """Yield data, way and draw of each run."""
    for draw in range(seeds):
        yield from ((data, "nothing", draw) for data in (BIASED, UNBIASED))
    for draw in range(min(seeds, tried)):
        yield from ((BIASED, way, draw) for way in WAYS)


def to_lines(found: Mapping[tuple[str, str, int], dict[str, Any]]) -> list[str]:
    """Return the page."""
    rows = []
    for data, expected in ((BIASED, ["second"]), (UNBIASED, [])):
        some = [one for cell, one in found.items() if cell[:2] == (data, "nothing")]
        named = sum(one["neglected"] == expected for one in some)
        names = ("accuracy", "averaged", "alone", "share")
        columns = [percent([one[name] for one in some]) for name in names]
        rows.append((data, len(some), f"{named} of {len(some)}", *columns))
    columns = ("data", "runs", "rightly named", "model", "average of single inputs")
    lines = [
        "# Bias to one of two inputs",
        "",
        *__doc__.strip().partition("--write\n\n")[2].replace("\n", " ").split("  "),
        "",
        "*Rightly named*: the report calls the second input neglected where bias was provoked, and none "
        "where it was not. Accuracy on 1,000 test examples in percent, mean and 95 % interval over "
        "runs; *share* is that of the second input in the model.",
        "",
        *table((*columns, "best single input", "share"), rows),
    ]
    draws = {cell[2] for cell in found if cell[:2] == (BIASED, "strong")}
    if not draws:
        return lines
    lost = _mean(found, "nothing", draws, "averaged") - _mean(found, "nothing", draws, "accuracy")
    rows = []
    for way in WAYS:
        some = [found[BIASED, way, draw] for draw in sorted(draws)]
        gains = [
            found[BIASED, way, d]["accuracy"] - found[BIASED, "nothing", d]["accuracy"]
            for d in draws
        ]
        won = "–" if way == "nothing" else f"{100 * float(np.mean(gains)) / (100 * lost):.0%}"
        rows.append(
            (way, percent([one["accuracy"] for one in some]), percent(gains, signed=True), won,
             percent([one["share"] for one in some]))
        )  # fmt: skip
    return [
        *lines,
        "",
        f"What training can do against it, {len(draws)} draws of the biased data, paired. *Won back*: "
        "of what the model lost beside the average of single inputs.",
        "",
        *table(("way", "accuracy", "gain", "won back", "share"), rows),
    ]


def _mean(found: Mapping[Any, dict[str, Any]], way: str, draws: set[int], what: str) -> float:
    return float(np.mean([found[BIASED, way, draw][what] for draw in draws]))


def main(arguments: list[str] | None = None) -> None:
    """Run what is missing, print the page, and write it where asked."""
    options = parser(__doc__.partition("\n")[0], seeds=40)
    options.add_argument("--tried", type=int, default=5, help="draws that each way is tried on")
    options.add_argument("--results", type=Path, default=Path("modality_bias.jsonl"))
    options = options.parse_args(arguments)
    zoo.register(card())
    with start():
        found = measured(options.results, cells(options.seeds, options.tried), run)
        publish("modality_bias", to_lines(found), None, options)


if __name__ == "__main__":
    main()
