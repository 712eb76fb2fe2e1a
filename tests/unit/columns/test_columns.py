"""Each type of column reads, checks, encodes, pads and survives JSON."""

import json
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from zoo.columns import (
    Audio,
    Boxes,
    Column,
    Group,
    Image,
    Label,
    Labels,
    Mask,
    Number,
    Spec,
    Text,
    Vector,
    Weight,
)
from zoo.columns.assets import Assets, column_of
from zoo.columns.readers.audio import write_wav
from zoo.columns.readers.images import write_png
from zoo.errors import ArgumentError, DataError, RunError

TOKENIZER = {"kind": "word", "lowercase": True, "words": ["to", "be", "or"]}
COLUMNS = {
    "image": Image((4, 6, 3)),
    "audio": Audio(8000, 10, 16_000, {"log_mel": {"sample_rate_hz": 8000}}),
    "text": Text(TOKENIZER, 3, (2, 3)),
    "label": Label(("no", "yes")),
    "labels": Labels(("no", "yes")),
    "number": Number(),
    "boxes": Boxes(("cat", "dog")),
    "mask": Mask((2, 2), ("sky", "sea")),
    "vector": Vector((2,)),
    "group": Group(),
    "weight": Weight(),
}
VALUES = {
    "image": np.zeros((9, 9, 1), "uint8"),
    "audio": np.zeros(7, "float32"),
    "text": "to be or not",
    "label": "yes",
    "labels": ["yes"],
    "number": "1.5",
    "boxes": {"corners": [[0, 0, 2, 1]], "class": ["dog"]},
    "mask": np.ones((2, 2), "uint8"),
    "vector": [1, 2],
    "group": "anna",
    "weight": 2.0,
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_value_becomes_the_tensors_that_are_declared(name):
    column = COLUMNS[name]
    encoded = column.encoded(name, VALUES[name])
    specs = column.tensors(name)
    assert set(encoded) == set(specs)
    for key, spec in specs.items():
        array = np.asarray(encoded[key])
        assert array.dtype == spec.dtype
        assert len(array.shape) == len(spec.shape)
        assert all(w in (None, s) for w, s in zip(spec.shape, array.shape, strict=True))


@pytest.mark.parametrize("name", COLUMNS)
def test_an_absent_value_is_padding_and_a_presence_of_nought(name):
    values = COLUMNS[name].to_dict() | {"optional": True}
    column = Column.from_dict(values)
    there, absent = column.encoded(name, VALUES[name]), column.encoded(name, None)
    assert (there.pop(f"{name}.present"), absent.pop(f"{name}.present")) == (1, 0)
    for key, spec in COLUMNS[name].tensors(name).items():
        assert (np.asarray(absent[key]) == spec.padding).all()
        assert np.asarray(absent[key]).dtype == spec.dtype
    with pytest.raises(DataError, match=f"An example has no {name}"):
        COLUMNS[name].encoded(name, None)


@pytest.mark.parametrize("name", COLUMNS)
def test_columns_survive_json(name):
    column = COLUMNS[name]
    again = Column.from_dict(json.loads(json.dumps(column.to_dict())))
    assert again == column and type(again) is type(column)


@pytest.mark.parametrize(
    ("name", "wrong", "words"),
    [
        ("image", np.zeros((4, 4, 2), "uint8"), "is not an image"),
        ("image", np.zeros((4, 4, 3)), "is not an image"),
        ("audio", np.zeros((2, 4), "float32"), "is not a clip"),
        ("audio", np.array([np.nan], "float32"), "is not a clip"),
        ("text", " ", "is not a text"),
        ("label", "maybe", "no class 'maybe'"),
        ("labels", [2], "no class at position 2"),
        ("number", "many", "is not a number"),
        ("number", "nan", "is not a number"),
        ("boxes", [[0, 0, 1, 1]], "does not say where boxes are"),
        ("boxes", {"corners": [[2, 0, 2, 1]], "class": [0]}, "do not fit, or a box is empty"),
        ("boxes", {"corners": [[0, 0, 2, 1]], "class": []}, "do not fit, or a box is empty"),
        ("mask", np.zeros((2, 2)), "is not a mask"),
        ("mask", np.zeros((3, 2), int), "does not fit"),
        ("vector", [1, 2, 3], "does not fit"),
    ],
)
def test_what_is_not_a_value_is_refused_on_one_screen(name, wrong, words):
    with pytest.raises(DataError, match=words) as caught:
        COLUMNS[name].encode(wrong)
    assert caught.value.fix and len(str(caught.value).splitlines()) <= 4


def test_files_are_read_and_values_pass(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (4, 6, 3), dtype="uint8")
    write_png(tmp_path / "a.png", image)
    write_wav(tmp_path / "a.wav", np.zeros(400), sample_rate_hz=16_000)
    (tmp_path / "a.txt").write_text("to be", encoding="utf-8")
    np.testing.assert_array_equal(COLUMNS["image"].read(tmp_path / "a.png"), image)
    assert COLUMNS["image"].read(image) is image
    assert len(COLUMNS["audio"].read(str(tmp_path / "a.wav"))) == 200
    assert COLUMNS["text"].read(tmp_path / "a.txt") == "to be"
    assert COLUMNS["text"].read("a.txt") == "a.txt"  # a text that looks like a name


def test_an_unknown_kind_or_field_is_named():
    with pytest.raises(DataError, match="no column of the kind 'smell'"):
        Column.from_dict({"kind": "smell"})
    with pytest.raises(DataError, match="has no field hue"):
        Column.from_dict({"kind": "image", "hue": 1})


def test_a_type_that_is_defined_elsewhere_is_known_by_its_kind():
    @dataclass(frozen=True)
    class Tilt(Column):
        kind: ClassVar[str] = "tilt_of_this_test"
        word: ClassVar[str] = "tilts"
        degrees: tuple[int, ...] = (0, 90)

        def specs(self):
            return {"": Spec((), "float32")}

        def encode(self, value):
            return {"": np.float32(value)}

    column = Tilt((1, 2), optional=True)
    assert Column.from_dict(json.loads(json.dumps(column.to_dict()))) == column


def test_a_kind_belongs_to_one_type():
    with pytest.raises(ArgumentError, match="cannot be the kind 'image': that is Image"):
        type("Picture", (Image.__base__,), {"kind": "image"})
    assert type(Column.from_dict({"kind": "image"})) is Image


def test_random_values_are_what_is_declared():
    for name, column in COLUMNS.items():
        made = column.random(np.random.default_rng(0), 3)
        assert set(made) == set(column.specs())
        for part, spec in column.specs().items():
            assert made[part].dtype == spec.dtype and len(made[part]) == 3, name


def test_the_column_of_a_task_is_found_by_type_and_by_name():
    features = {"photo": Image(), "label": Label()}
    assert column_of(features, Image, "image").source == "photo"
    both = {"photo": Image(), "image": Image((8, 8, 1))}
    assert column_of(both, Image, "image") == Image((8, 8, 1), source="image")
    with pytest.raises(DataError, match=r"takes texts; the data holds photo \(images\)"):
        column_of(features, Text, "text")
    with pytest.raises(DataError, match="one column of images; the data has a, b"):
        column_of({"a": Image(), "b": Image()}, Image, "image")


# --- assets


def test_assets_survive_json_and_name_their_tensors():
    assets = Assets(
        x={"image": Image((4, 4, 1)), "text": Text(TOKENIZER, 3, optional=True)},
        y={"label": Label(("a", "b")), "boxes": Boxes(("cat",))},
        extra={"note": [1]},
    )
    assert Assets.from_dict(json.loads(json.dumps(assets.to_dict()))) == assets
    x, y = assets.specs()
    assert list(x) == ["image", "text", "text.present"]
    assert list(y) == ["label", "boxes.corners", "boxes.class"]
    assert assets.classes == ("a", "b")
    assert assets.sizes == {"vocabulary_size": 5, "context_length": 3}
    assert assets.with_classes(("c",)).classes == ("c",)


def test_assets_of_a_later_version_are_refused():
    with pytest.raises(RunError, match=r"newer kerazoo \(format 99\)"):
        Assets.from_dict({"version": 99})


def first_version(x, y, classes=(), sizes=None, extra=None):
    def spec(shape, dtype, padding=0, buckets=()):
        return {"shape": shape, "dtype": dtype, "padding": padding, "buckets": list(buckets)}

    return {
        "x": {name: spec(*values) for name, values in x.items()},
        "y": {name: spec(*values) for name, values in y.items()},
        "classes": list(classes),
        "sizes": sizes or {},
        "extra": extra or {},
    }


LABEL = {"label": ([], "int64")}


def test_assets_that_0_1_0_wrote_become_columns():
    image = first_version({"image": ([8, 8, 1], "uint8")}, LABEL, ["a", "b"])
    assert Assets.from_dict(image) == Assets(
        x={"image": Image((8, 8, 1), source="image")}, y={"label": Label(("a", "b"))}
    )
    front = {"sample_rate_hz": 8000, "num_mels": 40}
    extra = {"front": front, "data_rate_hz": 16_000}
    sound = first_version({"audio": ([4000], "float32")}, LABEL, ["a", "b"], extra=extra)
    audio = Audio(8000, 4000, 16_000, {"log_mel": front}, source="audio")
    assert Assets.from_dict(sound) == Assets(x={"audio": audio}, y={"label": Label(("a", "b"))})
    ids, sizes = ([None], "int32", 0, (2, 3)), {"vocabulary_size": 5, "context_length": 3}
    text = first_version(
        {"ids": ids}, LABEL, ["a", "b"], sizes=sizes, extra={"tokenizer": TOKENIZER}
    )
    found = Assets.from_dict(text)
    assert found.x == {"ids": Text(TOKENIZER, 3, (2, 3), source="text")}
    assert (found.sizes, found.extra) == (sizes, {})
    writer = first_version(
        {"ids": ids}, {"ids": ids, "characters": ([], "float32")}, sizes=sizes,
        extra={"tokenizer": TOKENIZER},
    )  # fmt: skip
    assert Assets.from_dict(writer).y == {"ids": Text(buckets=(2, 3)), "characters": Number()}
    own = first_version({"value": ([2], "float32")}, {"aim": ([None], "int64", -1)})
    assert Assets.from_dict(own).specs() == (
        {"value": Spec((2,), "float32")}, {"aim": Spec((None,), "int64", -1)}
    )  # fmt: skip
