"""Does a report name the input that a model neglects, and what wins back what it costs?

    python benchmarks/modality_bias.py --seeds 40 --write

Two vectors tell of one of four classes; each is mere noise in a share of the examples, independently, so
that both together tell more than either. *Unbiased*: both tell in the same simple way. *Biased*: the
first tells by its mean, which is learned at once; the second by which pair of its signs agree, which
takes much longer; and there are few examples, so that the rest can be memorized.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from looking import start

import zoo
from recipes.training.train import train
from zoo.cards import DatasetCard
from zoo.columns import Label
from zoo.columns.vector import Vector
from zoo.data.dataset import Dataset, Split

CLASSES, DIMS = 4, 24
TELLS = 0.8  # share of the examples in which an input is not noise
TRAIN, TEST = 600, 1000
PRESETS = {
    "none": {},
    "light": {"modality_dropout_rate": 0.1},
    "medium": {"modality_dropout_rate": 0.2, "auxiliary_loss_weight": 0.3},
    "strong": {
        "modality_dropout_rate": 0.3,
        "auxiliary_loss_weight": 1.0,
        "gradient_modulation_alpha": 0.5,
    },
    "dropout of inputs 0.3": {"modality_dropout_rate": 0.3},
    "heads of their own 1.0": {"auxiliary_loss_weight": 1.0},
    "modulated gradients 0.5": {"gradient_modulation_alpha": 0.5},
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


def run(biased: bool, seed: int, regularization: dict[str, float]) -> dict[str, Any]:
    """Train once and return what was measured on test."""
    from recipes.values.schema import Recipe

    recipe = Recipe.parse(values(biased, seed, regularization), source="benchmark")
    with tempfile.TemporaryDirectory() as folder:
        trained = train(recipe, run_dir=Path(folder) / "run", progress=False)
        return trained.metrics["modalities"] | {
            "accuracy": trained.metrics["metrics"]["accuracy"]["value"]
        }


if __name__ == "__main__":
    import sys
    import time

    zoo.register(card())
    with start():
        for seed in range(int(sys.argv[1])):
            for biased in (True, False):
                t = time.time()
                m = run(biased, seed, {})
                print(
                    biased,
                    seed,
                    m["accuracy"],
                    {k: v["value"] for k, v in m["alone"].items()},
                    m["averaged"]["value"],
                    {k: v["share"]["value"] for k, v in m["inputs"].items()},
                    {k: list(v.values()) for k, v in m["share_beyond_averaged"].items()},
                    m["neglected"],
                    round(time.time() - t, 1),
                    flush=True,
                )
