"""Real weights and pictures that do not come with the project; tests without them are skipped."""

import os
import re
import tarfile
from pathlib import Path

import numpy as np
import pytest


def corpus(name):
    """Return a folder of ZOO_DATA_DIR, or skip the test."""
    folder = os.environ.get("ZOO_DATA_DIR")
    if not folder or not (Path(folder) / name).is_dir():
        pytest.skip(f"needs ZOO_DATA_DIR with {name} in it")
    return Path(folder) / name


def weight_file(name):
    """Return a file of the folder "weights" beside ZOO_DATA_DIR, or skip the test."""
    folder = os.environ.get("ZOO_DATA_DIR")
    path = Path(folder or ".").resolve().parent / "weights" / name
    if not folder or not path.is_file():
        pytest.skip(f"needs {name} in the folder weights beside ZOO_DATA_DIR")
    return path


def fetched_file(folder, name):
    """Return a file of a folder of ZOO_PRETRAINED_DIR, or skip the test."""
    place = os.environ.get("ZOO_PRETRAINED_DIR")
    path = Path(place or ".") / folder / name
    if not place or not path.is_file():
        pytest.skip(f"needs {folder}/{name} in the folder that ZOO_PRETRAINED_DIR names")
    return path


def photographs():
    """Return the 200 pictures of raccoons and the 701 street scenes of CamVid, as files' bytes."""
    found = {}
    for name, archive in (("raccoon", "raccoon320.tar"), ("camvid", "camvid240.tar")):
        with tarfile.open(corpus(name) / archive) as tar:
            for member in tar.getmembers():
                if member.name.endswith(".jpg"):
                    found[f"{name}/{member.name}"] = tar.extractfile(member).read()
    assert len(found) == 901
    return found


def cifar10_test():
    """Return the first 1,000 test images of CIFAR-10, uint8 (1000, 32, 32, 3), and their labels."""
    from PIL import Image

    folder = corpus("cifar10_5k")
    with Image.open(folder / "cifar10_batch_50.png") as picture:
        pixels = np.asarray(picture.convert("RGB")).reshape(1000, 32, 32, 3)
    text = (folder / "cifar10_labels.js").read_text(encoding="utf-8")
    labels = np.array(re.findall(r"\d+", text.partition("[")[2]), "int64")
    assert len(labels) == 51_000
    return pixels, labels[-1000:]
