"""Tables of several inputs: what each column holds, what is absent, and what is refused."""

import json

import numpy as np
import pytest

from zoo.columns.readers.audio import write_wav
from zoo.columns.readers.images import write_png
from zoo.data.load import load_dataset
from zoo.errors import ArgumentError, DataError
from zoo.testing import check_dataset

COUNT = 20
INPUTS = ["photo", "clip", "caption"]
HEADER = "photo,clip,caption,label"


def row_of(i):
    return [f"{i}.png", f"{i}.wav", f"picture {i}", "ab"[i % 2]]


def write(path, rows, header=HEADER):
    path.write_text("\n".join([header, *(",".join(row) for row in rows)]))
    return path


@pytest.fixture
def folder(tmp_path):
    """Files of twenty examples; image i has the value i, sound i is i + 100 samples long."""
    for i in range(COUNT):
        write_png(tmp_path / f"{i}.png", np.full((4, 5, 3), i, "uint8"))
        write_wav(tmp_path / f"{i}.wav", np.full(100 + i, 0.1, "float32"), sample_rate_hz=8000)
    return tmp_path


@pytest.fixture
def rows():
    return [row_of(i) for i in range(COUNT)]


def load(path, **arguments):
    return load_dataset(path, input_columns=INPUTS, **arguments)


def test_columns_keep_their_names_and_their_kinds_are_told_from_cells(folder, rows):
    dataset = load(write(folder / "a.csv", rows))
    check_dataset(dataset)
    kinds = {name: column.kind for name, column in dataset.features.items()}
    assert kinds == {"photo": "image", "clip": "audio", "caption": "text", "label": "label"}
    assert dataset.features["photo"].shape == (4, 5, 3)
    assert dataset.features["clip"].sample_rate_hz == 8000
    assert not any(dataset.features[name].optional for name in INPUTS)
    assert {name: len(split) for name, split in dataset.splits.items()} == {"train": 16, "test": 4}
    for split in dataset.splits.values():
        for example, name in zip(split, split.names, strict=True):
            i = int(name.split()[-1]) - 2  # "a.csv, line 2" is the first
            assert example["photo"][0, 0].tolist() == [i, i, i]
            assert len(example["clip"]) == 100 + i
            assert example["caption"] == f"picture {i}"
            assert example["label"] == i % 2


def test_tables_by_split_and_numbers_to_predict(folder, rows):
    (folder / "set").mkdir()
    rows = [[f"../{row[0]}", f"../{row[1]}", row[2], str(i)] for i, row in enumerate(rows)]
    for name, part in (("train", rows[:12]), ("test", rows[12:])):
        write(folder / "set" / f"{name}.csv", part, "photo,clip,caption,price")
    dataset = load(folder / "set", target_column="price")
    assert dataset.features["price"].kind == "number" and not dataset.classes
    assert dataset.splits["test"][0]["price"] == 12.0
    assert dataset.splits["test"][0]["photo"][0, 0, 0] == 12


def test_an_empty_cell_is_refused_with_its_row(folder, rows):
    rows[5][1] = " "
    path = write(folder / "a.csv", rows)
    with pytest.raises(
        DataError, match=r"a\.csv, line 7 has an empty cell in the column clip"
    ) as e:
        load(path)
    assert "absent=allow" in str(e.value)


def test_an_empty_cell_is_an_absence_where_allowed(folder, rows):
    for i, k in ((0, 0), (1, 0), (2, 1), (3, 2)):
        rows[i][k] = ""
    dataset = load(write(folder / "a.csv", rows), absent="allow")
    check_dataset(dataset)
    assert "Of 20 examples, absent are: photo from 2, clip from 1, caption from 1." in dataset.notes
    assert all(dataset.features[name].optional for name in INPUTS)
    lost = {0: {"photo"}, 1: {"photo"}, 2: {"clip"}, 3: {"caption"}}
    for split in dataset.splits.values():
        for example, name in zip(split, split.names, strict=True):
            i = int(name.split()[-1]) - 2
            assert {name for name in INPUTS if example[name] is None} == lost.get(i, set())
            if example["photo"] is not None:
                assert example["photo"][0, 0, 0] == i
    assert len(dataset.fingerprint) == 16


def test_a_key_that_an_object_lacks_is_an_absence_too(folder):
    lines = [dict(zip(HEADER.split(","), row_of(i), strict=True)) for i in range(COUNT)]
    del lines[0]["photo"]
    lines[1]["clip"] = None
    (folder / "a.jsonl").write_text("\n".join(map(json.dumps, lines)))
    assert "absent are: photo from 1, clip from 1." in str(
        load(folder / "a.jsonl", absent="allow").notes
    )
    with pytest.raises(DataError, match="no column 'photo'"):
        load(folder / "a.jsonl")


