"""Real sets of images cut to few examples a class, as folders that kerazoo reads."""

import functools
import io
import os
import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from PIL import Image

import zoo

CELL_MARGIN = 1.1  # side of a square around a cell, in longer sides of its box
TEST = {"bccd": 70}  # test images a class; of the others 100


def write(folder: Path, name: str, *, count: int, seed: int) -> Path:
    """Write `count` training images a class, drawn by the seed, and the same test images always.

    Args:
        folder: to be made; gets train/CLASS/N.png and test/CLASS/N.png.
        name: "fashion_mnist", "mnist", "cifar10_5k" or "bccd".
        count, seed: of the training images.
    """
    generator = np.random.default_rng(seed)
    for part, (images, labels, classes) in _splits(name).items():
        for label, word in enumerate(classes):
            places = np.flatnonzero(labels == label)
            if part == "train":
                chosen = generator.choice(places, min(count, len(places)), replace=False)
            else:
                chosen = places[: TEST.get(name, 100)]
            target = folder / part / word
            target.mkdir(parents=True)
            for number, place in enumerate(chosen):
                Image.fromarray(images[place]).save(target / f"{number}.png")
    return folder


@functools.cache
def _splits(name: str) -> dict[str, tuple[list[np.ndarray], np.ndarray, tuple[str, ...]]]:
    if name == "bccd":
        return _cells()
    if name == "cifar10_5k":
        return _cifar10()
    dataset = zoo.load_dataset(name)
    found = {}
    for part in ("train", "test"):
        split = dataset.splits[part]
        images = [np.squeeze(split[i]["image"]) for i in range(len(split))]
        classes = tuple(re.sub(r"\W+", "_", word) for word in dataset.classes)
        found[part] = images, split.labels, classes
    return found


def _corpus(name: str) -> Path:
    return Path(os.environ["ZOO_DATA_DIR"]) / name


def _cifar10() -> dict[str, tuple[list[np.ndarray], np.ndarray, tuple[str, ...]]]:
    """Return the first 4,000 training images of CIFAR-10 and its first 1,000 test images."""
    folder = _corpus("cifar10_5k")
    text = (folder / "cifar10_labels.js").read_text(encoding="utf-8")
    labels = np.array(re.findall(r"\d+", text.partition("[")[2]), "int64")
    words = "airplane automobile bird cat deer dog frog horse ship truck"
    found = {}
    for part, batches, own in (("train", range(4), labels[:4000]), ("test", (50,), labels[-1000:])):
        pixels = [
            np.asarray(Image.open(folder / f"cifar10_batch_{i}.png").convert("RGB"))
            for i in batches
        ]
        images = np.concatenate([array.reshape(1000, 32, 32, 3) for array in pixels])
        found[part] = list(images), own, tuple(words.split())
    return found


def _cells() -> dict[str, tuple[list[np.ndarray], np.ndarray, tuple[str, ...]]]:
    """Return blood cells cut out of the pictures of BCCD, by its own split; val counts as train."""
    classes = ("Platelets", "RBC", "WBC")
    with zipfile.ZipFile(_corpus("bccd") / "BCCD.zip") as archive:
        sets = {
            part: archive.read(f"BCCD/ImageSets/Main/{part}.txt").decode().split()
            for part in ("train", "val", "test")
        }
        found = {}
        for part, names in (("train", sets["train"] + sets["val"]), ("test", sets["test"])):
            cut = [pair for name in names for pair in _cut(archive, name, classes)]
            images, labels = zip(*cut, strict=True)
            found[part] = list(images), np.array(labels), classes
    return found


def _cut(
    archive: zipfile.ZipFile, name: str, classes: tuple[str, ...]
) -> list[tuple[np.ndarray, int]]:
    picture = Image.open(io.BytesIO(archive.read(f"BCCD/JPEGImages/{name}.jpg"))).convert("RGB")
    found = []
    for item in ElementTree.fromstring(archive.read(f"BCCD/Annotations/{name}.xml")).iter("object"):
        box = {key.tag: int(key.text) for key in item.find("bndbox")}
        width, height = box["xmax"] - box["xmin"], box["ymax"] - box["ymin"]
        if min(width, height) < 2:
            continue  # two boxes have no area
        half = CELL_MARGIN * max(width, height) / 2
        x, y = (box["xmin"] + box["xmax"]) / 2, (box["ymin"] + box["ymax"]) / 2
        square = picture.crop(tuple(map(round, (x - half, y - half, x + half, y + half))))
        found.append((np.asarray(square.resize((64, 64))), classes.index(item.find("name").text)))
    return found
