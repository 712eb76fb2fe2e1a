"""One function for every source of data."""

import importlib
from pathlib import Path

import numpy as np
import pytest

from zoo.catalog.datasets import DATASETS
from zoo.columns.readers.images import write_png
from zoo.data import tfds
from zoo.data.load import load_dataset
from zoo.errors import DataError


@pytest.fixture
def asked_of_tfds(monkeypatch: pytest.MonkeyPatch) -> list[tuple]:
    """What would be asked of TFDS, which is replaced."""
    asked: list[tuple] = []
    monkeypatch.setattr(
        tfds, "load", lambda name, *, data_dir, download: asked.append((name, data_dir, download))
    )
    return asked


def make_folder(path: Path) -> None:
    for label, name in enumerate(("cat", "dog")):
        for i in range(4):
            write_png(path / name / f"{i}.png", np.full((3, 3, 1), 10 * i + label, "uint8"))


def test_a_catalog_name_goes_to_its_loader(asked_of_tfds: list[tuple]) -> None:
    assert load_dataset("digits").source == "embedded"
    load_dataset("cifar10", data_dir="somewhere", download=True)
    assert asked_of_tfds == [("cifar10", "somewhere", True)]


@pytest.mark.parametrize("name", ["oxford_flowers102", "mnist_corrupted/fog", "mnist:3.0.1"])
def test_other_names_go_to_tfds(asked_of_tfds: list[tuple], in_tmp: Path, name: str) -> None:
    load_dataset(name)
    assert asked_of_tfds == [(name, None, False)]


@pytest.mark.parametrize("name", ["pets", "./pets", "more/pets", "~/pets"])
def test_folders_are_read_as_folders(
    asked_of_tfds: list[tuple], in_tmp: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("HOME", str(in_tmp))
    make_folder(Path(name).expanduser())
    dataset = load_dataset(name, seed=1)
    assert dataset.source == "folder"
    assert dataset.classes == ("cat", "dog")
    assert not asked_of_tfds


def test_a_catalog_name_wins_over_a_folder_unless_a_path_is_given(in_tmp: Path) -> None:
    make_folder(in_tmp / "digits")
    assert load_dataset("digits").source == "embedded"
    assert load_dataset("./digits").source == "folder"
    assert load_dataset(in_tmp / "digits").source == "folder"


def test_a_missing_path_is_not_looked_up_as_a_name(asked_of_tfds: list[tuple]) -> None:
    with pytest.raises(DataError, match=r"There is no folder .*nowhere"):
        load_dataset("./nowhere")
    assert not asked_of_tfds


def test_folder_options_arrive(in_tmp: Path) -> None:
    make_folder(in_tmp / "pets")
    (in_tmp / "pets" / "cat" / "bad.png").write_text("text")
    with pytest.raises(DataError, match=r"bad\.png"):
        load_dataset("./pets")
    assert len(load_dataset("./pets", skip_corrupt=True).skipped) == 1


@pytest.mark.parametrize("card", DATASETS, ids=lambda card: card.name)
def test_every_card_names_a_loader_and_a_licence(card) -> None:
    module, _, function = card.loader.partition(":")
    assert callable(getattr(importlib.import_module(module), function))
    assert card.source in ("embedded", "tfds", "archive")
    assert card.licence
    assert not (card.may_ship_weights and "none" in card.licence)
