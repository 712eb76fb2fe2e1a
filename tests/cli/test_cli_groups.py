"""`zoo evaluate --by`: the tables, the picture, and what is refused."""

import pytest
from PIL import Image

WEIGHT = "ds_cnn_s.vowels"


def test_groups_are_a_section_of_the_result_and_a_picture(zoo, in_tmp):
    by = ("--by", "group,length", "--by", "label")
    outcome = zoo("evaluate", WEIGHT, *by, "--picture", "groups.png", "--json")
    assert outcome.code == 0, outcome.err
    found = outcome.document["by"]
    assert list(found) == ["group", "length", "label"]
    recalls = {row["group"]: row["value"] for row in found["label"]["groups"]}
    by_class = outcome.document["recall_by_class"]
    assert recalls == {name: pytest.approx(entry["value"]) for name, entry in by_class.items()}
    assert outcome.document["picture"] == "groups.png"
    assert Image.open(in_tmp / "groups.png").width > 500


def test_a_table_has_a_row_for_each_group_and_names_the_worst(zoo):
    told = zoo("evaluate", WEIGHT, "--by", "speaker").out
    for words in ("accuracy by speaker; of all 98.12 %", "child13 ", "woman28 ", "Worst: child15"):
        assert words in told
    assert "16 groups at once" in told and "may be chance" in told


def test_what_makes_no_groups_is_refused(refused, in_tmp):
    assert "expected: nearest: speaker" in refused("evaluate", WEIGHT, "--by", "speker")
    assert "list of different" in refused("evaluate", WEIGHT, "--by", "group,group")
    both = ("--by", "group", "--shift", "noise", "--picture", "a.png")
    assert "one figure" in refused("evaluate", WEIGHT, *both)