@pytest.mark.parametrize("absent", ["refuse", "allow"])
def test_a_row_without_any_input_is_always_refused(folder, rows, absent):
    rows[4][:3] = ["", "", ""]
    path = write(folder / "a.csv", rows)
    with pytest.raises(DataError, match=r"a\.csv, line 6 has none of its inputs: photo, clip, cap"):
        load(path, absent=absent)
    dataset = load(path, absent=absent, skip_corrupt=True)
    assert dataset.skipped == (f"{path}, line 6",)


@pytest.mark.parametrize("absent", ["refuse", "allow"])
def test_a_missing_file_is_an_error_and_no_absence(folder, rows, absent):
    (folder / "3.wav").unlink()
    path = write(folder / "a.csv", rows)
    said = r"line 5 names the file 3\.wav in the column clip, which does not exist"
    with pytest.raises(DataError, match=said):
        load(path, absent=absent)


def test_rows_are_left_out_for_all_columns_at_once(folder, rows):
    (folder / "3.wav").unlink()
    (folder / "7.png").write_bytes(b"damaged")
    rows[9][2] = ""
    path = write(folder / "a.csv", rows)
    dataset = load(path, skip_corrupt=True)
    assert sorted(dataset.skipped) == sorted(f"{path}, line {i + 2}" for i in (3, 7, 9))
    found = sorted(
        (int(e["photo"][0, 0, 0]), len(e["clip"]) - 100, int(e["caption"].split()[1]))
        for split in dataset.splits.values()
        for e in split
    )
    assert found == [(i, i, i) for i in range(COUNT) if i not in (3, 7, 9)]


def test_a_file_of_another_kind_is_refused_with_its_row(folder, rows):
    rows[6][0] = "6.wav"
    said = r"line 8 names the file 6\.wav in the column photo, which is not a file of images"
    with pytest.raises(DataError, match=said):
        load(write(folder / "a.csv", rows))


def test_sample_rates_that_differ_are_brought_to_the_most_frequent(folder, rows):
    write_wav(folder / "2.wav", np.full(400, 0.1, "float32"), sample_rate_hz=16_000)
    dataset = load(write(folder / "a.csv", rows))
    assert dataset.features["clip"].sample_rate_hz == 8000
    (note,) = [note for note in dataset.notes if "Sample rates" in note]
    assert note.startswith("clip: Sample rates differ (19 at 8,000 Hz, 1 at 16,000 Hz)")
    splits = dataset.splits.values()
    clips = {n: e["clip"] for split in splits for e, n in zip(split, split.names, strict=True)}
    assert len(clips["a.csv, line 4"]) == 200


def test_a_column_that_is_always_empty_is_refused(folder, rows):
    for row in rows:
        row[1] = ""
    with pytest.raises(DataError, match=r"The column clip of .* is empty in every row"):
        load(write(folder / "a.csv", rows), absent="allow")


def test_a_column_that_the_table_lacks_is_named(folder, rows):
    path = write(folder / "a.csv", rows)
    with pytest.raises(DataError, match="no column 'foto'") as caught:
        load_dataset(path, input_columns=["foto", "clip"])
    assert "input_columns" in caught.value.fix and "photo" in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (dict(input_columns=["photo"]), "is not a list of several columns"),
        (dict(input_columns=3), "is not a list of several columns"),
        (dict(input_columns="photo"), "is not a list of several columns"),
        (dict(input_columns=["photo", "photo"]), "'photo' cannot be an input: it is named twice"),
        (dict(input_columns=["photo", "label"]), "'label' cannot be an input: it is the label"),
        (dict(input_columns=INPUTS, absent="alow"), "set absent=allow"),
        (dict(input_columns=INPUTS, file_column="photo"), "file_column=photo and input_columns"),
        (dict(absent="allow"), "is not a list of several columns"),
    ],
)
def test_arguments_that_do_not_fit(folder, rows, arguments, said):
    with pytest.raises(ArgumentError) as caught:
        load_dataset(write(folder / "a.csv", rows), **arguments)
    assert said in str(caught.value)


def test_bytes_in_parquet(folder, rows):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    table = {
        "photo": [{"bytes": (folder / row[0]).read_bytes(), "path": None} for row in rows],
        "caption": [None if i == 4 else row[2] for i, row in enumerate(rows)],
        "label": [row[3] for row in rows],
    }
    parquet.write_table(pyarrow.table(table), folder / "a.parquet")
    dataset = load_dataset(folder / "a.parquet", input_columns=["photo", "caption"], absent="allow")
    assert {k: v.kind for k, v in dataset.features.items()} == {
        "photo": "image",
        "caption": "text",
        "label": "label",
    }
    assert sum(e["caption"] is None for split in dataset.splits.values() for e in split) == 1
