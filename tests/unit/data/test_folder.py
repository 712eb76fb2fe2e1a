"""Folders of images by class."""

import shutil
import weakref
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from zoo.columns.readers import images
from zoo.columns.readers.images import write_png
from zoo.data import kinds
from zoo.data.folder import load
from zoo.errors import ArgumentError, DataError


def fill(path: Path, count: int, *, first: int = 0, size: tuple[int, int] = (4, 5)) -> None:
    """Write `count` gray images of value first, first + 1, …"""
    for value in range(first, first + count):
        write_png(path / f"{value:03d}.png", np.full((*size, 1), value, "uint8"))


@pytest.fixture
def by_class(tmp_path: Path) -> Path:
    fill(tmp_path / "dog", 10, first=100)
    fill(tmp_path / "cat", 10)
    return tmp_path


@pytest.fixture
def by_split(tmp_path: Path) -> Path:
    for start, split in ((0, "train"), (50, "val"), (100, "test")):
        fill(tmp_path / split / "cat", 3, first=start)
        fill(tmp_path / split / "dog", 2, first=start + 20)
    return tmp_path


def test_class_folders_get_a_stratified_test_split(by_class: Path) -> None:
    dataset = load(by_class)
    assert dataset.classes == ("cat", "dog")
    assert dataset.counts() == {"train": [8, 8], "test": [2, 2]}
    assert dataset.features["image"].shape == (4, 5, 1)
    values = [int(e["image"].max()) for split in dataset.splits.values() for e in split]
    assert sorted(values) == [*range(10), *range(100, 110)]
    for split in dataset.splits.values():
        for i, example in enumerate(split):
            assert (example["image"].max() >= 100) == bool(example["label"])
            assert split.name_of(i) == f"{('cat', 'dog')[example['label']]}/{split.name_of(i)[4:]}"
    assert any("drawn" in note for note in dataset.notes)


def test_the_same_seed_gives_the_same_data_set(by_class: Path) -> None:
    assert load(by_class).fingerprint == load(by_class).fingerprint
    assert load(by_class, seed=1).fingerprint != load(by_class, seed=2).fingerprint
    assert load(by_class, test_fraction=0.5).counts()["test"] == [5, 5]
    with pytest.raises(ArgumentError, match="test_fraction"):
        load(by_class, test_fraction=1.5)


def test_split_folders_are_taken_as_they_are(by_split: Path) -> None:
    dataset = load(by_split)
    assert dataset.counts() == {"train": [3, 2], "validation": [3, 2], "test": [3, 2]}
    assert [int(e["image"].max()) for e in dataset.splits["validation"]] == [50, 51, 52, 70, 71]
    assert dataset.notes == ()


def test_validation_serves_as_test_where_there_is_none(by_split: Path) -> None:
    shutil.rmtree(by_split / "test")
    dataset = load(by_split)
    assert dataset.counts() == {"train": [3, 2], "test": [3, 2]}
    assert "validation is used as the test split" in dataset.notes[0]


def test_train_alone_is_divided(by_split: Path) -> None:
    shutil.rmtree(by_split / "test")
    shutil.rmtree(by_split / "val")
    assert load(by_split).counts() == {"train": [2, 1], "test": [1, 1]}


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    for name in ("bus", "train"):
        fill(tmp_path / name, 5)
    assert load(tmp_path).classes == ("bus", "train")


def test_images_of_many_sizes_stay_files_until_asked_for(by_class: Path) -> None:
    fill(by_class / "cat", 1, first=200, size=(9, 5))
    dataset = load(by_class)
    assert dataset.features["image"].shape == (None, 5, 1)
    assert isinstance(dataset.splits["train"].columns["image"][0], Path)
    sizes = {e["image"].shape for split in dataset.splits.values() for e in split}
    assert sizes == {(4, 5, 1), (9, 5, 1)}


def test_images_too_many_for_memory_stay_files(
    by_class: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(load(by_class).splits["train"].columns["image"], np.ndarray)
    monkeypatch.setattr(kinds, "ARRAY_LIMIT_BYTES", 20 * 20 - 1)
    lazy = load(by_class)
    assert isinstance(lazy.splits["train"].columns["image"], list)
    assert lazy.splits["test"][0]["image"].shape == (4, 5, 1)


def test_one_colour_image_makes_all_of_them_rgb(by_class: Path) -> None:
    write_png(by_class / "cat" / "red.png", np.full((4, 5, 3), (255, 0, 0), "uint8"))
    dataset = load(by_class)
    assert dataset.features["image"].shape == (4, 5, 3)
    assert {e["image"].shape for split in dataset.splits.values() for e in split} == {(4, 5, 3)}


def test_other_files_are_left_out_and_said(by_class: Path) -> None:
    (by_class / "cat" / "readme.txt").write_text("hello")
    (by_class / "cat" / ".DS_Store").write_bytes(b"x")
    (by_class / "notes.txt").write_text("hello")
    dataset = load(by_class)
    assert sum(dataset.counts()["train"] + dataset.counts()["test"]) == 20
    assert "cat/readme.txt" in dataset.notes[0]
    assert "DS_Store" not in "".join(dataset.notes)


def spoil(path: Path) -> None:
    path.write_text("not an image")


def cut(path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype="uint8")
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:900])  # the header is whole


