"""Tables with numbers to predict, and with files in place of texts."""

import json
import re
import wave
from pathlib import Path

import numpy as np
import pytest

from zoo.columns import Audio, Image, Label, Number, Text
from zoo.columns.readers.images import write_png
from zoo.data.load import load_dataset
from zoo.errors import ArgumentError, DataError


def table(folder: Path, *rows: str, name: str = "a.csv") -> Path:
    (folder / name).write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder / name


def houses(folder: Path, count: int = 10) -> Path:
    rows = [f"a house of {i} rooms,{i * 1.5},{i}" for i in range(1, count + 1)]
    return table(folder, "text,price,rooms", *rows)


def picture(path: Path, *, size: int = 6) -> str:
    write_png(path, np.full((size, size, 3), 90, "uint8"))
    return path.name


def test_a_column_of_numbers_becomes_a_target(tmp_path):
    dataset = load_dataset(houses(tmp_path), target_column="price")
    assert dataset.features == {"text": Text(), "price": Number()}
    assert dataset.classes == ()
    assert dataset.counts() == {"train": [8], "test": [2]}
    example = dataset.splits["train"][0]
    assert example["price"] == 1.5 * int(example["text"].split()[3])
    assert dataset.splits["train"].columns["price"].dtype == "float64"


def test_several_targets_from_json_lines(tmp_path):
    rows = [json.dumps({"text": f"no {i}", "a": i, "b": i / 4 - 1e3}) for i in range(8)]
    path = table(tmp_path, *rows, name="a.jsonl")
    dataset = load_dataset(path, target_column=["a", "b"])
    assert set(dataset.features) == {"text", "a", "b"}
    one = dataset.splits["test"][0]
    assert one["b"] == one["a"] / 4 - 1e3


def test_splits_of_their_own_are_kept(tmp_path):
    for split, count in (("train", 6), ("validation", 3), ("test", 4)):
        houses(tmp_path, count).rename(tmp_path / f"{split}.csv")
    dataset = load_dataset(tmp_path, target_column="price")
    assert dataset.counts() == {"train": [6], "validation": [3], "test": [4]}


def test_a_target_may_be_the_column_called_label(tmp_path):
    rows = [f"text {i},{i / 8}" for i in range(60)]
    path = table(tmp_path, "text,label", *rows)
    with pytest.raises(DataError, match=r"look like numbers[^§]*task.name=regression"):
        load_dataset(path)
    dataset = load_dataset(path, target_column="label")
    assert dataset.features["label"] == Number()


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("cheap", r"line 5 holds 'cheap' in the column price.*label_column=price"),
        ("nan", "line 5 holds 'nan'"),
        ("inf", "line 5 holds 'inf'"),
        ("", "line 5 has no number"),
        ('"1,5"', r"line 5 holds '1,5'.*with a point before decimals"),
        ("1_000", "line 5 holds '1_000'"),
    ],
)
def test_what_is_not_a_number_is_named_with_its_line(tmp_path, cell, said):
    rows = [f"text {i},{i}.5" for i in range(8)]
    rows[3] = f"text 3,{cell}"
    path = table(tmp_path, "text,price", *rows)
    with pytest.raises(DataError) as caught:
        load_dataset(path, target_column="price")
    assert re.search(said, str(caught.value), flags=re.DOTALL), caught.value
    assert len(str(caught.value).splitlines()) < 8  # one screen
    left = load_dataset(path, target_column="price", skip_corrupt=True)
    assert left.skipped == (f"{path}, line 5",)


def test_a_column_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match=r"no column 'prize'[^§]*target_column=price"):
        load_dataset(houses(tmp_path), target_column="prize")
    with pytest.raises(DataError, match=r"no column 'path'[^§]*file_column="):
        load_dataset(houses(tmp_path), target_column="price", file_column="path")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"target_column": ["price", "price"]}, "twice"),
        ({"target_column": "text"}, "needs for something else"),
        ({"target_column": True}, "not the name of a column"),
        ({"target_column": [["price"]]}, "not the name of a column"),
        ({"target_column": "price", "label_column": "rooms"}, "both given"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(tmp_path, arguments, said):
    with pytest.raises(ArgumentError, match=said):
        load_dataset(houses(tmp_path), **arguments)


def test_files_are_read_beside_the_table(tmp_path):
    (tmp_path / "pictures").mkdir()
    for i in range(6):
        picture(tmp_path / "pictures" / f"{i}.png")
    rows = [f"pictures/{i}.png,{i}" for i in range(6)]
    dataset = load_dataset(
        table(tmp_path, "file,age", *rows), file_column="file", target_column="age"
    )
    assert dataset.features == {"image": Image((6, 6, 3)), "age": Number()}
    assert dataset.splits["train"].columns["image"].shape == (5, 6, 6, 3)
    assert dataset.splits["train"][0]["image"].max() == 90
    with pytest.raises(DataError, match=r"line 8 names the file pictures/9.png, which does not"):
        load_dataset(
            table(tmp_path, "file,age", *rows, "pictures/9.png,3"),
            file_column="file",
            target_column="age",
        )


def test_files_have_labels_too_and_may_differ_in_size(tmp_path):
    for i in range(6):
        picture(tmp_path / f"{i}.png", size=6 + i)
    rows = [f"{i}.png,{'ab'[i % 2]}" for i in range(6)]
    dataset = load_dataset(table(tmp_path, "path,label", *rows), file_column="path")
    assert dataset.features == {"image": Image((None, None, 3)), "label": Label()}
    assert dataset.classes == ("a", "b")
    assert any("resized" in note for note in dataset.notes)
    one = dataset.splits["test"][0]
    assert one["image"].ndim == 3 and one["label"] in (0, 1)
    assert len(dataset.fingerprint) == 16


def test_sounds_are_read_and_kinds_are_not_mixed(tmp_path):
    for i in range(4):
        with wave.open(str(tmp_path / f"{i}.wav"), "wb") as sound:
            sound.setparams((1, 2, 8000, 0, "NONE", ""))
            sound.writeframes(np.zeros(800, "int16").tobytes())
    rows = [f"{i}.wav,{i}" for i in range(4)]
    arguments = {"file_column": "file", "target_column": "age"}
    dataset = load_dataset(table(tmp_path, "file,age", *rows), **arguments)
    assert dataset.features["audio"] == Audio(8000)
    picture(tmp_path / "a.png")
    with pytest.raises(DataError, match="4 sounds"):
        load_dataset(table(tmp_path, "file,age", *rows, "a.png,3"), **arguments)
    (tmp_path / "b.pdf").write_bytes(b"%PDF")
    with pytest.raises(DataError, match=r"line 6 names the file b.pdf, which is not a file of s"):
        load_dataset(table(tmp_path, "file,age", *rows, "b.pdf,3"), **arguments)


def test_a_folder_of_tables_may_hold_folders_of_files(tmp_path):
    for name in ("pictures", "more"):
        (tmp_path / name).mkdir()
        for i in range(4):
            picture(tmp_path / name / f"{i}.png")
    rows = [f"pictures/{i}.png,{i}" for i in range(4)]
    table(tmp_path, "file,age", *rows, name="train.csv")
    table(tmp_path, "file,age", *rows[:2], name="test.csv")
    dataset = load_dataset(tmp_path, file_column="file", target_column="age")
    assert dataset.counts() == {"train": [4], "test": [2]}
