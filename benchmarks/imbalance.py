"""Measure what remedies for rare classes are worth, and what they cost, on Fashion-MNIST cut to 1:50.

    python benchmarks/imbalance.py --write
    python benchmarks/imbalance.py --make ./rare

Five classes keep 3,000 training pictures and five keep 60, which each seed draws anew. Results are
appended to a file, and what it holds already is not run again. `--make` only writes the data of seed 1
as a folder, for runs by hand. Needs TFDS_DATA_DIR with fashion_mnist.
"""

import argparse
import itertools
import json
import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
from looking import interval, parser, percent, publish, start, table
from PIL import Image

import zoo
from recipes.report import theme
from recipes.runs.evaluate import predictions_of
from recipes.training.setup import prepare
from recipes.values.load import load_recipe
from zoo.data.pipeline import Encoded, training_stream

COMMON, RARE = 3000, 60  # training pictures of a class
TEST_COMMON, TEST_RARE = 1000, 200  # test pictures of a class
FIRST_RARE = 5  # sandal, shirt, sneaker, bag, ankle boot
EPOCHS = 15
BASE = {
    "model.name": "cnn_small",
    "model.arguments": {"widths": [16, 32, 64]},
    "regularization": {"preset": "none", "flip": True, "crop_padding": 2},
    "optimizer": {"name": "adamw", "learning_rate": 2e-3},
    "schedule": {"name": "cosine", "warmup_epochs": 0.5},
    "training.epochs": EPOCHS,
    "training.select": "last",  # a handful of rare validation pictures cannot choose an epoch
    "data.validation_fraction": 0.1,
}
WAYS = {
    "plain": {},
    "class weights": {"training.class_weights": "balanced"},
    "sampling, balanced": {"data.sampling": "balanced"},
    "sampling, sqrt": {"data.sampling": "sqrt"},
    "focal loss": {"task.arguments.loss": "focal"},
    "logit adjustment": {"task.arguments.loss": "logit_adjusted"},
}
SCORES = ("accuracy", "balanced accuracy", "rare", "common")


def main(arguments: list[str] | None = None) -> None:
    """Run what is missing, print the page, and write it where asked."""
    options = parser(__doc__.partition("\n")[0], seeds=3)
    options.add_argument("--results", type=Path, default=Path("imbalance.jsonl"))
    options.add_argument("--make", type=Path, metavar="FOLDER", help="only write the data here")
    options = options.parse_args(arguments)
    make = vars(options).pop("make")
    if make:
        print(write(make, seed=1))
        return
    with start():
        found = measure(options)
        publish("imbalance", to_lines(found, options), draw(found), options)


def write(folder: Path, *, seed: int) -> Path:
    """Write train/CLASS/N.png and test/CLASS/N.png into a new folder; the seed draws those of train."""
    generator, dataset = np.random.default_rng(seed), zoo.load_dataset("fashion_mnist")
    counts = {"train": (COMMON, RARE), "test": (TEST_COMMON, TEST_RARE)}
    for part, (common, rare) in counts.items():
        split = dataset.splits[part]
        for label, name in enumerate(dataset.classes):
            places = np.flatnonzero(split.labels == label)
            count = rare if label >= FIRST_RARE else common
            chosen = generator.permutation(places)[:count] if part == "train" else places[:count]
            target = folder / part / f"{label}_{re.sub(r'[^a-z]+', '_', name.lower())}"
            target.mkdir(parents=True)
            for number, place in enumerate(chosen.tolist()):
                image = Image.fromarray(split[place]["image"][..., 0])
                image.save(target / f"{number:04d}.png")
    return folder


def cells(seeds: int) -> Iterator[tuple[int, str]]:
    """Yield seed and way."""
    yield from itertools.product(range(1, seeds + 1), WAYS)


def measure(options: argparse.Namespace) -> dict[tuple[int, str], dict[str, float]]:
    """Return the scores on test by cell."""
    path, found = options.results, {}
    for line in path.read_text().splitlines() if path.exists() else ():
        seed, way, scores, _ = json.loads(line)
        found[seed, way] = scores
    missing = [cell for cell in cells(options.seeds) if cell not in found]
    for seed, group in itertools.groupby(missing, key=lambda cell: cell[0]):
        with tempfile.TemporaryDirectory() as folder:
            place = write(Path(folder) / "rare", seed=seed)
            for cell in group:
                keras.utils.clear_session()  # else every network stays in memory
                began = time.perf_counter()
                found[cell] = run(place, *cell)
                seconds = round(time.perf_counter() - began, 1)
                print(*cell, found[cell], f"{seconds} s", flush=True)
                with path.open("a") as file:
                    file.write(json.dumps([*cell, found[cell], seconds]) + "\n")
    return found


