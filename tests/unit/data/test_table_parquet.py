"""Parquet files hold what CSV files hold, with types, and files as bytes."""

import io
import json

import numpy as np
import pytest
from PIL import Image as Picture

from recipes.runs.inputs import items_of
from zoo.columns import Group, Image, Label, Labels, Number, Text, Weight
from zoo.columns.readers.audio import write_wav
from zoo.data.load import load_dataset
from zoo.errors import ArgumentError, DataError

pa = pytest.importorskip("pyarrow", reason="pyarrow comes with tensorflow-datasets")

TEXTS = [f"text {i}" for i in range(20)]


def parquet(folder, name="a.parquet", **columns):
    from pyarrow import parquet as pq

    pq.write_table(pa.table(columns), folder / name)
    return folder / name


def png(value):
    stream = io.BytesIO()
    Picture.fromarray(np.full((4, 4, 3), value, "uint8")).save(stream, "PNG")
    return stream.getvalue()


def test_a_parquet_file_is_what_the_same_json_lines_are(tmp_path):
    labels = [i % 2 for i in range(20)]
    rows = [
        json.dumps({"text": text, "label": label})
        for text, label in zip(TEXTS, labels, strict=True)
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(rows))
    ours = load_dataset(parquet(tmp_path, text=TEXTS, label=labels))
    theirs = load_dataset(tmp_path / "a.jsonl")
    assert ours.features == {"text": Text(), "label": Label()}
    assert ours.fingerprint == theirs.fingerprint
    assert ours.splits["train"].names[0].startswith("a.parquet, row ")


@pytest.mark.parametrize(
    ("label", "classes"),
    [
        ([True, False] * 10, ("false", "true")),
        (["no", "yes"] * 10, ("no", "yes")),
        (pa.array(["no", "yes"] * 10).dictionary_encode(), ("no", "yes")),
        (pa.array([3, 10] * 10, "int8"), ("3", "10")),
    ],
    ids=["bool", "text", "category", "int8"],
)
def test_labels_of_several_types_are_classes(tmp_path, label, classes):
    assert load_dataset(parquet(tmp_path, text=TEXTS, label=label)).classes == classes


def test_numbers_groups_weights_splits_and_lists_are_read(tmp_path):
    numbers = [i / 3 for i in range(20)]
    path = parquet(
        tmp_path,
        text=TEXTS,
        price=numbers,
        who=[f"g{i % 5}" for i in range(20)],
        weight=[1] * 20,
        Split=["train"] * 15 + ["test"] * 5,
        other=[b"\0"] * 20,
    )
    columns = {"target_column": "price", "group_column": "who", "weight_column": "weight"}
    dataset = load_dataset(path, **columns)
    kinds = {"text": Text(), "group": Group(), "sample_weight": Weight(), "price": Number()}
    assert dataset.features == kinds
    assert dataset.splits["test"].columns["price"].tolist() == numbers[15:]
    path = parquet(tmp_path, text=TEXTS, label=[["a"], ["a", "b"], [], ["b"]] * 5)
    dataset = load_dataset(path, label_separator=";")
    assert dataset.features["labels"] == Labels(("a", "b"))


@pytest.mark.parametrize("as_struct", [True, False])
def test_pictures_are_held_as_bytes(tmp_path, as_struct):
    pictures = [png(i) for i in range(20)]
    held = [{"bytes": p, "path": None} for p in pictures] if as_struct else pictures
    path = parquet(tmp_path, image=held, label=["a", "b"] * 10)
    dataset = load_dataset(path, file_column="image")
    assert dataset.features["image"] == Image((4, 4, 3))
    for split in dataset.splits.values():
        for example, name in zip(split, split.names, strict=True):
            assert example["image"].max() == int(name.split()[-1]) - 1


def test_a_struct_without_bytes_names_a_file_beside_the_table(tmp_path):
    for i in range(6):
        write_wav(tmp_path / f"{i}.wav", np.full(80, i / 10, "float32"), sample_rate_hz=8000)
    held = [{"bytes": None, "path": f"{i}.wav"} for i in range(5)]
    held.append({"bytes": (tmp_path / "5.wav").read_bytes(), "path": "5.wav"})
    dataset = load_dataset(
        parquet(tmp_path, sound=held, age=list(range(6))), file_column="sound", target_column="age"
    )
    for split in dataset.splits.values():
        for example in split:
            assert example["audio"].max() == pytest.approx(example["age"] / 10, abs=1e-3)


def test_bytes_that_are_no_picture_are_counted(tmp_path):
    held = [png(i) for i in range(18)] + [b"what", png(3)[:30]]
    path = parquet(tmp_path, image=held, label=["a", "b"] * 10)
    with pytest.raises(
        DataError, match=r"2 of the 20 files [^§]*row 19 \(bytes\), row 20 \(bytes\)"
    ):
        load_dataset(path, file_column="image")
    dataset = load_dataset(path, file_column="image", skip_corrupt=True)
    assert [row.split(", ")[-1] for row in dataset.skipped] == ["row 19", "row 20"]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"text": [*TEXTS[:19], None], "label": [0, 1] * 10}, "row 20 has no text"),
        ({"text": list(range(20)), "label": [0, 1] * 10}, "row 1 holds int instead of text"),
        ({"text": TEXTS, "label": [b"a", b"b"] * 10}, "row 1 holds bytes instead of text"),
        (
            {"text": TEXTS, "labels": [0, 1] * 10},
            r"no column 'label'[^§]*one of its columns: text, ",
        ),
        ({"text": [], "label": []}, "has no rows"),
    ],
    ids=["missing", "number", "bytes", "no column", "empty"],
)
def test_what_does_not_fit_is_named(tmp_path, columns, said):
    with pytest.raises(DataError, match=said):
        load_dataset(parquet(tmp_path, **columns))


def test_other_files_and_encodings_are_refused(tmp_path):
    path = parquet(tmp_path, text=TEXTS, label=[0, 1] * 10)
    with pytest.raises(ArgumentError, match="encoding=cp1252 does not apply"):
        load_dataset(path, encoding="cp1252")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        load_dataset(path)
    path.write_text("text,label\n")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        load_dataset(path)


def test_rows_of_parquet_are_predicted(tmp_path):
    path = parquet(tmp_path, text=TEXTS, label=[0, 1] * 10)
    items = items_of([path], {"text": Text()}, model="m")
    assert [item.values["text"] for item in items] == TEXTS
    assert items[0].row == "row 1"
