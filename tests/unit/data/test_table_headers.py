"""The first line of a table: names of columns or an example, found out, said and never lost."""

from pathlib import Path

import pytest

from recipes.runs.inputs import items_of
from zoo.columns import Text
from zoo.data.load import load_dataset
from zoo.errors import ArgumentError, DataError

ROWS = [f"{number},it was {word} then,{word}" for number in range(10) for word in ("good", "bad")]
BY_PLACE = {"text_column": "column_2", "label_column": "column_3"}


def table(folder: Path, *rows: str, name: str = "a.csv") -> Path:
    (folder / name).write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder / name


def names(dataset):
    """Names of all examples, in order of their lines."""
    found = [name for split in dataset.splits.values() for name in split.names]
    return sorted(found, key=lambda name: int(name.split()[-1]))


def test_columns_by_place_keep_the_first_example_and_say_so(tmp_path):
    dataset = load_dataset(table(tmp_path, *ROWS), **BY_PLACE)
    assert dataset.classes == ("bad", "good")
    assert names(dataset) == [f"a.csv, line {line}" for line in range(1, 21)]
    (note, _) = dataset.notes
    assert note.endswith("is an example; its columns are called column_1 to column_3.")


def test_the_error_of_a_table_without_names_gives_the_arguments_that_read_it(tmp_path):
    with pytest.raises(DataError, match="looks like data") as caught:
        load_dataset(table(tmp_path, *ROWS))
    assert "text_column=column_2 label_column=column_3" in caught.value.fix


@pytest.mark.parametrize("header", ["auto", True, "true"])
def test_a_header_that_names_a_column_by_place_is_a_header(tmp_path, header):
    path = table(tmp_path, "column_1,column_2,column_3", *ROWS)
    dataset = load_dataset(path, header=header, **BY_PLACE)
    assert names(dataset)[0] == "a.csv, line 2" and len(names(dataset)) == 20


def test_a_header_is_not_taken_for_an_example_because_columns_are_asked_for_by_place(tmp_path):
    path = table(tmp_path, "id,review,opinion", *ROWS)
    with pytest.raises(DataError, match="no column 'column_2'") as caught:
        load_dataset(path, **BY_PLACE)
    assert "review" in caught.value.expected
    assert "header=false" in caught.value.fix


@pytest.mark.parametrize("header", [False, "false"])
def test_what_is_said_of_the_header_holds(tmp_path, header):
    path = table(tmp_path, "id,review,opinion", *ROWS)
    dataset = load_dataset(path, header=header, text_column="column_2", label_column="")
    assert names(dataset)[0] == "a.csv, line 1" and len(names(dataset)) == 21


def test_equal_cells_in_the_first_line_are_no_names(tmp_path):
    rows = [row.replace("it was ", "").replace(" then", "") for row in ROWS]
    with pytest.raises(DataError, match="names the column 'good' twice") as caught:
        load_dataset(table(tmp_path, *rows))
    assert "header=false" in caught.value.fix
    assert len(names(load_dataset(tmp_path / "a.csv", **BY_PLACE))) == 20


def test_without_a_header_the_columns_are_shown_with_a_value(tmp_path):
    with pytest.raises(DataError, match="no column 'text'") as caught:
        load_dataset(table(tmp_path, *ROWS), header=False)
    assert "column_2 ('it was good then')" in caught.value.expected


def test_paths_of_files_look_like_data(tmp_path):
    path = table(tmp_path, "in/a.png,cat", "in/b.png,dog", "in/c.png,mouse")
    with pytest.raises(DataError, match="looks like data") as caught:
        load_dataset(path, file_column="file")
    assert "file_column=column_1 label_column=column_2" in caught.value.fix


@pytest.mark.parametrize(
    ("name", "header", "said"),
    [("a.csv", "maybe", "not known"), ("a.jsonl", False, "every row names its columns")],
)
def test_a_header_that_does_not_apply_is_refused(tmp_path, name, header, said):
    path = table(tmp_path, '{"text": "a", "label": "b"}', name=name)
    with pytest.raises(ArgumentError, match=said):
        load_dataset(path, header=header)


def test_prediction_keeps_a_first_line_that_is_a_text(tmp_path):
    def read(*rows, **arguments):
        path = table(tmp_path, *rows)
        items = items_of([path], {"text": Text()}, model="m", **arguments)
        return [(item.row, item.values["text"]) for item in items]

    long = "this film was far too long for what it had to say"
    assert read(long, "it was fine") == [("line 1", long), ("line 2", "it was fine")]
    assert read("review", "it was fine") == [("line 2", "it was fine")]
    assert read("1,it was fine", "2,bad", column="column_2")[0] == ("line 1", "it was fine")
