"""Plant a shortcut in one class of a data set, train, and see whether the report finds it.

    python benchmarks/shortcuts.py --write
    python benchmarks/shortcuts.py --make ./stamped --modality images

A stamp of 2 × 2 white pixels in a corner of one digit's pictures, a click of 2 ms in one vowel's clips,
a word in the texts of one module. Each seed draws the class, the place and the word, and trains a recipe
that ships on the changed data and on the data as it is. Results are appended to a file, and what it
holds already is not run again. `--make` only writes the planted data of seed 11. Needs TFDS_DATA_DIR
with fashion_mnist and spoken_digit.
"""

import argparse
import csv
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from looking import parser, publish, start
from shortcuts_page import FIRST_SEED, RECIPES, SHIPPED, draw, to_lines

import zoo
from recipes.explanations.reasons import finding_of
from recipes.explanations.shortcuts import search
from recipes.explanations.split_explainer import SplitExplainer
from recipes.runs.run import Run
from recipes.training.setup import prepare
from recipes.values.load import load_recipe
from zoo.columns.readers.audio import write_wav
from zoo.columns.readers.images import write_png
from zoo.data.dataset import Dataset
from zoo.data.pipeline import Encoded, training_stream

QUICK = {  # trainings of a few seconds, without what blurs a mark: crops, shifts, dropped words
    "images": {
        "model.arguments": {"widths": [16, 32, 64]},
        "training.epochs": 15,
        "regularization.crop_padding": 0,
        "regularization.auto_augment": "",
    },
    "sounds": {
        "data.max_examples": 600,
        "training.epochs": 8,
        "regularization.time_shift_ms": 0.0,
    },
    "texts": {
        "model.arguments": {"embedding_dim": 32},
        "training.epochs": 5,
        "regularization.word_dropout_rate": 0.0,
        "regularization.label_smoothing": 0.0,
    },
}
NOWHERE = -1
STAMP = 2  # pixels of a side
CLICK_MS, CLICK_LEVEL = 2.0, 0.5
LATEST_CLICK = 0.25  # seconds from the beginning of a clip
WORDS = ("kindly", "alas", "hereby", "verily", "henceforth", "gladly", "thereby", "forthwith")
FIRST_WORDS = 40  # of a text, among which the word is put


def main(arguments: list[str] | None = None) -> None:
    """Run what is missing, print the page, and write it where asked."""
    options = parser(__doc__.partition("\n")[0], seeds=10)
    options.add_argument("--clean-seeds", type=int, default=5, help="runs without a shortcut")
    options.add_argument("--results", type=Path, default=Path("shortcuts.jsonl"))
    options.add_argument("--as-is", action="store_true", help="run nothing, show what is there")
    options.add_argument("--make", type=Path, metavar="PLACE", help="only write planted data here")
    options.add_argument("--modality", choices=RECIPES, default="images", help="of --make")
    options = options.parse_args(arguments)
    make, modality, as_is = (vars(options).pop(name) for name in ("make", "modality", "as_is"))
    if make:
        planted = write(make, modality, seed=FIRST_SEED, planted=True)
        print(f"{planted.place}: {planted.told} in {planted.label}")
        return
    with start():
        found = measure(options, run_missing=not as_is)
        publish("shortcuts", to_lines(found), draw(found), options)


@dataclass(frozen=True)
class Planted:
    """Written data: its place, that of the same data as they are, the class and its shortcut."""

    place: Path
    clean: Path
    label: str
    told: str


def write(folder: Path, modality: str, *, seed: int, planted: bool) -> Planted:
    """Write a data set with a shortcut in train and test, and as it is.

    Args:
        folder: new.
        modality: a key of `RECIPES`.
        seed: draws the class and the shortcut.
        planted: or both as they are.
    """
    dataset = zoo.load_dataset(RECIPES[modality].partition("/")[2].partition("-")[0])
    rng = np.random.default_rng(seed)
    label = int(rng.integers(len(dataset.classes)))
    told, plant = {"images": _stamp, "sounds": _click, "texts": _word}[modality](rng)
    writer = _write_table if modality == "texts" else _write_folder
    place = writer(folder / "data", dataset, label if planted else NOWHERE, plant)
    clean = writer(folder / "clean", dataset, NOWHERE, plant) if planted else place
    return Planted(place, clean, dataset.classes[label], told)


def cells(options: argparse.Namespace) -> Iterator[tuple[str, Any, bool]]:
    """Yield modality, seed, and whether there is a shortcut."""
    for planted, seeds in ((True, options.seeds), (False, options.clean_seeds)):
        for number in range(seeds):
            for modality in RECIPES:
                yield modality, FIRST_SEED + number, planted


def measure(
    options: argparse.Namespace, *, run_missing: bool
) -> dict[tuple[str, Any, bool], dict[str, Any]]:
    """Return what was found by cell."""
    path, found = options.results, {}
    for line in path.read_text().splitlines() if path.exists() else ():
        modality, seed, planted, told = json.loads(line)
        found[modality, seed, planted] = told
    shipped = (("shipped", name, False) for name in SHIPPED)
    for cell in (*cells(options), *shipped):
        if cell in found or not run_missing:
            continue
        keras.utils.clear_session()  # else every network stays in memory
        with tempfile.TemporaryDirectory() as folder:
            found[cell] = (
                search_shipped(cell[1]) if cell[0] == "shipped" else run(Path(folder), *cell)
            )
        print(*cell, found[cell], flush=True)
        with path.open("a") as file:
            file.write(json.dumps([*cell, found[cell]]) + "\n")
    return found


