"""Scores by group, beside the same thing with the standard library and scikit-learn."""

import bisect
import csv
import statistics
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import beta
from sklearn.metrics import accuracy_score

import zoo
from recipes.groups.attributes import MISSING, Attributes
from recipes.groups.figure import groups_png
from recipes.groups.measure import attribute_names, by_group, check_attributes
from recipes.runs.run import load_run
from zoo.columns import Image, Text
from zoo.columns.readers.images import write_png
from zoo.data.dataset import Split
from zoo.errors import ArgumentError, UnknownNameError

VOWELS, DIGITS = "ds_cnn_s.vowels", "cnn_small.digits"


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Path:
    """Digits in a table whose other columns no model reads; every third has no scanner."""
    folder = tmp_path_factory.mktemp("table")
    split = zoo.load_dataset("digits").splits["test"]
    with (folder / "digits.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "label", "scanner", "ink", "page"])
        for i in range(200):
            write_png(folder / f"{i}.png", split[i]["image"])
            scanner = "" if i % 3 == 0 else "AB"[i % 2]
            ink = float(split[i]["image"].mean())
            rows.writerow([f"{i}.png", split.labels[i], scanner, f"{ink:.4f}", i])
    return folder / "digits.csv"


@pytest.fixture(scope="module")
def scored(table):
    """A run that was scored on the table, and its answers."""
    run = load_run(DIGITS)
    columns = {"file_column": "file", "text_column": None}
    run.recipe = run.recipe.with_values({"data.arguments": columns})
    return run, run.scored(data=str(table))


def quarters(values) -> list[int]:
    """Return the quarter that each number is in, 0 to 3."""
    edges = statistics.quantiles(values, n=4, method="inclusive")
    return [bisect.bisect_left(edges, value) for value in values]


def test_groups_of_a_table_are_those_of_scikit_learn(scored, table):
    run, found = scored
    by = by_group(run, found, "scanner,ink,scanner+label", data=str(table))
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    rows = [rows[int(name.split()[-1]) - 2] for name in found.found.split.names]  # line 2 is first
    scanner = [row["scanner"] or MISSING for row in rows]
    ink = [float(row["ink"]) for row in rows]
    expected = {
        "scanner": scanner,
        "ink": quarters(ink),
        "scanner+label": [f"{a}, {row['label']}" for a, row in zip(scanner, rows, strict=True)],
    }
    truth, guess = found.truths["label"], np.asarray(found.predictions).argmax(axis=1)
    assert [run.assets.classes[k] for k in truth] == [row["label"] for row in rows]
    for attribute, groups in expected.items():
        places = defaultdict(list)
        for place, group in enumerate(groups):
            places[group].append(place)
        accuracies = [
            (len(own), accuracy_score(truth[own], guess[own])) for _, own in sorted(places.items())
        ]
        told = by[attribute]["groups"]
        assert [(row["examples"], pytest.approx(row["value"])) for row in told] == accuracies
        if attribute != "ink":
            assert [row["group"] for row in told] == sorted(places)
    assert by["ink"]["groups"][0]["group"].startswith(f"{min(ink):.3g} to ")
    for row in by["scanner"]["groups"]:
        assert row["low"] <= row["value"] <= row["high"]
        assert row["metrics"]["accuracy"] == row["value"]


def test_the_worst_has_an_interval_for_all_groups_at_once(scored, table):
    run, found = scored
    by = by_group(run, found, "label", data=str(table))["label"]
    rows, worst = by["groups"], by["worst"]
    enough = [row for row in rows if row["examples"] >= 10]
    assert worst["of"] == len(enough)
    low = min(enough, key=lambda row: row["value"])
    assert worst["group"] == low["group"]
    right, count = round(low["value"] * low["examples"]), low["examples"]
    tail = 0.025 / worst["of"]
    assert worst["low"] == pytest.approx(beta.ppf(tail, right, count - right + 1) if right else 0)
    assert worst["low"] < low["low"]
    assert worst["gap"] == pytest.approx(low["value"] - by["value"])
    others = worst["from_others"]
    rest = (by["value"] * 200 - right) / (200 - count)
    assert others["value"] == pytest.approx(low["value"] - rest)
    assert others["low"] < others["value"] < others["high"]


def test_the_interval_of_the_worst_holds_although_it_was_picked():
    """Of ten equal groups the worst has its true share in the interval in 95 % of cases or more."""
    from zoo.metrics.comparisons import simultaneous
    from zoo.metrics.estimators import Share
    from zoo.metrics.intervals import Sampling

    generator, share, count, of = np.random.default_rng(3), 0.85, 40, 10
    worst = generator.binomial(count, share, (2000, of)).min(axis=1)
    covered = {"plain": 0, "at once": 0}
    for right, times in zip(*np.unique(worst, return_counts=True), strict=True):
        statistics = {"right": (np.arange(count) < right).astype("float64")}
        sampling = Sampling.of(count)
        for name, found in (
            ("plain", Share("right").interval(statistics, sampling)),
            ("at once", simultaneous(Share("right"), statistics, sampling, of=of)),
        ):
            covered[name] += times * (found.low <= share <= found.high)
    assert covered["at once"] / 2000 >= 0.95 > covered["plain"] / 2000 + 0.1


def test_groups_that_the_data_has_and_lengths_need_no_table():
    found = zoo.evaluate(VOWELS, by=["speaker", "length"])["by"]
    split = load_run(VOWELS).dataset().splits["test"]
    assert [row["group"] for row in found["speaker"]["groups"]] == sorted(
        set(split.columns["group"])
    )
    seconds = [len(split[i]["audio"]) for i in range(len(split))]
    told = [row["examples"] for row in found["length"]["groups"]]
    assert told == np.bincount(quarters(seconds)).tolist()
    assert "seconds" in found["length"]["groups"][0]["group"]
    # the worst of 16 speakers, of whom each is judged by its own 20 examples
    assert "16" not in found["speaker"]["groups"][0]["method"]
    assert groups_png(found, load_run(VOWELS).task.metrics, name="a").startswith(b"\x89PNG")


def test_numbers_are_cut_and_names_are_not():
    def groups(values):
        split = Split({"text": ["a"] * len(values), "score": np.array(values, "float64")})
        return Attributes(split, {"text": Text()}).groups("score")

    codes, names = groups([*range(16), *range(16), np.nan, np.nan])
    assert np.bincount(codes).tolist() == [8, 8, 8, 8, 2] and names[-1] == MISSING
    assert names[:2] == ["0 to 3", "4 to 7"]
    _, names = groups([1.0, 2.0, 2.0, 3.0] * 4)  # few different numbers are kept apart
    assert names == ["1", "2", "3"]
    codes, names = groups([5.0] * 30 + [*range(6, 20)])  # ties stay together
    assert np.bincount(codes)[0] == 30 and names[0] == "5"


def test_what_makes_no_groups_is_refused(scored, table):
    run, found = scored
    place = str(table)
    with pytest.raises(UnknownNameError, match="scaner") as caught:
        check_attributes(run, "scaner", data=place)
    assert "scanner" in caught.value.expected
    with pytest.raises(UnknownNameError, match="labl"):
        check_attributes(run, "scanner+labl", data=place)
    with pytest.raises(UnknownNameError, match="speker") as caught:
        zoo.evaluate(VOWELS, by="speker")
    assert "speaker" in caught.value.expected
    with pytest.raises(ArgumentError, match="alike in length: 64 pixels"):
        by_group(run, found, "length", data=place)
    with pytest.raises(ArgumentError, match="file divides 200 examples into 200 groups"):
        by_group(run, found, "file", data=place)
    for wrong in ("", "a,", "a,a", []):
        with pytest.raises(ArgumentError, match="list of different attributes"):
            attribute_names(wrong)
    with pytest.raises(ArgumentError, match="pieces of its examples"):
        zoo.evaluate("gpt_nano.pydoc", by="length")
    assert Image((4, 5, 1)).length(np.zeros((4, 5, 1), "uint8")) == ("pixels", 20.0)
