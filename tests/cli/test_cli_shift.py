"""`zoo evaluate --shift`: the table, the picture, and what is refused."""

import pytest
from PIL import Image

from zoo.transforms.corruptions import SEVERITIES

WEIGHT = "cnn_small.digits"
SHORT = ("--shift", "contrast,rotation", "--examples", "40")


def test_a_shift_is_a_section_of_the_result_and_a_picture(zoo, in_tmp):
    outcome = zoo("evaluate", WEIGHT, *SHORT, "--picture", "shift.png", "--json")
    assert outcome.code == 0, outcome.err
    document, shift = outcome.document, outcome.document["shift"]
    assert document["examples"] == 359 and shift["examples"] == 40
    assert list(shift["corruptions"]) == ["contrast", "rotation"]
    found = shift["corruptions"]["contrast"]
    assert len(found["severities"]) == len(SEVERITIES)
    values = [cell["accuracy"]["value"] for cell in found["severities"]]
    assert found["mean"]["accuracy"] == pytest.approx(sum(values) / 5)
    assert shift["worst"] == "contrast"
    assert Image.open(in_tmp / "shift.png").width > 500
    again = zoo("evaluate", WEIGHT, *SHORT, "--json").document["shift"]["corruptions"]
    repeated = [cell["accuracy"] for one in again.values() for cell in one["severities"]]
    assert repeated == [
        cell["accuracy"] for one in shift["corruptions"].values() for cell in one["severities"]
    ]


def test_the_table_has_a_row_for_each_corruption_and_a_hint(zoo):
    told = zoo("evaluate", WEIGHT, *SHORT).out
    for words in ("accuracy of 40 test examples", "contrast ", "rotation ", "mean of all", "Worst"):
        assert words in told


def test_what_has_no_corruptions_is_refused(refused, in_tmp):
    assert "gaussian_noise" in refused("evaluate", WEIGHT, "--shift", "gausian_noise")
    assert "pieces" in refused("evaluate", "gpt_nano.pydoc", "--shift", "all")
    assert "belongs to --shift" in refused("evaluate", WEIGHT, "--examples", "5")
    assert "belongs to --shift" in refused("evaluate", WEIGHT, "--picture", "a.png")
    assert "ends in .png" in refused("evaluate", WEIGHT, *SHORT, "--picture", "a.txt")
    (in_tmp / "a.png").write_bytes(b"")
    assert "already exists" in refused("evaluate", WEIGHT, *SHORT, "--picture", "a.png")