@pytest.mark.parametrize("damage", [spoil, cut])
def test_skip_corrupt_leaves_unreadable_files_out_and_lists_them(by_class: Path, damage) -> None:
    bad = by_class / "dog" / "bad.png"
    damage(bad)
    dataset = load(by_class, skip_corrupt=True)
    assert dataset.skipped == (str(bad),)
    assert sum(dataset.counts()["train"] + dataset.counts()["test"]) == 20
    shutil.move(bad, by_class / "dog" / "bad.txt")
    assert load(by_class).fingerprint == dataset.fingerprint


def test_a_file_without_a_sound_header_stops_the_load(by_class: Path) -> None:
    spoil(by_class / "dog" / "bad.png")
    with pytest.raises(DataError, match=r"dog/bad\.png is not an image.*(?s:.*)skip_corrupt=True"):
        load(by_class)


def test_a_file_cut_short_is_named_when_it_is_asked_for(by_class: Path) -> None:
    cut(by_class / "dog" / "bad.png")
    dataset = load(by_class)  # its header is sound
    with pytest.raises(DataError, match=r"dog/bad\.png is damaged"):
        for split in dataset.splits.values():
            list(split)


def test_a_file_cut_short_stops_a_load_that_decodes_at_once(by_class: Path) -> None:
    bad = by_class / "dog" / "bad.png"
    shutil.copy(by_class / "cat" / "005.png", bad)
    bad.write_bytes(bad.read_bytes()[:45])
    with pytest.raises(DataError, match=r"dog/bad\.png is damaged(?s:.*)skip_corrupt=True"):
        load(by_class)
    assert load(by_class, skip_corrupt=True).skipped == (str(bad),)


def test_a_class_of_unreadable_images_is_named(by_class: Path) -> None:
    for path in (by_class / "dog").iterdir():
        spoil(path)
    with pytest.raises(DataError, match=r"No file in .*dog can be read"):
        load(by_class, skip_corrupt=True)


