"""`zoo evaluate --beside-own`: other data beside the run's own test examples."""

import pytest

from zoo.columns.readers.images import write_png
from zoo.data.load import load_dataset

WEIGHT = "cnn_small.digits"


@pytest.fixture
def dark(in_tmp):
    """A hundred test digits with a quarter of their light, in a folder."""
    split = load_dataset("digits").splits["test"]
    for i in range(100):
        for part in ("train", "test"):
            place = in_tmp / "dark" / part / str(split.labels[i])
            place.mkdir(parents=True, exist_ok=True)
            write_png(place / f"{i}.png", split[i]["image"] // 4)
    return in_tmp / "dark"


def test_other_data_and_the_runs_own_are_a_table(zoo, dark):
    told = zoo("evaluate", WEIGHT, "--data", dark, "--beside-own").out
    for words in ("100 examples of", "beside the 359 test", "own test", "other data", "99.16 %"):
        assert words in told
    assert any(line.startswith("accuracy") and "points" in line for line in told.splitlines())
    document = zoo("evaluate", WEIGHT, "--data", dark, "--beside-own", "--json").document
    assert document["domain"]["own"]["examples"] == 359
    assert document["domain"]["differences"]["accuracy"]["high"] < 0


def test_a_comparison_with_itself_is_refused(refused):
    assert "add --data OTHER" in refused("evaluate", WEIGHT, "--beside-own")
    assert "test examples of" in refused("evaluate", WEIGHT, "--data", "digits", "--beside-own")
