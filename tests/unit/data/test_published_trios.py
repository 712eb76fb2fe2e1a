"""Published sets of several inputs: what is in them, and which groups keep their splits apart."""

import os
from pathlib import Path

import numpy as np
import pytest

from zoo.catalog.datasets import DATASETS
from zoo.data import gcompris_words, mosi_features
from zoo.errors import ArgumentError, DataError
from zoo.testing import check_dataset


@pytest.fixture
def folder(request):
    """ZOO_DATA_DIR, or a skip where it lacks the set that the test names."""
    place = os.environ.get("ZOO_DATA_DIR")
    if not place or not (Path(place) / request.param).is_dir():
        pytest.skip(f"ZOO_DATA_DIR is not set, or holds no {request.param}")
    return place


@pytest.mark.parametrize("folder", ["mosi_features"], indirect=True)
def test_mosi_has_three_vectors_and_no_video_in_two_splits(folder):
    dataset = mosi_features.load(data_dir=folder)
    check_dataset(dataset)
    assert {name: len(split) for name, split in dataset.splits.items()} == {
        "train": 1447,
        "test": 752,
    }
    example = dataset.splits["test"][0]
    shapes = {name: example[name].shape for name in mosi_features.WIDTHS}
    assert shapes == {"text": (100,), "audio": (73,), "video": (100,)}
    videos = {name: set(split.columns["group"]) for name, split in dataset.splits.items()}
    assert {name: len(found) for name, found in videos.items()} == {"train": 62, "test": 31}
    assert not videos["train"] & videos["test"]
    carved = dataset.with_validation(fraction=0.1, seed=1).splits
    kept = [set(carved[name].columns["group"]) for name in ("train", "validation")]
    assert not kept[0] & kept[1] and kept[0] | kept[1] == videos["train"]


@pytest.mark.parametrize("folder", ["mosi_features"], indirect=True)
def test_labels_of_mosi_are_those_of_its_table(folder):
    dataset = mosi_features.load(data_dir=folder)
    lines = (Path(folder) / "mosi_features" / "utterances.tsv").read_text().splitlines()[1:]
    labels = {name: int(label) for _, name, label, _ in (line.split("\t") for line in lines)}
    for split in dataset.splits.values():
        assert [labels[name] for name in split.names] == split.labels.tolist()


@pytest.mark.parametrize("folder", ["gcompris_words"], indirect=True)
def test_each_word_is_in_one_split_whatever_its_category(folder):
    by_chapter, by_lesson = (
        gcompris_words.load(data_dir=folder, category=category)
        for category in gcompris_words.CATEGORIES
    )
    check_dataset(by_chapter)
    words = {name: split.columns["text"] for name, split in by_chapter.splits.items()}
    assert {name: len(found) for name, found in words.items()} == {
        "train": 394,
        "validation": 57,
        "test": 112,
    }
    assert len(set().union(*words.values())) == 563
    assert words == {name: split.columns["text"] for name, split in by_lesson.splits.items()}
    assert by_chapter.classes == ("nature", "object", "other", "people")
    assert len(by_lesson.classes) == 21
    assert all(np.all(np.array(counts) > 0) for counts in by_lesson.counts().values())
    sounds = [clip for split in by_chapter.splits.values() for clip in split.columns["audio"]]
    assert min(map(len, sounds)) / 16_000 > 0.5 and max(map(len, sounds)) / 16_000 < 1.4


def test_a_category_that_is_not_there_is_refused():
    with pytest.raises(ArgumentError, match="no category 'lessons'"):
        gcompris_words.load(category="lessons")


@pytest.mark.parametrize("name", ["mosi_features", "gcompris_words"])
def test_a_file_that_was_changed_is_refused(tmp_path, name):
    card = next(card for card in DATASETS if card.name == name)
    (tmp_path / name).mkdir()
    with pytest.raises(DataError, match="which does not exist"):
        globals()[name].load(data_dir=tmp_path)
    for file in card.files:
        (tmp_path / name / file).write_bytes(b"other")
    with pytest.raises(DataError, match="is not the file that"):
        globals()[name].load(data_dir=tmp_path)
