"""Tables of pairs of texts."""

import json
from pathlib import Path

import pytest

from zoo.columns import Label, Number, Text
from zoo.data.folder import load as load_folder
from zoo.data.table import load
from zoo.errors import ArgumentError, DataError

ROWS = ["one,1,same", "two,3,differ", "three,3,same", "four,1,differ"] * 3


def write(path: Path, header: str, rows: list[str] = ROWS) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def test_a_column_named_pair_holds_second_texts(tmp_path: Path) -> None:
    dataset = load(write(tmp_path / "a.csv", "text,pair,label"))
    assert dataset.features == {"text": Text(), "pair": Text(), "label": Label()}
    found = {(e["text"], e["pair"], dataset.classes[e["label"]]) for e in dataset.splits["train"]}
    assert found == {tuple(row.split(",")) for row in ROWS}


def test_a_column_of_another_name_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "premise,claim,label")
    dataset = load(path, text_column="premise", pair_column="claim")
    assert dataset.splits["train"].columns.keys() == {"text", "pair", "label"}
    alone = load(path, text_column="premise")
    assert alone.features == {"text": Text(), "label": Label()}


def test_second_texts_can_be_left_out(tmp_path: Path) -> None:
    dataset = load(write(tmp_path / "a.csv", "text,pair,label"), pair_column="")
    assert dataset.features == {"text": Text(), "label": Label()}


def test_a_column_that_is_asked_for_otherwise_is_not_a_second_text(tmp_path: Path) -> None:
    dataset = load(write(tmp_path / "a.csv", "text,pair,note"), label_column="pair")
    assert dataset.features == {"text": Text(), "label": Label()}
    assert dataset.classes == ("1", "3")


def test_numbers_may_be_told_of_pairs_in_json_lines(tmp_path: Path) -> None:
    rows = [{"text": f"a {n}", "pair": f"b {n}", "score": n / 3} for n in range(10)]
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    dataset = load(path, target_column="score")
    assert dataset.features == {"text": Text(), "pair": Text(), "score": Number()}


def test_a_folder_with_a_table_for_each_split(tmp_path: Path) -> None:
    write(tmp_path / "train.csv", "text,second,label")
    write(tmp_path / "test.csv", "text,second,label", ROWS[:4])
    dataset = load_folder(tmp_path, pair_column="second")
    assert list(dataset.splits["test"].columns["pair"]) == ["1", "3", "3", "1"]
    write(tmp_path / "train.csv", "text,pair,label")
    with pytest.raises(DataError, match=r"test\.csv has no column 'pair'") as caught:
        load_folder(tmp_path)
    assert "pair_column" in str(caught.value)


def test_a_row_without_its_second_text_is_named_or_counted(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "text,pair,label", [*ROWS, "five,,same", "six,  ,same"])
    with pytest.raises(
        DataError, match=r"a\.csv, line 14 has no second text \(column pair"
    ) as caught:
        load(path)
    assert "--skip-corrupt" in str(caught.value)
    dataset = load(path, skip_corrupt=True)
    assert [Path(each).name for each in dataset.skipped] == ["a.csv, line 14", "a.csv, line 15"]


def test_a_missing_column_names_its_argument(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "text,second,label")
    with pytest.raises(DataError, match="no column 'secnd'") as caught:
        load(path, pair_column="secnd")
    assert "set pair_column=second" in str(caught.value)


def test_pairs_of_files_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "file,pair,label")
    with pytest.raises(ArgumentError, match="pair_column=pair and file_column=file"):
        load(path, file_column="file", pair_column="pair")
    with pytest.raises(ArgumentError, match="pair_column=True"):
        load(write(tmp_path / "b.csv", "text,pair,label"), pair_column=True)
