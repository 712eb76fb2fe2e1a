"""Counts of parameters and multiply-adds against those that papers and references state."""

import csv
from pathlib import Path

import pytest

from zoo import registry

FOLDER = Path(__file__).parents[1] / "data"
UNITS = {"k": 1_000, "M": 1_000_000, "G": 1_000_000_000}


def rows(name):
    with (FOLDER / name).open(encoding="utf-8", newline="") as stream:
        return [pytest.param(row, id=row["name"]) for row in csv.DictReader(stream)]


def stated(text):
    """Return a figure, and half a unit of its last digit: "11.71 M" gives 11_710_000 and 5_000."""
    number, _, unit = text.partition(" ")
    scale = UNITS[unit] if unit else 1
    digits = len(number.partition(".")[2])
    return float(number) * scale, 0.5 * scale / 10**digits if unit else 0


@pytest.mark.parametrize("row", rows("published_params.csv"))
def test_parameters_are_those_published(row):
    value, rounding = stated(row["published"])
    counted = registry.measured()[row["name"]]["params"]
    assert abs(counted - value - int(row["difference"])) <= rounding, (counted, row)
    assert row["source"]


@pytest.mark.parametrize("row", rows("published_macs.csv"))
def test_multiply_adds_are_within_two_percent_of_those_published(row):
    value, rounding = stated(row["published"])
    counted = registry.measured()[row["name"]]["macs"]
    difference = int(row["difference"])
    slack = rounding if difference else 0.02 * value + rounding  # what is explained is exact
    assert abs(counted - value - difference) <= slack, (counted, row)
    assert row["source"]