def test_a_wrong_layout_is_explained(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is no folder"):
        load(tmp_path / "none")
    fill(tmp_path, 1)
    with pytest.raises(DataError, match="is a file"):
        load(tmp_path / "000.png")
    with pytest.raises(DataError, match="no class folders"):
        load(tmp_path)
    fill(tmp_path / "cat", 4)
    with pytest.raises(DataError, match="only one class: cat"):
        load(tmp_path)
    (tmp_path / "dog").mkdir()
    with pytest.raises(DataError, match=r"no images in .*dog; it is empty"):
        load(tmp_path)
    (tmp_path / "dog" / "inside").mkdir()
    with pytest.raises(DataError, match=r"no images in .*dog, only inside"):
        load(tmp_path)


def test_a_class_with_one_image_cannot_be_divided(by_class: Path) -> None:
    fill(by_class / "emu", 1)
    with pytest.raises(DataError, match="Class emu has 1 example"):
        load(by_class)


def test_a_class_that_a_split_lacks_is_named(by_split: Path) -> None:
    shutil.rmtree(by_split / "test" / "dog")
    with pytest.raises(DataError, match=r"test lacks the class\(es\) dog"):
        load(by_split)


def test_splits_need_train_and_one_folder_each(by_split: Path) -> None:
    fill(by_split / "validation" / "cat", 1)
    with pytest.raises(DataError, match="both the validation split"):
        load(by_split)
    shutil.rmtree(by_split / "validation")
    shutil.rmtree(by_split / "train")
    with pytest.raises(DataError, match="no train/"):
        load(by_split)


def test_folders_beside_the_splits_are_left_alone_and_said(by_split: Path) -> None:
    fill(by_split / "drafts", 2)
    dataset = load(by_split)
    assert dataset.counts()["train"] == [3, 2]
    assert dataset.notes == ("Ignored: drafts.",)


def names(dataset) -> list[str]:
    return sorted(name for split in dataset.splits.values() for name in split.names)


def test_images_in_folders_below_a_class_are_taken_and_said(by_class: Path) -> None:
    fill(by_class / "cat" / "2023" / "may", 3, first=20)
    fill(by_class / "dog" / "more", 2, first=120)
    dataset = load(by_class)
    assert sum(dataset.counts()["train"] + dataset.counts()["test"]) == 25
    assert "cat/2023/may/022.png" in names(dataset)
    for split in dataset.splits.values():
        assert all((e["image"].max() >= 100) == bool(e["label"]) for e in split)
    assert dataset.notes[0] == (
        "5 images are in folders below their class: cat/2023/may, dog/more."
    )


def test_class_folders_that_hold_folders_alone_are_read_too(by_split: Path) -> None:
    for folder in sorted(by_split.glob("*/*")):
        (folder / "a").mkdir()
        for path in folder.glob("*.png"):
            path.rename(folder / "a" / path.name)
    assert load(by_split).counts() == {"train": [3, 2], "validation": [3, 2], "test": [3, 2]}


def test_what_systems_leave_in_folders_is_no_example(by_class: Path) -> None:
    before = load(by_class)
    for name in ("__MACOSX", ".ipynb_checkpoints", ".hidden", "@eaDir"):
        fill(by_class / "cat" / name, 2)
        fill(by_class / name, 2)
    for name in ("Thumbs.db", "desktop.ini", ".DS_Store", "._000.png"):
        (by_class / "dog" / name).write_bytes(b"x")
    dataset = load(by_class)
    assert dataset.fingerprint == before.fingerprint
    assert dataset.notes == before.notes


def test_a_folder_that_leads_back_to_itself_is_read_once(by_class: Path) -> None:
    (by_class / "cat" / "again").symlink_to(by_class / "cat")
    assert sum(load(by_class).counts()["train"]) == 16


def test_images_outside_the_class_folders_are_said(by_class: Path) -> None:
    fill(by_class, 2)
    assert load(by_class).notes[0] == (
        "2 file(s) outside the class folders were left out: 000.png, 001.png."
    )


@pytest.mark.parametrize("around", ["", "train"])
def test_splits_below_the_classes_are_refused(tmp_path: Path, around: str) -> None:
    for split in ("train", "test"):
        fill(tmp_path / around / "cat" / split, 3)
        fill(tmp_path / around / "dog" / split, 3)
    with pytest.raises(DataError, match=r"cat is a class folder that holds folders named after sp"):
        load(tmp_path)


def test_splits_of_unknown_names_are_hinted_at(tmp_path: Path) -> None:
    for split in ("fold_1", "fold_2"):
        fill(tmp_path / split / "cat", 5)
        fill(tmp_path / split / "dog", 5)
    dataset = load(tmp_path)
    assert dataset.classes == ("fold_1", "fold_2")
    assert "Every class holds the same folders (cat, dog)" in dataset.notes[1]


def test_training_and_testing_are_splits(by_split: Path) -> None:
    (by_split / "train").rename(by_split / "Training")
    (by_split / "test").rename(by_split / "testing")
    assert load(by_split).counts() == {"train": [3, 2], "validation": [3, 2], "test": [3, 2]}


def test_a_class_called_train_may_hold_folders(tmp_path: Path) -> None:
    for name in ("bus", "train", "train/steam", "train/diesel"):
        fill(tmp_path / name, 3, first=len(name))
    dataset = load(tmp_path)
    assert dataset.classes == ("bus", "train")
    assert sum(dataset.counts()["train"] + dataset.counts()["test"]) == 12


def test_one_folder_of_folders_names_the_right_path(tmp_path: Path) -> None:
    fill(tmp_path / "animals" / "cat", 3)
    fill(tmp_path / "animals" / "dog", 3)
    with pytest.raises(
        DataError, match=r"only one class: animals(?s:.*)give .*animals if the fold"
    ):
        load(tmp_path)


def test_a_sub_folder_may_say_whom_its_images_belong_to(tmp_path: Path) -> None:
    for name in ("ill", "well"):
        for patient in range(6):
            fill(tmp_path / name / f"patient_{patient}", 2, first=10 * patient)
    dataset = load(tmp_path, group_pattern="^([^/]+)/")
    sides = [set(split.columns["group"]) for split in dataset.splits.values()]
    assert sides[0] | sides[1] == {f"patient_{i}" for i in range(6)}
    assert not sides[0] & sides[1]


def test_sizes_that_differ_are_said_with_the_size_that_is_taken(by_class: Path) -> None:
    fill(by_class / "cat", 1, first=200, size=(9, 5))
    note = next(note for note in load(by_class).notes if "differ in size" in note)
    assert "2 sizes, 5 x 4 to 5 x 9 pixels" in note
    assert "224 x 224" in note
    assert "task.arguments.image_size" in note


def test_large_images_of_one_size_are_said(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        fill(tmp_path / name, 3, size=(300, 600))
    assert "Every image is 600 x 300 pixels" in load(tmp_path).notes[0]


def test_images_in_memory_are_held_once(by_class: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each goes to its place as it is decoded; no list of all of them is kept beside."""
    decoded: list[weakref.ref] = []
    read = images.read_image

    def counted(*args, **kwargs):
        assert sum(ref() is not None for ref in decoded) <= 1
        image = read(*args, **kwargs)
        decoded.append(weakref.ref(image))
        return image

    monkeypatch.setattr(images, "read_image", counted)
    assert isinstance(load(by_class).splits["train"].columns["image"], np.ndarray)
    assert len(decoded) == 20


def test_a_fraction_of_1_makes_all_files_the_test_split(tmp_path):
    for name in ("cat", "dog"):
        write_png(tmp_path / name / "only.png", np.zeros((4, 4, 3), "uint8"))
    with pytest.raises(DataError, match=r"Class cat has 1 example\(s\) for 2 splits"):
        load(tmp_path)
    whole = load(tmp_path, test_fraction=1)
    assert {name: split.names for name, split in whole.splits.items()} == {
        "test": ["cat/only.png", "dog/only.png"]
    }
    assert whole.notes[-1] == "There is no test split; all examples serve as one."
