"""`zoo evaluate --against` and `--abstain`, `zoo predict --abstain`, and `zoo data --compare`."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

WEIGHT = "cnn_small.digits"


@pytest.fixture
def noise(in_tmp):
    """Two folders of noise, the second one darker."""
    for name, high in (("light", 256), ("dark", 120)):
        (in_tmp / name).mkdir()
        for i in range(30):
            pixels = np.random.default_rng(i).integers(0, high, (10, 10), dtype="uint8")
            Image.fromarray(pixels).save(in_tmp / name / f"{i:02d}.png")
    return in_tmp


def test_other_data_is_a_section_of_the_result_a_table_and_a_picture(zoo, noise):
    names = "digit_pairs,./light"
    outcome = zoo("evaluate", WEIGHT, "--against", names, "--picture", "a.png", "--json")
    assert outcome.code == 0, outcome.err
    found = outcome.document["against"]
    assert {name: one["examples"] for name, one in found["sets"].items()} == {
        "digit_pairs": 179,
        "./light": 30,
    }
    for told in found["sets"]["./light"]["scores"].values():
        assert told["auroc"]["low"] < told["auroc"]["value"] <= told["auroc"]["high"]
    assert Image.open(noise / "a.png").width > 500
    text = zoo("evaluate", WEIGHT, "--against", "./light").out
    assert "FPR at 95 % TPR" in text and "mahalanobis" in text


def test_abstaining_is_marked_in_table_json_and_files(zoo, noise):
    more = ("--abstain", "1.1%")
    table = zoo("predict", WEIGHT, "light", *more, "--csv", "a.csv", "--jsonl", "a.jsonl")
    assert table.code == 0, table.err
    assert "The promise, which holds with a probability of 90%" in table.err
    rows = list(csv.DictReader((noise / "a.csv").open()))
    lines = [json.loads(line) for line in (noise / "a.jsonl").read_text().splitlines()]
    document = zoo("predict", WEIGHT, "light", *more, "--json").document
    marked = [one["abstained"] for one in document]
    assert marked == [one["abstained"] for one in lines]
    assert marked == [row["label"] == "abstained" for row in rows]
    assert any(marked) and table.out.count("abstained") == sum(marked)


def test_evaluation_shows_coverage_and_error_of_a_promise(zoo):
    outcome = zoo("evaluate", WEIGHT, "--abstain", "0.011")
    assert "of the test examples are accepted" in outcome.out
    found = zoo("evaluate", WEIGHT, "--abstain", "1.1%", "--json").document["abstain"]
    assert found["error"] == 0.011 and found["test"]["accepted"] < found["test"]["examples"]


def test_two_folders_are_compared_in_words_numbers_and_a_picture(zoo, noise):
    text = zoo("data", "light", "--compare", "dark", "--picture", "b.png")
    assert text.code == 0, text.err
    assert "They differ" in text.out and "mean brightness 125.5 → 58.4" in text.out
    assert Image.open(noise / "b.png").width > 500
    same = zoo("data", "light", "--compare", "light", "--json").document
    assert same["differ"] is False and same["columns"]["image"]["changed"] is False


def test_what_has_no_score_is_refused(refused, noise):
    assert "has no classes" in refused("evaluate", "gpt_nano.pydoc", "--against", "pydoc")
    assert "takes images" in refused("evaluate", WEIGHT, "--against", "docstrings")
    assert "not a file" in refused("evaluate", WEIGHT, "--against", "./absent")
    assert "No other data" in refused("evaluate", WEIGHT, "--against", ",")
    assert "without views" in refused("evaluate", WEIGHT, "--against", "digits", "--tta", "2")
    both = ("--against", "digits", "--shift", "all", "--picture", "a.png")
    assert "draws one figure" in refused("evaluate", WEIGHT, *both)
    (noise / "empty").mkdir()
    assert "holds no files" in refused("evaluate", WEIGHT, "--against", "./empty")


def test_what_cannot_be_promised_is_refused(refused, noise):
    for error in ("0", "150%", "100 %", "two", "-1%"):
        assert "not a share" in refused("predict", WEIGHT, "light", f"--abstain={error}")
    assert "can promise is 1.1 %" in refused("predict", WEIGHT, "light", "--abstain", "0.1%")
    assert "does not choose" in refused("evaluate", "gpt_nano.pydoc", "--abstain", "5%")
    among = ("--among", "a,b", "--abstain", "5%")
    assert "not with --enrol" in refused("predict", WEIGHT, "light", *among)


def test_what_cannot_be_compared_is_refused(refused, noise):
    (noise / "empty").mkdir()
    assert "holds no images" in refused("data", "light", "--compare", "empty")
    assert "no column in common" in refused("data", "light", "--compare", "pydoc")
    assert "does not go with --check" in refused("data", "light", "--compare", "dark", "--check")
    assert "no folder or file" in refused("data", "light", "--compare", "./absent")
    assert "ends in .png" in refused("data", "light", "--compare", "dark", "--picture", "a.txt")
