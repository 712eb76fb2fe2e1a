"""Tables for models of several inputs: an empty cell is an absence, and errors name the row."""

import numpy as np
import pytest

from recipes.runs.inputs import encoded, items_of
from zoo.columns import Audio, Image, Text
from zoo.columns.readers.audio import write_wav
from zoo.columns.readers.images import write_png
from zoo.errors import DataError

COLUMNS = {
    "photo": Image((4, 4, 3), optional=True),
    "clip": Audio(8000, optional=True),
    "caption": Text(optional=True),
}


@pytest.fixture
def table(tmp_path):
    """Write rows below the names of the columns, beside a picture and a sound."""
    write_png(tmp_path / "a.png", np.zeros((4, 4, 3), "uint8"))
    write_wav(tmp_path / "a.wav", np.zeros(100, "float32"), sample_rate_hz=8000)

    def write(*rows, header="photo,clip,caption"):
        (tmp_path / "new.csv").write_text("\n".join([header, *rows]))
        return tmp_path / "new.csv"

    return write


def items(path):
    return items_of([path], COLUMNS, model="m")


def there(item):
    return [name for name, value in item.values.items() if value is not None]


def test_an_empty_cell_is_an_absence(table):
    found = items(table("a.png,a.wav,a cat", ",a.wav, ", "a.png,,a dog", ",,alone"))
    assert [item.error for item in found] == [None] * 4
    assert [there(item) for item in found] == [
        ["photo", "clip", "caption"],
        ["clip"],
        ["photo", "caption"],
        ["caption"],
    ]
    assert found[0].values["photo"].name == "a.png" and found[0].values["photo"].is_file()
    assert [item.row for item in found] == ["line 2", "line 3", "line 4", "line 5"]


def test_a_column_may_be_absent_from_the_table(table):
    (item,) = items(table("a dog", header="caption"))
    assert item.error is None and there(item) == ["caption"]


@pytest.mark.parametrize("column", ["captoin", "Caption", "captions"])
def test_a_misspelt_column_is_not_an_absence(table, column):
    with pytest.raises(DataError, match=f"the column '{column}', and none named 'caption'"):
        items(table("a.png,a dog", header=f"photo,{column}"))


def test_a_misspelt_column_of_one_row_of_json_is_told(tmp_path):
    path = tmp_path / "new.jsonl"
    path.write_text('{"caption": "a dog"}\n{"captoin": "a cat", "photo": null}\n')
    with pytest.raises(DataError, match="line 2 has the column 'captoin'"):
        items(path)


def test_columns_that_are_something_else_are_passed_over(table):
    (item,) = items(table("7,dog,a dog", header="number,label,caption"))
    assert item.error is None and there(item) == ["caption"]


def test_a_row_of_commas_is_an_example_without_inputs(table):
    good, bad, last = items(table("a.png,,", ",,", "", ",,a dog"))
    assert good.error is None and last.error is None and last.row == "line 5"
    assert "new.csv, line 3: An example has none of photo, clip, caption." in bad.error.problem


def test_a_row_without_any_input_is_an_error_with_its_row(table):
    good, bad = items(table("a.png,,", ", ,"))
    assert good.error is None
    assert "new.csv, line 3: An example has none of photo, clip, caption." in bad.error.problem


def test_a_missing_file_is_an_error_with_its_row_and_the_others_are_read(table):
    good, bad = items(table("a.png,,x", "b.png,a.wav,x"))
    assert good.error is None
    assert "new.csv, line 3: " in bad.error.problem and "b.png is not a file" in bad.error.problem
    done = encoded([good, bad], lambda item: item.values, keep_going=True)
    assert done[0].encoded and done[1].encoded is None