def run(place: Path, seed: int, way: str) -> dict[str, float]:
    """Return the scores of one training on the test pictures.

    "accuracy" is that of test pictures of which each class has its share of train.
    """
    values = {"data.name": str(place), "training.seed": seed} | BASE | WAYS[way]
    setup = prepare(load_recipe("image/fashion_mnist-resnet20").with_values(values))
    training = setup.recipe.training
    how = {"batch_size": training.batch_size, "seed": training.seed}
    stream = training_stream(setup.train, augment=setup.augment, **how)
    how = {"epochs": training.epochs, "steps_per_epoch": setup.steps, "verbose": 0}
    setup.model.fit(stream, shuffle=False, **how)
    test = Encoded(setup.dataset.splits["test"], setup.task, setup.assets)
    found = setup.task.statistics(
        *predictions_of(setup.model, setup.task, setup.assets, test, batch_size=256)
    )
    recall = np.array([found["right"][found["label"] == k].mean() for k in range(10)])
    shares = np.bincount(setup.dataset.splits["train"].labels) / len(setup.train)
    scores = (
        recall @ shares,
        recall.mean(),
        recall[FIRST_RARE:].mean(),
        recall[:FIRST_RARE].mean(),
    )
    return {name: round(float(score), 6) for name, score in zip(SCORES, scores, strict=True)}


def to_lines(
    found: dict[tuple[int, str], dict[str, float]], options: argparse.Namespace
) -> list[str]:
    """Return the page."""
    seeds = range(1, options.seeds + 1)
    rows = []
    for way in WAYS:
        values = [percent([found[seed, way][name] for seed in seeds]) for name in SCORES]
        gains = [found[seed, way]["rare"] - found[seed, "plain"]["rare"] for seed in seeds]
        prices = [found[seed, way]["accuracy"] - found[seed, "plain"]["accuracy"] for seed in seeds]
        changed = (percent(gains, signed=True), percent(prices, signed=True))
        rows.append((way, *values, *(changed if way != "plain" else ("–", "–"))))
    return [
        "# Rare classes",
        "",
        f"Fashion-MNIST with {COMMON:,} training pictures of five classes and {RARE} of the other five "
        "(sandal, shirt, sneaker, bag, ankle boot), of which a tenth is held out for validation. "
        f"`cnn_small` with 16, 32 and 64 channels, {EPOCHS} epochs, last epoch. Mean of "
        f"{options.seeds} seeds ± half its 95 % interval (Student t), in %; each seed draws other "
        "training pictures. *Accuracy* is that of test pictures of which each class has its share of "
        "train. *Balanced accuracy*, *rare* and *common* are mean recalls of all, the five rare and the "
        f"five common classes, on {TEST_COMMON:,} test pictures of a common class and {TEST_RARE} of a "
        "rare one. The last two columns are differences from *plain* within a seed, in points.",
        "",
        *table(("remedy", *SCORES, "gain, rare", "price, accuracy"), rows),
    ]


def draw(found: dict[tuple[int, str], dict[str, float]]):
    """Draw the recall of rare classes over accuracy, one point for each remedy."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2, 3.4), layout="constrained")
    axes = theme.plain(figure.subplots(), grid="both")
    marks = "osD^vP"
    colours = (theme.MUTED, theme.FIRST, theme.SECOND, theme.THIRD, theme.INK, theme.FIRST)
    for way, mark, colour in zip(WAYS, marks, colours, strict=True):
        own = [scores for (_, name), scores in found.items() if name == way]
        x, dx = interval([100 * scores["accuracy"] for scores in own])
        y, dy = interval([100 * scores["rare"] for scores in own])
        axes.errorbar(x, y, xerr=dx, yerr=dy, marker=mark, color=colour, linestyle="", label=way)
    axes.set(xlabel="accuracy (%)", ylabel="recall of the rare classes (%)")
    axes.legend(fontsize=7, loc="lower left")
    return figure


if __name__ == "__main__":
    main()
