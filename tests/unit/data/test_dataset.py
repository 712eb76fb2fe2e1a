"""Splits and data sets, whatever they come from."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from zoo.columns import Image, Label
from zoo.columns.readers.images import read_image, write_png
from zoo.data.dataset import Dataset, Split
from zoo.errors import ArgumentError, DataError


def dataset_of(train: Split, **more: Split) -> Dataset:
    return Dataset(
        name="made_here",
        splits={"train": train, **more},
        features={"image": Image((2, 2, 1)), "label": Label()},
        classes=("even", "odd"),
        licence="CC0",
        source="folder",
    )


def numbered(count: int) -> Split:
    images = np.arange(count, dtype="uint8")[:, None, None, None] * np.ones((2, 2, 1), "uint8")
    return Split({"image": images, "label": np.arange(count) % 2})


def test_examples_come_by_position() -> None:
    split = numbered(5)
    assert split[3]["image"][0, 0, 0] == 3
    assert split[-1]["label"] == 0
    assert [int(example["label"]) for example in split] == [0, 1, 0, 1, 0]
    with pytest.raises(IndexError):
        split[5]


def test_columns_must_be_equally_long() -> None:
    with pytest.raises(DataError, match="different lengths"):
        Split({"image": np.zeros((3, 2, 2, 1)), "label": np.zeros(2)})


def test_stored_values_are_decoded_when_asked_for(tmp_path: Path) -> None:
    paths = [tmp_path / f"{i}.png" for i in range(3)]
    for i, path in enumerate(paths):
        write_png(path, np.full((2, 2, 1), i, "uint8"))
    labels = np.array([0, 1, 0])
    split = Split(
        {"image": paths, "label": labels}, decode={"image": read_image}, names=["a", "b", "c"]
    )
    paths[0].unlink()  # not read for another example, nor for labels
    taken = split.take([2, 1])
    assert taken[0]["image"].max() == 2
    assert [taken.name_of(i) for i in range(2)] == ["c", "b"]
    np.testing.assert_array_equal(taken.labels, [0, 1])
    assert numbered(2).name_of(1) == "#1"


def test_validation_is_carved_out_of_train_once() -> None:
    original = dataset_of(numbered(40), test=numbered(4))
    carved = original.with_validation(fraction=0.25, seed=3)
    assert carved.counts() == {"train": [15, 15], "test": [2, 2], "validation": [5, 5]}
    values = [
        int(example["image"].max())
        for name in ("train", "validation")
        for example in carved.splits[name]
    ]
    assert sorted(values) == list(range(40))
    assert carved.with_validation(fraction=0.5, seed=9) is carved
    again = original.with_validation(fraction=0.25, seed=3)
    assert again.fingerprint == carved.fingerprint != original.fingerprint
    assert original.with_validation(fraction=0.25, seed=4).fingerprint != carved.fingerprint


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1])
def test_an_impossible_validation_share_is_refused(fraction: float) -> None:
    with pytest.raises(ArgumentError, match="shares"):
        dataset_of(numbered(8)).with_validation(fraction=fraction, seed=0)


def test_the_fingerprint_follows_the_content() -> None:
    base = dataset_of(numbered(6))
    assert base.fingerprint == dataset_of(numbered(6)).fingerprint
    assert replace(base, name="other", _memo={}).fingerprint == base.fingerprint
    changed = numbered(6)
    changed.columns["image"][2, 0, 0, 0] += 1
    relabelled = Split({**numbered(6).columns, "label": np.array([0, 1, 0, 1, 0, 0])})
    reordered = numbered(6).take([1, 0, 2, 3, 4, 5])
    others = [dataset_of(split).fingerprint for split in (changed, relabelled, reordered)]
    assert len({base.fingerprint, *others}) == 4


def test_the_fingerprint_reads_files_and_names_one_that_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    write_png(path, np.zeros((2, 2, 1), "uint8"))
    split = Split({"image": [path], "label": np.array([0])}, decode={"image": read_image})
    before = dataset_of(split).fingerprint
    write_png(path, np.ones((2, 2, 1), "uint8"))
    assert dataset_of(split).fingerprint != before
    path.unlink()
    with pytest.raises(DataError, match=r"a\.png can no longer be read"):
        _ = dataset_of(split).fingerprint


def test_what_was_skipped_is_said_by_name_ten_at_most() -> None:
    dataset = replace(dataset_of(numbered(4)), notes=("a note.",))
    assert dataset.remarks() == ["a note."]
    few = replace(dataset, skipped=("a.png", "b.png"))
    assert few.remarks()[1] == (
        "2 file(s) or row(s) that cannot be used were left out: a.png, b.png."
    )
    many = replace(dataset, skipped=tuple(f"{i}.png" for i in range(12)))
    assert many.remarks()[1].endswith("8.png, 9.png and 2 more.")
