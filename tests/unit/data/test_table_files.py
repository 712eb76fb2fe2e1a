"""Files that a table names, some of which cannot be used: all are counted, and left out where asked."""

import numpy as np
import pytest

from zoo.columns.readers.images import write_png
from zoo.data.load import load_dataset
from zoo.errors import DataError

COUNT = 100


@pytest.fixture
def pictures(tmp_path):
    """A table of pictures of two classes, the last two of which cannot be used."""
    rows = ["path,label"]
    for i in range(COUNT):
        write_png(tmp_path / f"{i}.png", np.full((4, 4, 3), i, "uint8"))
        rows.append(f"{i}.png,{'ab'[i % 2]}")
    (tmp_path / "98.png").unlink()
    (tmp_path / "99.png").write_bytes(b"no picture")
    (tmp_path / "a.csv").write_text("\n".join(rows))
    return tmp_path / "a.csv"


def test_files_that_cannot_be_used_are_counted_and_the_first_is_explained(pictures):
    with pytest.raises(DataError) as caught:
        load_dataset(pictures, file_column="path")
    problem = caught.value.problem
    assert f"2 of the 100 files that {pictures} names cannot be used" in problem
    assert "line 100 (98.png), line 101 (99.png)." in problem
    assert problem.endswith("line 100 names the file 98.png, which does not exist.")
    assert "--skip-corrupt" in caught.value.fix


def test_only_a_few_of_many_are_named(pictures):
    for i in range(10):
        (pictures.parent / f"{i}.png").unlink()
    with pytest.raises(DataError, match=r"12 of the 100 files [^§]*4 \(2.png\) and 9 more\."):
        load_dataset(pictures, file_column="path")


def test_they_are_left_out_and_counted_where_asked(pictures):
    dataset = load_dataset(pictures, file_column="path", skip_corrupt=True)
    assert dataset.skipped == (f"{pictures}, line 100", f"{pictures}, line 101")
    assert sum(map(len, dataset.splits.values())) == COUNT - 2
    assert any("2 file(s) or row(s)" in remark for remark in dataset.remarks())
    for split in dataset.splits.values():
        for example, name in zip(split, split.names, strict=True):
            assert example["image"][0, 0, 0] == int(name.split()[-1]) - 2
            assert example["label"] == example["image"][0, 0, 0] % 2


def test_one_damaged_file_is_named_with_its_line(pictures):
    write_png(pictures.parent / "98.png", np.zeros((4, 4, 3), "uint8"))
    with pytest.raises(DataError, match=r"a\.csv, line 101: \S*99\.png") as caught:
        load_dataset(pictures, file_column="path")
    assert "--skip-corrupt" in caught.value.fix


def test_a_split_of_which_nothing_is_left_is_refused(pictures):
    (pictures.parent / "b").mkdir()
    (pictures.parent / "b" / "train.csv").write_text(pictures.read_text().replace("\n", "\n../"))
    (pictures.parent / "b" / "test.csv").write_text("path,label\nx.png,a\ny.png,b\n")
    said = r"None of the 2 files that \S*test.csv names can be used: line 2 \(x.png\), line 3"
    with pytest.raises(DataError, match=said):
        load_dataset(pictures.parent / "b", file_column="path", skip_corrupt=True)
