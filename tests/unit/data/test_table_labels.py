"""Tables in which an example has several labels."""

import json
from pathlib import Path

import pytest

from zoo.columns import Labels, Text
from zoo.data.load import load_dataset
from zoo.errors import ArgumentError, DataError


def table(folder: Path, *rows: str, name: str = "a.csv") -> Path:
    (folder / name).write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder / name


ROWS = ["one,a;b", "two,b", "three,", "four, c ; a ;a", "five,b;c", "six,a"] * 2


def test_one_column_with_a_separator(tmp_path):
    dataset = load_dataset(table(tmp_path, "text,label", *ROWS), label_separator=";")
    assert dataset.features == {"text": Text(), "labels": Labels(("a", "b", "c"))}
    assert dataset.classes == ()
    examples = [example for split in dataset.splits.values() for example in split]
    found = {example["text"]: example["labels"] for example in examples}
    assert found["four"] == ("a", "c") and found["three"] == () and found["one"] == ("a", "b")


def test_lists_in_json_lines(tmp_path):
    rows = [json.dumps({"text": f"no {i}", "label": ["a", "b"][: i % 3]}) for i in range(9)]
    dataset = load_dataset(table(tmp_path, *rows, name="a.jsonl"), label_separator=";")
    assert dataset.features["labels"] == Labels(("a", "b"))


def test_a_column_of_0_and_1_for_each_label(tmp_path):
    rows = ["x,1,0", "y,0,0", "z,1,1", "u,true,0.0", "v,0,1"] * 2
    path = table(tmp_path, "text,toxic,rude", *rows)
    dataset = load_dataset(path, label_column=["toxic", "rude"])
    assert dataset.features["labels"] == Labels(("toxic", "rude"))
    held = {example["text"]: example["labels"] for example in dataset.splits["train"]}
    assert held.get("z", ("toxic", "rude")) == ("toxic", "rude")
    assert held.get("u", ("toxic",)) == ("toxic",)
    bad = table(tmp_path, "text,toxic,rude", *rows, "w,yes,0", name="bad.csv")
    with pytest.raises(DataError, match=r"line 12 holds 'yes' in the column toxic[^§]*0 or 1"):
        load_dataset(bad, label_column=["toxic", "rude"])


def test_a_separator_that_never_occurs_is_refused_with_a_better_one(tmp_path):
    rows = [f"{i},a|b" for i in range(6)]
    with pytest.raises(DataError, match=r"two labels separated by ';'[^§]*label_separator='\|'"):
        load_dataset(table(tmp_path, "text,label", *rows, "7,c"), label_separator=";")
    rows = [f"{i},{'ab'[i % 2]}" for i in range(6)]
    with pytest.raises(DataError, match=r"two labels[^§]*for one class each"):
        load_dataset(table(tmp_path, "text,label", *rows), label_separator=";")


def test_a_label_that_train_lacks_is_named(tmp_path):
    table(tmp_path, "text,label", *ROWS, name="train.csv")
    table(tmp_path, "text,label", "x,a;zebra", name="test.csv")
    with pytest.raises(DataError, match=r"label\(s\) zebra, which .*train.csv lacks"):
        load_dataset(tmp_path, label_separator=";")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"label_column": ["label"]}, r"lists 1 column\(s\)"),
        ({"label_column": ["label", "text"], "label_separator": ";"}, "does not apply"),
        ({"label_separator": 3}, "does not apply"),
        ({"label_separator": ";", "target_column": "label"}, "does not apply"),
        ({"label_column": ["label", "more"], "target_column": "label"}, "both given"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(tmp_path, arguments, said):
    with pytest.raises(ArgumentError, match=said):
        load_dataset(table(tmp_path, "text,label", *ROWS), **arguments)
