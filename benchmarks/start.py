"""Measure what `zoo start DATA --yes` chooses, reaches and takes on real data, without other arguments.

    python benchmarks/start.py --write benchmarks/start.md

Names are data sets of the catalog; others are made of their files, as their own pages say: a folder of
CIFAR-10's first images, a table of the number of cells in pictures of blood (BCCD), and one of pairs of
sentences (STS-B). Results are appended to a file, and what it holds already is not run again. Needs
TFDS_DATA_DIR and ZOO_DATA_DIR.
"""

import argparse
import csv
import gzip
import io
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import few_examples
from PIL import Image
from rounds import machine, machine_lines

from zoo.files import write_text

SIDE = 160  # pixels of the longer side of BCCD's pictures


def cifar10(folder: Path) -> Path:
    """Write CIFAR-10's first 4,000 training and 1,000 test images by class."""
    return few_examples.write(folder / "cifar10_5k", "cifar10_5k", count=4000, seed=0)


def cells(folder: Path) -> Path:
    """Write the pictures of BCCD, smaller, and a table of each split with their number of cells."""
    place = folder / "bccd"
    place.mkdir()
    names = {"train": "train", "validation": "val", "test": "test"}
    with zipfile.ZipFile(Path(os.environ["ZOO_DATA_DIR"]) / "bccd" / "BCCD.zip") as archive:
        for split, theirs in names.items():
            rows = []
            for name in archive.read(f"BCCD/ImageSets/Main/{theirs}.txt").decode().split():
                data = archive.read(f"BCCD/JPEGImages/{name}.jpg")
                picture = Image.open(io.BytesIO(data)).convert("RGB")
                picture.thumbnail((SIDE, SIDE))
                picture.save(place / f"{name}.png")
                tree = ElementTree.fromstring(archive.read(f"BCCD/Annotations/{name}.xml"))
                rows.append((f"{name}.png", split, len(list(tree.iter("object")))))
            _table(place / "cells.csv", ("file", "split", "cells"), rows)
    return place / "cells.csv"


def sentences(folder: Path) -> Path:
    """Write STS-B's pairs of sentences as one text each, with their similarity from 0 to 5."""
    place = Path(os.environ["ZOO_DATA_DIR"]) / "sentence_pairs"
    for split, theirs in (("train", "train"), ("validation", "dev"), ("test", "test")):
        with gzip.open(place / f"stsb-en-{theirs}.csv.gz", "rt", encoding="utf-8") as file:
            rows = [(f"{one} [SEP] {two}", split, score) for one, two, score in csv.reader(file)]
        _table(folder / "stsb.csv", ("sentences", "split", "score"), rows)
    return folder / "stsb.csv"


def _table(path: Path, names: tuple[str, ...], rows: list[tuple]) -> None:
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([*([names] if new else []), *rows])


DATA: dict[str, Callable[[Path], Any]] = {
    "trec": lambda folder: "trec",
    "mr_polarity": lambda folder: "mr_polarity",
    "glue/sst2": lambda folder: "glue/sst2",
    "spoken_digit": lambda folder: "spoken_digit",
    "STS-B, a table": sentences,
    "BCCD's cells, a table": cells,
    "cifar10_5k, a folder": cifar10,
    "mnist": lambda folder: "mnist",
    "fashion_mnist": lambda folder: "fashion_mnist",
}


def measure(name: str) -> dict[str, Any]:
    """Run the command on one data set and return its document."""
    with tempfile.TemporaryDirectory(prefix="zoo-start-") as folder:
        data = DATA[name](Path(folder))
        words = [sys.executable, "-m", "zoo.cli.main", "start", str(data), "--yes", "--json"]
        words += ["--run-dir", str(Path(folder) / "run")]
        return json.loads(subprocess.run(words, check=True, capture_output=True).stdout)


def to_row(name: str, found: dict[str, Any]) -> tuple[str, ...]:
    """Return the row of a data set."""
    from zoo.catalog.metrics import CLASSIFICATION, MULTILABEL, REGRESSION
    from zoo.metrics.base import metric_named

    metric = metric_named(found["baselines"]["metric"], (*CLASSIFICATION, *MULTILABEL, *REGRESSION))
    entry = found["metrics"][metric.name]
    rated = [model["metrics"][metric.name] for model in found["beside"]["models"]]
    best = (max if metric.sign > 0 else min)(rated, key=lambda one: one["value"])
    chosen = found["plan"]["weights"] or found["plan"]["recipe"]
    epochs = found["plan"]["values"]["training.epochs"]
    announced, real = found["minutes"], found["seconds"] / 60
    return (
        name,
        f"`{chosen}`, {epochs} epochs",
        f"{announced:.1f}",
        f"{real:.1f} ({100 * (real / announced - 1):+.0f} %)",
        f"{metric.text(entry['value'])} ({metric.span(entry)})",
        f"{metric.text(best['value'])} ({metric.span(best)})",
        found["beside"]["outcome"],
        "the simple model" if found["advice"] else "–",
    )


def main() -> None:
    """Measure what is missing and print the page."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--only", nargs="+", choices=[*DATA], default=[*DATA], metavar="NAME")
    options.add_argument("--results", type=Path, default=Path("start.jsonl"))
    options.add_argument("--write", type=Path, metavar="FILE", help="write the Markdown here too")
    options = options.parse_args()
    facts, path = machine(), options.results
    lines = path.read_text().splitlines() if path.exists() else ()
    found = dict(json.loads(line) for line in lines)
    for name in options.only:
        if name not in found:
            found[name] = measure(name)
            print(*to_row(name, found[name]), sep=" | ", flush=True)
            with path.open("a") as file:
                file.write(json.dumps([name, found[name]]) + "\n")
    heads = ("data", "chosen", "minutes announced", "real", "network", "best simple model")
    heads += ("outcome", "advised before")
    rows = [f"| {' | '.join(to_row(name, found[name]))} |" for name in options.only]
    text = [
        "# One command on real data",
        "",
        "`zoo start DATA --yes` without other arguments, one run each. The metric is the accuracy, and "
        "of tables of numbers the mean absolute error, on the test split with its 95 % "
        "interval. Announced are the minutes of the training with the simple models beside it.",
        "",
        f"| {' | '.join(heads)} |",
        "|" + "---|" * len(heads),
        *rows,
        *machine_lines(facts, command="python benchmarks/start.py --write benchmarks/start.md"),
    ]
    print("\n".join(text))
    if options.write:
        write_text(options.write, "\n".join(text))


if __name__ == "__main__":
    main()
