"""Film-review sentences in ten folds: made here with the form of the real files, and the real ones."""

import dataclasses
import gzip
import hashlib
import os
from pathlib import Path

import pytest

from zoo.catalog.datasets import DATASETS
from zoo.data import mr_polarity
from zoo.data.load import load_dataset
from zoo.data.mr_polarity import load
from zoo.errors import ArgumentError, DataError

COUNT = 25


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with 25 sentences a class, and a card that expects them."""
    folder = tmp_path / "mr_polarity"
    folder.mkdir()
    files = {}
    for end, word in (("neg", "clichés"), ("pos", "touché")):
        lines = "".join(f"{word} … number {i} . \n" for i in range(COUNT)).encode("cp1252")
        (folder / f"rt-polarity.{end}.gz").write_bytes(gzip.compress(lines))
        files[f"rt-polarity.{end}"] = hashlib.sha256(lines).hexdigest()
    card = dataclasses.replace(mr_polarity._CARD, files=files)
    monkeypatch.setattr(mr_polarity, "_CARD", card)
    return tmp_path


@pytest.fixture
def real() -> str:
    """The folder that holds the real set; skips where there is none."""
    folder = os.environ.get("ZOO_DATA_DIR")
    if not folder or not (Path(folder) / "mr_polarity").is_dir():
        pytest.skip("ZOO_DATA_DIR is not set, or holds no mr_polarity")
    return folder


def texts(dataset, split: str) -> list[str]:
    return dataset.splits[split].columns["text"]


def test_sentences_are_decoded_and_labelled(made: Path) -> None:
    dataset = load("mr_polarity", data_dir=made)
    for split in dataset.splits.values():
        for example in split:
            word = ("clichés", "touché")[example["label"]]
            assert example["text"].startswith(f"{word} … number")
            assert example["text"].endswith(" .")
    assert dataset.classes == ("negative", "positive")
    assert dataset.source == "archive"


def test_each_sentence_is_in_the_test_split_of_one_fold(made: Path) -> None:
    folds = [load("mr_polarity", data_dir=made, fold=fold) for fold in range(10)]
    tested = [text for fold in folds for text in texts(fold, "test")]
    assert len(tested) == len(set(tested)) == 2 * COUNT
    for fold in folds:
        assert not set(texts(fold, "train")) & set(texts(fold, "test"))
        assert len(texts(fold, "train")) + len(texts(fold, "test")) == 2 * COUNT
        assert set(fold.counts()["test"]) <= {2, 3}
    assert len({fold.fingerprint for fold in folds}) == 10
    assert "fold 7" in folds[7].notes[0]
    assert "seed 0" in folds[7].notes[0]


def test_folds_are_drawn_at_random_but_always_alike(made: Path) -> None:
    folds = []
    for fold in range(10):
        test = texts(load("mr_polarity", data_dir=made, fold=fold), "test")
        assert test == texts(load("mr_polarity", data_dir=made, fold=fold), "test")
        folds.append([int(text.split()[3]) for text in test])
    in_order = [[i for i in range(COUNT) if i % 10 == fold] * 2 for fold in range(10)]
    assert sum(drawn == plain for drawn, plain in zip(folds, in_order, strict=True)) <= 2


@pytest.mark.parametrize("fold", [-1, 10, 2.0, "1", True])
def test_there_are_ten_folds(made: Path, fold: object) -> None:
    with pytest.raises(ArgumentError, match="no fold") as caught:
        load("mr_polarity", data_dir=made, fold=fold)
    assert "0 to 9" in caught.value.expected


def test_without_its_files_it_says_where_they_belong(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"rt-polarity\.neg") as caught:
        load("mr_polarity", data_dir=tmp_path, download=True)
    assert "cs.cornell.edu" in caught.value.expected


def test_the_card_states_the_defaults(made: Path) -> None:
    card = next(card for card in DATASETS if card.name == "mr_polarity")
    assert card.arguments == {"fold": 0}
    assert not card.may_ship_weights
    by_name = load_dataset("mr_polarity", data_dir=made)
    assert by_name.fingerprint == load("mr_polarity", data_dir=made, fold=0).fingerprint


def test_the_real_set_is_the_published_one(real: str) -> None:
    dataset = load("mr_polarity", data_dir=real, fold=9)
    assert dataset.counts() == {"train": [4798, 4798], "test": [533, 533]}
    everything = texts(dataset, "train") + texts(dataset, "test")
    assert len(set(everything)) == 10_662  # no sentence twice
    assert dataset.fingerprint == "30453bad606926a3"
