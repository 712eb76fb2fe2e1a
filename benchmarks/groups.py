"""Measure what weights of groups gain for a rare group, and what they cost.

The embedded digits, small ones (0 to 4) against large ones (5 to 9), each on a ground that is striped up
and down or from left to right. In training the ground goes with the class in 19 of 20 pictures, as water
does with waterbirds (1911.08731); in the test it goes with neither. A network that looks at the ground
is right on the frequent combinations and wrong on the rare ones:

    python benchmarks/groups.py --seeds 3 --write

`--make FOLDER` only writes the pictures and tables of the first seed, for runs by hand.
"""

import argparse
import csv
import itertools
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from looking import interval, measured, parser, percent, publish, start, table
from PIL import Image

import zoo
from recipes.groups.measure import by_group
from recipes.report import theme
from recipes.values.load import load_recipe

GOES_ALONG = 0.95  # share of training pictures whose ground is that of their class
SIDE = 16  # pixels; a digit has 8
GROUNDS = ("upright", "level")
GROUPS = "ground+label"
BASE = {
    "data.arguments": {"file_column": "file"},
    "data.validation_fraction": 0.15,
    "model.arguments": {"widths": [16, 32], "dropout_rate": 0.1},
    "regularization": {"preset": "none", "weight_decay": 0.05},
    "training.epochs": 20,
    "training.select": "last",
}
WAYS: dict[str, dict[str, Any]] = {
    "plain": {},
    "class weights": {"training.class_weights": "balanced"},
    "group weights, ground": {"training.group_weights": "ground"},
    "group weights, ground+label": {"training.group_weights": GROUPS},
}
SCORES = ("as in training", "test", "worst group", "rare groups")


def main(arguments: list[str] | None = None) -> None:
    """Run what is missing, print the page, and write it where asked."""
    options = parser(__doc__.partition("\n")[0], seeds=3)
    options.add_argument("--results", type=Path, default=Path("groups.jsonl"))
    options.add_argument("--make", type=Path, metavar="FOLDER", help="only write the data here")
    options = options.parse_args(arguments)
    make = vars(options).pop("make")
    if make:
        print(write(make, seed=1))
        return
    with start():
        cells = itertools.product(range(1, options.seeds + 1), WAYS)
        found = measured(options.results, cells, run)
        publish("groups", to_lines(found, options), draw(found), options)


def write(folder: Path, *, seed: int) -> Path:
    """Write pictures with train.csv and test.csv into a new folder; the seed draws the grounds."""
    folder.mkdir(parents=True)
    generator, digits = np.random.default_rng(seed), zoo.load_dataset("digits")
    for part, share in (("train", GOES_ALONG), ("test", 0.5)):
        split = digits.splits[part]
        with (folder / f"{part}.csv").open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["file", "label", "ground"])
            for number, digit in enumerate(split.labels.tolist()):
                large = digit > 4
                usual = generator.random() < share
                ground = int(large) if usual else 1 - int(large)
                picture = on_ground(split[number]["image"][..., 0], ground, generator)
                name = f"{part}-{number}.png"
                Image.fromarray(picture).save(folder / name)
                rows.writerow([name, "large" if large else "small", GROUNDS[ground]])
    return folder


def on_ground(digit: np.ndarray, ground: int, generator: np.random.Generator) -> np.ndarray:
    """Return a digit (8, 8) on stripes of 2 pixels, uint8 (16, 16)."""
    stripes = np.arange(SIDE) // 2 % 2 * 90
    picture = np.tile(stripes, (SIDE, 1)).astype("int64")  # upright
    picture = picture.T.copy() if ground else picture
    picture += generator.integers(0, 30, picture.shape)
    top, left = generator.integers(0, SIDE - 8, 2)
    place = picture[top : top + 8, left : left + 8]
    np.maximum(place, digit, out=place)
    return np.clip(picture, 0, 255).astype("uint8")


def run(seed: int, way: str) -> dict[str, Any]:
    """Train once, and return the scores of the groups on test."""
    with tempfile.TemporaryDirectory(prefix="zoo-groups-") as folder:
        place = write(Path(folder) / "digits", seed=seed)
        values = {"data.name": str(place), "training.seed": seed} | BASE | WAYS[way]
        recipe = load_recipe("image/digits-cnn").with_values(values)
        trained = zoo.train(recipe, run_dir=Path(folder) / "run", progress=False)
        found = by_group(trained, trained.scored(), GROUPS)[GROUPS]
    return {
        "groups": {row["group"]: [row["examples"], row["value"]] for row in found["groups"]},
        "test": found["value"],
        "worst": found["worst"]["group"],
    }


def scores(found: dict[str, Any]) -> dict[str, float]:
    """Return the accuracies of one training.

    "as in training" is that of test pictures whose groups have their shares of train.
    """
    values = {name: value for name, (_, value) in found["groups"].items()}
    frequent = ("upright, small", "level, large")
    usual = float(np.mean([values[name] for name in frequent]))
    rare = float(np.mean([value for name, value in values.items() if name not in frequent]))
    mean = GOES_ALONG * usual + (1 - GOES_ALONG) * rare
    return dict(zip(SCORES, (mean, found["test"], min(values.values()), rare), strict=True))


def to_lines(found: dict[tuple[int, str], Any], options: argparse.Namespace) -> list[str]:
    """Return the page."""
    seeds, rows = range(1, options.seeds + 1), []
    told = {key: scores(each) for key, each in found.items()}
    for way in WAYS:
        values = [percent([told[seed, way][name] for seed in seeds]) for name in SCORES]
        changed = ["–", "–"]
        if way != "plain":
            changed = [
                percent(
                    [told[seed, way][name] - told[seed, "plain"][name] for seed in seeds],
                    signed=True,
                )
                for name in ("worst group", "as in training")
            ]
        rows.append((way, *values, *changed))
    return [
        "# A rare group",
        "",
        "The embedded digits on a striped ground, small ones (0 to 4) against large ones (5 to 9). "
        f"In {100 * GOES_ALONG:.0f} % of the 1,438 training pictures the stripes are upright under "
        "small digits and level under large ones; in the 359 test pictures they go with neither. "
        f"`cnn_small` with 16 and 32 channels, {BASE['training.epochs']} epochs, last epoch. Accuracy "
        f"in %, mean of {options.seeds} seeds ± half its 95 % interval (Student t); each seed draws "
        "other grounds. *As in training* weighs the four groups (ground and class) by their shares of "
        "train, *rare groups* is the mean of the two that are rare there. The last two columns are "
        "differences from *plain* within a seed, in points.",
        "",
        *table(("training", *SCORES, "gain, worst group", "price, as in training"), rows),
    ]


def draw(found: dict[tuple[int, str], Any]):
    """Draw the worst group over the accuracy as in training, one point for each way."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2, 3.4), layout="constrained")
    axes = theme.plain(figure.subplots(), grid="both")
    colours = (theme.MUTED, theme.FIRST, theme.SECOND, theme.THIRD)
    for way, mark, colour in zip(WAYS, "osD^", colours, strict=True):
        own = [scores(each) for (_, name), each in found.items() if name == way]
        x, dx = interval([100 * each["as in training"] for each in own])
        y, dy = interval([100 * each["worst group"] for each in own])
        axes.errorbar(x, y, xerr=dx, yerr=dy, marker=mark, color=colour, linestyle="", label=way)
    axes.set(xlabel="accuracy as in training (%)", ylabel="accuracy of the worst group (%)")
    axes.legend(fontsize=7, loc="lower left")
    return figure


if __name__ == "__main__":
    main()
