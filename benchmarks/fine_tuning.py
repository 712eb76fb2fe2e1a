"""Measure what pretrained weights are worth with few examples, against scratch and against pixels.

    python benchmarks/fine_tuning.py --write

Each seed draws its own 5, 20 or 100 examples a class. Results are appended to a file, and what it
holds already is not run again. Needs the two weights in the cache (`zoo weights list`), TFDS_DATA_DIR
with fashion_mnist and mnist, and ZOO_DATA_DIR with cifar10_5k and bccd.
"""

import argparse
import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path

import few_examples
import numpy as np
from looking import interval, measured, panels, parser, percent, publish, start, table

import zoo
from recipes.report import theme
from recipes.runs.evaluate import predictions_of
from recipes.runs.run import load
from recipes.training.finetune import finetuning_recipe
from recipes.training.linear_probe import linear_head
from recipes.training.setup import prepare
from zoo.data.pipeline import Encoded, training_stream

COUNTS = (5, 20, 100)  # examples a class, of which a tenth is held out for validation
EPOCHS, STEPS = 10, 20
SCRATCH_RATE = 1e-3
BACKBONES = {
    "efficientnet_lite0.in1k": (64, ("fashion_mnist", "cifar10_5k", "bccd")),
    "resnet56.cifar10_akamaster": (32, ("fashion_mnist", "mnist", "bccd")),
}
WAYS = ("pixels", "scratch", "probe", "fine-tuned")
COLOURS = dict(zip(WAYS, (theme.MUTED, theme.THIRD, theme.SECOND, theme.FIRST), strict=True))
WORDS = {"fashion_mnist": "Fashion-MNIST", "mnist": "MNIST", "cifar10_5k": "CIFAR-10 (5k)"}
WORDS |= {"bccd": "blood cells (BCCD)"}
# Digits have a left and a right, and little of a picture that shows one thing can be cut away.
CHANGES = {"regularization.flip": False, "regularization.crop_min_scale": 0.7}


def main(arguments: list[str] | None = None) -> None:
    """Run what is missing, print the page, and write it where asked."""
    options = parser(__doc__.partition("\n")[0], seeds=3)
    options.add_argument("--results", type=Path, default=Path("fine_tuning.jsonl"))
    options = options.parse_args(arguments)
    with start():
        found = measured(options.results, cells(options.seeds), run)
        publish("fine_tuning", to_lines(found, options), draw(found), options)


def cells(seeds: int) -> Iterator[tuple[str, str, int, int, str]]:
    """Yield backbone, data, examples a class, seed and way; backbones have no part in "pixels"."""
    for backbone, (_, names) in BACKBONES.items():
        for data, seed, count, way in itertools.product(names, range(1, seeds + 1), COUNTS, WAYS):
            yield backbone, data, count, seed, way


def run(backbone: str, data: str, count: int, seed: int, way: str) -> float:
    """Return the accuracy of one training on the test images."""
    with tempfile.TemporaryDirectory() as folder:
        place = few_examples.write(Path(folder) / data, data, count=count, seed=seed)
        if way == "pixels":
            return on_pixels(place)
        recipe = finetuning_recipe(load(backbone), str(place), epochs=EPOCHS, seed=seed)
        values = {"task.arguments.image_size": BACKBONES[backbone][0]}
        values |= CHANGES | {"training.steps_per_epoch": STEPS}
        if way == "probe":
            values |= {"training.epochs": 0, "schedule.warmup_epochs": 0.0}
        if way == "scratch":
            values |= {"initialization": None, "optimizer.learning_rate": SCRATCH_RATE}
        setup = prepare(recipe.with_values(values))
        training = setup.recipe.training
        how = {"batch_size": training.batch_size, "seed": training.seed}
        stream = training_stream(setup.train, augment=setup.augment, **how)
        how = {"epochs": training.epochs, "steps_per_epoch": setup.steps, "verbose": 0}
        setup.model.fit(stream, shuffle=False, **how)
        test = Encoded(setup.dataset.splits["test"], setup.task, setup.assets)
        found = predictions_of(setup.model, setup.task, setup.assets, test, batch_size=256)
        return setup.task.score(*found)["accuracy"]


def on_pixels(place: Path) -> float:
    """Return the accuracy of logistic regression on pixels, its L2 chosen as the probe's."""
    data = {}
    for name in ("train", "test"):
        split = zoo.load_dataset(str(place)).splits[name]
        pixels = np.stack([split[i]["image"] for i in range(len(split))])
        data[name] = pixels.reshape(len(pixels), -1).astype("float32") / 255, split.labels
    (features, labels), (held_out, truth) = data["train"], data["test"]
    kernel, bias, _ = linear_head(features, labels, classes=int(truth.max()) + 1)
    return float(np.mean((held_out @ kernel + bias).argmax(axis=1) == truth))


def to_lines(found: dict[tuple, float], options: argparse.Namespace) -> list[str]:
    """Return the page."""
    seeds = range(1, options.seeds + 1)
    rows = []
    for backbone, (size, names) in BACKBONES.items():
        for data, count in itertools.product(names, COUNTS):
            values = (
                percent([found[backbone, data, count, seed, way] for seed in seeds]) for way in WAYS
            )
            rows.append((f"`{backbone}`, {size} px", WORDS[data], count, *values))
    return [
        "# Pretrained weights and few examples",
        "",
        f"Test accuracy (%), mean of {options.seeds} seeds ± half its 95 % interval (Student t); each "
        "seed draws other training examples. 1,000 test images, of blood cells 209. *Pixels*: logistic "
        "regression on pixels. *Probe*: logistic regression on the features of the pretrained network. "
        f"*Fine-tuned*: from there, {EPOCHS * STEPS} updates of 16 examples of the whole network, as "
        "`zoo finetune` does. *Scratch*: the same network, augmentation and number of updates from "
        "random weights.",
        "",
        *table(("weights", "data", "a class", *WAYS), rows),
    ]


def draw(found: dict[tuple, float]):
    """Draw test accuracy over the number of examples, a panel for each backbone and data set."""
    cells = [(b, data) for b, (_, names) in BACKBONES.items() for data in names]
    figure, row = panels(len(cells), width=2.1, height=2.9)
    for axes, (backbone, data) in zip(row, cells, strict=True):
        for way in WAYS:
            means, halves = [], []
            for count in COUNTS:
                values = [
                    v for k, v in found.items() if k[:3] == (backbone, data, count) and k[4] == way
                ]
                mean, half = interval(values)
                means.append(100 * mean)
                halves.append(100 * half)
            axes.errorbar(COUNTS, means, yerr=halves, marker="o", markersize=3.5, label=way,
                          color=COLOURS[way])  # fmt: skip
        axes.set(xscale="log", ylim=(0, 102), xlabel="examples a class")
        axes.set_title(f"{backbone.partition('.')[0]}\n{WORDS[data]}", fontsize=8)
        axes.set_xticks(COUNTS, [str(count) for count in COUNTS])
        axes.minorticks_off()
    row[0].set_ylabel("test accuracy (%)")
    row[-1].legend(fontsize=7, loc="lower right")
    return figure


if __name__ == "__main__":
    main()