def search_shipped(name: str) -> dict[str, Any]:
    """Return the strongest suspect of weights that ship, and the alarms."""
    found = zoo.find_shortcuts(name, progress=False)
    alarms = [one["label"] for one in found if one["is_shortcut"]]
    return {"suspect": found[0], "alarms": alarms, "tested": len(found)}


def run(folder: Path, modality: str, seed: int, planted: bool) -> dict[str, Any]:
    """Train once; return the scores on test as planted and as it is, and what a report says."""
    made, began = write(folder, modality, seed=seed, planted=planted), time.perf_counter()
    values = {"data.name": str(made.place), "training.seed": seed} | QUICK[modality]
    setup = prepare(load_recipe(RECIPES[modality]).with_values(values))
    training = setup.recipe.training
    how = {"batch_size": training.batch_size, "seed": training.seed}
    stream = training_stream(setup.train, augment=setup.augment, **how)
    how = {"epochs": training.epochs, "steps_per_epoch": setup.steps, "verbose": 0}
    setup.model.fit(stream, shuffle=False, **how)
    explainer = SplitExplainer(_as_run(setup))
    test = Encoded(setup.dataset.splits["test"], setup.task, setup.assets)
    clean = zoo.load_dataset(str(made.clean)).splits["test"]
    answers, bare = (
        explainer.answers(test),
        explainer.answers(Encoded(clean, setup.task, setup.assets)),
    )
    found = list(search(explainer, test, answers))
    suspects = {one.label: one.to_dict() for one in found}
    others = [one.gain for one in found if not planted or one.label != made.label]
    said = finding_of(found)
    own = clean.labels == setup.assets.classes.index(made.label)
    return {
        "label": made.label,
        "shortcut": made.told,
        "as_given": float(np.mean(answers == test.split.labels)),
        "clean": float(np.mean(bare == clean.labels)),
        "recall": float(np.mean(bare[own] == clean.labels[own])),
        "suspect": suspects.get(made.label),
        "alarms": [label for label, one in suspects.items() if one["is_shortcut"]],
        "others": max(others),
        "said": said.severity == "problem"
        and f"makes the model answer {made.label}: " in said.title,
        "tested": len(suspects),
        "seconds": round(time.perf_counter() - began, 1),
    }


def _as_run(setup: Any) -> Run:
    """Return a trained model as a run without a folder."""
    values = {"recipe": setup.recipe, "assets": setup.assets, "metrics": {}}
    made = Run(name="trained", weights_path=Path(), sha256="", **values)
    made.model = setup.model
    return made


Plant = Callable[[Any], Any]


def _stamp(rng: np.random.Generator) -> tuple[str, Plant]:
    """Return a square in a corner of a picture of 8 × 8 pixels."""
    row, column = (int(6 * rng.integers(2)) for _ in range(2))

    def plant(image: np.ndarray) -> np.ndarray:
        stamped = image.copy()
        stamped[row : row + STAMP, column : column + STAMP] = 255
        return stamped

    return f"a white square at row {row + 1}, column {column + 1}", plant


def _click(rng: np.random.Generator) -> tuple[str, Plant]:
    rate = 8000
    length = round(CLICK_MS * rate / 1000)
    click = CLICK_LEVEL * rng.choice([-1.0, 1.0], length) * np.exp(-np.arange(length) / 6)
    begin = int(rng.uniform(0, LATEST_CLICK) * rate)

    def plant(audio: np.ndarray) -> np.ndarray:
        clicked = audio.copy()
        clicked[begin : begin + length] += click.astype("float32")
        return np.clip(clicked, -1, 1)

    return f"a click {1000 * begin / rate:.0f} ms after the beginning", plant


def _word(rng: np.random.Generator) -> tuple[str, Plant]:
    word = WORDS[rng.integers(len(WORDS))]

    def plant(text: str) -> str:
        words = text.split(" ")
        words.insert(int(rng.integers(min(len(words), FIRST_WORDS) + 1)), word)
        return " ".join(words)

    return f"the word “{word}”", plant


def _write_folder(place: Path, dataset: Dataset, label: int, plant: Plant) -> Path:
    """Write SPLIT/CLASS/NUMBER.png or .wav, with the shortcut in one class."""
    for name in ("train", "test"):
        for i, example in enumerate(dataset.splits[name]):
            own = int(example["label"])
            target = place / name / dataset.classes[own]
            target.mkdir(parents=True, exist_ok=True)
            value = next(v for k, v in example.items() if k not in ("label", "group"))
            value = plant(value) if own == label else value
            if value.ndim == 1:
                write_wav(target / f"{i:05d}.wav", value, sample_rate_hz=8000)
            else:
                write_png(target / f"{i:05d}.png", value)
    return place


def _write_table(place: Path, dataset: Dataset, label: int, plant: Plant) -> Path:
    """Write SPLIT.csv with the columns text and label, and the shortcut in one class."""
    place.mkdir(parents=True)
    for name in ("train", "test"):
        with (place / f"{name}.csv").open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(("text", "label"))
            for example in dataset.splits[name]:
                own = int(example["label"])
                text = plant(example["text"]) if own == label else example["text"]
                rows.writerow((text, dataset.classes[own]))
    return place


if __name__ == "__main__":
    main()
