"""Data sets of the Hub: by type of column, from a saved folder or the cache, without the network."""

import json
import shutil
import sys

import numpy as np
import pytest

from zoo.columns import Group, Image, Label, Number, Text, Weight
from zoo.data.hub import parsed
from zoo.data.load import load_dataset
from zoo.errors import ArgumentError, DataError, MachineError

TEXTS = [f"text {i}" for i in range(20)]
COMMIT = "0f3a9b1c" * 5


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("hf:imdb", ("imdb", None, None)),
        ("hf:ann/reviews@v2", ("ann/reviews", None, "v2")),
        ("hf:ann/reviews/short@0f3a9b1", ("ann/reviews", "short", "0f3a9b1")),
    ],
)
def test_a_name_says_set_configuration_and_revision(name, parts):
    assert parsed(name) == parts


@pytest.mark.parametrize("name", ["hf:", "hf:a/", "hf:a/b/c/d", "hf:a/b@", "hf:@main"])
def test_other_names_are_refused(name):
    with pytest.raises(ArgumentError, match="not the name of a data set on the Hub"):
        parsed(name)


def test_the_library_is_asked_for_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MachineError, match="needs the library datasets") as caught:
        load_dataset("hf:ann/reviews")
    assert "[hf]" in caught.value.fix


@pytest.fixture
def hub():
    return pytest.importorskip("datasets", reason="the extra hf is not installed")


def saved(hub, folder, features=None, **splits):
    """Save splits, each a dictionary of columns, and return the name of the folder."""
    features = features and hub.Features(features)
    made = {name: hub.Dataset.from_dict(own, features=features) for name, own in splits.items()}
    hub.DatasetDict(made).save_to_disk(str(folder / "saved"))
    return f"hf:{folder / 'saved'}"


def test_texts_and_classes_are_found_by_type(hub, tmp_path):
    features = {
        "id": hub.Value("int64"),
        "review": hub.Value("string"),
        "stars": hub.ClassLabel(names=["bad", "good"]),
    }
    own = {"id": list(range(20)), "review": TEXTS, "stars": [0, 1] * 10}
    hidden = own | {"stars": [-1] * 20}
    name = saved(hub, tmp_path, features, train=own, validation=own, test=hidden, extra=own)
    dataset = load_dataset(name)
    assert dataset.features == {"text": Text(), "label": Label()}
    assert dataset.classes == ("bad", "good")
    assert dataset.counts() == {"train": [10, 10], "test": [10, 10]}
    assert dataset.splits["train"][1] == {"text": "text 1", "label": 1}
    assert "Splits that are not used: extra." in dataset.notes
    assert "The split test has no labels and is not used." in dataset.notes
    assert dataset.source == "hub"


def test_images_are_read_as_they_were_saved(hub, tmp_path):
    pixels = [np.full((4, 4, 3), i, "uint8") for i in range(20)]
    features = {"img": hub.Image(), "label": hub.ClassLabel(names=["a", "b"])}
    dataset = load_dataset(
        saved(hub, tmp_path, features, train={"img": pixels, "label": [0, 1] * 10})
    )
    assert dataset.features["image"] == Image((4, 4, 3))
    for split in dataset.splits.values():
        for example, name in zip(split, split.names, strict=True):
            assert example["image"].max() == int(name.split()[-1]) - 1


def test_columns_are_taken_as_asked_for(hub, tmp_path):
    own = {"a": TEXTS, "b": TEXTS[::-1], "price": [i / 4 for i in range(20)], "trust": [1] * 20}
    name = saved(hub, tmp_path, train=own | {"who": [f"g{i % 4}" for i in range(20)]})
    with pytest.raises(DataError, match="several columns that may be the text: a, b") as caught:
        load_dataset(name)
    assert "text_column=a" in caught.value.fix
    dataset = load_dataset(
        name, text_column="b", target_column="price", group_column="who", weight_column="trust"
    )
    kinds = {"text": Text(), "group": Group(), "sample_weight": Weight(), "price": Number()}
    assert dataset.features == kinds
    with pytest.raises(DataError, match="no column 'prise'"):
        load_dataset(name, text_column="b", target_column="prise")


def test_a_set_without_train_and_a_folder_of_something_else_are_refused(hub, tmp_path):
    with pytest.raises(DataError, match="no split called train, only all"):
        load_dataset(saved(hub, tmp_path, all={"text": TEXTS, "label": [0, 1] * 10}))
    with pytest.raises(DataError, match="is not a data set that can be read"):
        load_dataset(f"hf:{tmp_path}")


@pytest.fixture
def cached(hub, tmp_path, monkeypatch):
    """A cache that holds ann/reviews, as a download leaves it."""
    monkeypatch.setattr(hub.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(hub.config, "HF_HUB_OFFLINE", True)
    rows = [json.dumps({"text": text, "label": i % 2}) for i, text in enumerate(TEXTS)]
    (tmp_path / "rows.jsonl").write_text("\n".join(rows))
    hub.load_dataset("json", data_files={"train": str(tmp_path / "rows.jsonl")})
    (made,) = (path.parent for path in (tmp_path / "cache").rglob("json-train.arrow"))
    folder = tmp_path / "cache" / "ann___reviews" / "default" / "0.0.0" / COMMIT
    shutil.copytree(made, folder)
    (folder / "json-train.arrow").rename(folder / "reviews-train.arrow")
    info = json.loads((folder / "dataset_info.json").read_text())
    info |= {"dataset_name": "reviews", "config_name": "default", "builder_name": "json"}
    (folder / "dataset_info.json").write_text(json.dumps(info))
    return tmp_path


def test_the_cache_is_read_without_the_network(hub, cached, monkeypatch):
    monkeypatch.setattr(hub.config, "HF_HUB_OFFLINE", False)
    dataset = load_dataset("hf:ann/reviews")
    assert sum(map(len, dataset.splits.values())) == 20
    assert f"From the Hugging Face Hub: ann/reviews at {COMMIT}." in dataset.notes
    assert hub.config.HF_HUB_OFFLINE is False
    again = load_dataset(f"hf:ann/reviews@{COMMIT[:9]}")
    assert again.fingerprint == dataset.fingerprint


@pytest.mark.parametrize(
    ("revision", "said"), [("main", "may have moved"), ("abcdef1", f"at {COMMIT}, not at abcdef1")]
)
def test_another_revision_than_the_one_asked_for_is_not_passed_off(cached, revision, said):
    with pytest.raises(DataError, match=said) as caught:
        load_dataset(f"hf:ann/reviews@{revision}")
    assert "--download" in caught.value.fix


@pytest.mark.parametrize("download", [False, True])
def test_what_is_neither_cached_nor_reached_is_told_on_one_screen(cached, download):
    with pytest.raises(DataError) as caught:
        load_dataset("hf:nobody/nothing", download=download)
    assert ("cannot be fetched" if download else "not in the cache") in caught.value.problem
    assert len(str(caught.value).splitlines()) <= 3


def test_a_folder_of_that_name_here_is_not_taken_for_the_set(hub, in_tmp):
    (in_tmp / "reviews").mkdir()
    with pytest.raises(DataError, match="There is a folder reviews here"):
        load_dataset("hf:reviews")
