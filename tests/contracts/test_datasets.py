"""Every dataset of the catalog is what its card says."""

import os
from pathlib import Path

import pytest

from zoo import testing
from zoo.catalog.datasets import DATASETS
from zoo.data.dataset import Dataset
from zoo.data.load import load_dataset

VARIABLES = {"tfds": "TFDS_DATA_DIR", "archive": "ZOO_DATA_DIR"}
INPUTS = {"image": "image", "text": "text", "speech": "audio"}  # column by modality
NAMES = [card.name for card in DATASETS]


@pytest.fixture(scope="module")
def datasets() -> dict[str, Dataset]:
    """What was loaded, by name: decoding a large set takes seconds."""
    return {}


@pytest.fixture
def dataset(request: pytest.FixtureRequest, datasets: dict[str, Dataset]) -> Dataset:
    """The dataset of a name; skips where its files are not on this machine."""
    name = request.param
    card = next(card for card in DATASETS if card.name == name)
    variable = VARIABLES.get(card.source)
    folder = variable and os.environ.get(variable)
    if variable and not (folder and (Path(folder) / name).is_dir()):
        pytest.skip(f"{variable} is not set, or holds no {name}")
    if name not in datasets:
        datasets[name] = load_dataset(name)
    return datasets[name]


@pytest.mark.parametrize("dataset", NAMES, indirect=True)
def test_dataset_keeps_the_contract(dataset):
    testing.check_dataset(dataset)


@pytest.mark.parametrize("dataset", NAMES, indirect=True)
def test_dataset_is_what_its_card_says(dataset):
    card = next(card for card in DATASETS if card.name == dataset.name)
    assert dataset.source == card.source
    assert dataset.licence == card.licence
    assert len(dataset.classes) == card.num_classes
    assert not card.image_shape or dataset.features["image"].shape == card.image_shape
    if card.modality == "multimodal":
        kinds = [f.kind for name, f in dataset.features.items() if name not in ("label", "group")]
        assert len(kinds) > 1 and set(kinds) <= {*INPUTS.values(), "vector", "number"}
        return
    column = INPUTS[card.modality]
    assert dataset.features[column].kind == column
    labels = {"label"} if dataset.classes else set()
    others = set(dataset.features) - {"group", column} - labels
    assert {dataset.features[name].kind for name in others} <= {
        "boxes",
        "labels",
        "mask",
        "number",
        "text",
    }


@pytest.mark.parametrize("dataset", NAMES, indirect=True)
def test_every_class_is_in_train_and_test(dataset):
    for split in ("train", "test"):
        assert min(dataset.counts()[split]) > 0, split


@pytest.mark.parametrize("dataset", ["digits"], indirect=True)
def test_the_check_finds_what_is_broken(dataset):
    splits = dict(dataset.splits)
    broken = Dataset(
        name="broken",
        splits={"train": splits["train"]},
        features=dataset.features,
        classes=dataset.classes,
        licence="none stated",
        source="embedded",
    )
    with pytest.raises(AssertionError, match="splits missing"):
        testing.check_dataset(broken)
    wrong = dict(dataset.features, image=dataset.features["image"].shaped((9, 8, 1)))
    misdeclared = Dataset(
        name="misdeclared",
        splits=splits,
        features=wrong,
        classes=dataset.classes,
        licence="none stated",
        source="embedded",
    )
    with pytest.raises(AssertionError, match="not \\(9, 8, 1\\)"):
        testing.check_dataset(misdeclared)


def test_cards_state_what_a_reader_must_know():
    for card in DATASETS:
        assert card.licence and card.summary and card.num_classes != 1, card.name
        assert card.homepage.startswith("http"), card.name
        assert (card.modality == "image") == bool(card.image_shape), card.name
