"""Patterns, standard input and files of answers; mistakes; temperature; vectors."""

import csv
import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from zoo.columns.readers.images import read_image, write_png
from zoo.data.load import load_dataset


@pytest.fixture
def digits(in_tmp):
    """Four test digits in folders below the working folder; returns their paths in order."""
    split = load_dataset("digits").splits["test"]
    paths = [in_tmp / "shots" / part / f"{i}.png" for part in "ab" for i in range(2)]
    for i, path in enumerate(paths):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_png(path, split[i]["image"])
    return [str(path.relative_to(in_tmp)) for path in paths]


def labels(results):
    return [result["predictions"][0]["label"] for result in results]


def table(path):
    with Path(path).open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_a_quoted_pattern_and_paths_on_standard_input_are_the_files_themselves(
    zoo, run_dir, digits, monkeypatch
):
    expected = zoo("predict", run_dir, *digits, "--json").document
    assert zoo("predict", run_dir, "shots/**/*.png", "--json").document == expected
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(digits) + "\n\n"))
    assert zoo("predict", run_dir, "-", "--json").document == expected


def test_a_pattern_without_files_is_an_error(refused, run_dir, digits):
    assert "shots/*.jpg matches no file" in refused("predict", run_dir, "shots/*.jpg")


def test_a_table_of_files_is_predicted_by_its_column(zoo, run_dir, digits, in_tmp):
    (in_tmp / "shots" / "list.csv").write_text("n,photo\n1,a/1.png\n2,b/0.png\n")
    outcome = zoo("predict", run_dir, "shots/list.csv", "--column", "photo", "--json")
    assert [r["file"] for r in outcome.document] == digits[1:3]
    assert [r["row"] for r in outcome.document] == ["line 2", "line 3"]
    assert (
        outcome.document
        == zoo("predict", run_dir, "shots/list.csv", "--text-column", "photo", "--json").document
    )


def test_json_lines_hold_each_result_and_csv_the_first_classes(zoo, run_dir, digits, in_tmp):
    (in_tmp / "bad.png").write_text("not an image")
    files = ("--jsonl", "out.jsonl", "--csv", "out.csv")
    outcome = zoo("predict", run_dir, *digits, "bad.png", *files, "--top", 2, "--json")
    lines = (in_tmp / "out.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == outcome.document
    assert outcome.code == 1
    rows = table("out.csv")
    assert list(rows[0]) == [
        *("file", "row", "text", "label", "probability", "label_2", "probability_2", "error")
    ]
    for row, result in zip(rows, outcome.document[:4], strict=False):
        first, second = result["predictions"]
        assert (row["label"], row["label_2"]) == (first["label"], second["label"])
        assert float(row["probability_2"]) == second["probability"]
    assert rows[4]["label"] == "" and "bad.png" in rows[4]["error"]
    printed = zoo("predict", run_dir, *digits, "--jsonl", "-", "--top", 2)
    assert [json.loads(line) for line in printed.out.splitlines()] == outcome.document[:4]


def test_uncertain_answers_are_called_so(zoo, run_dir, digits, in_tmp):
    sure = zoo("predict", run_dir, *digits, "--json").document
    bound = sorted(result["predictions"][0]["probability"] for result in sure)[2]
    outcome = zoo("predict", run_dir, *digits, "--threshold", bound, "--csv", "out.csv")
    expected = [
        label if result["predictions"][0]["probability"] >= bound else "uncertain"
        for label, result in zip(labels(sure), sure, strict=True)
    ]
    assert [row["label"] for row in table("out.csv")] == expected
    assert expected.count("uncertain") == 2
    assert outcome.out.count("uncertain") == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--jsonl", "out.txt/x"), "There is no folder"),
        (("--jsonl", "taken"), "taken exists already"),
        (("--csv", "a", "--jsonl", "a"), "both name a"),
        (("--calibrated", "--temperature", 2), "both choose a temperature"),
        (("--temperature", 0), "out of range"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    refused, run_dir, digit_png, in_tmp, arguments, said
):
    (in_tmp / "taken").write_text("mine")
    assert said in refused("predict", run_dir, digit_png, *arguments)


def test_two_documents_on_standard_output_are_refused(zoo, run_dir, digit_png):
    outcome = zoo("predict", run_dir, digit_png, "--json", "--jsonl", "-")
    assert outcome.code == 2 and "standard output" in outcome.document["error"]["problem"]


def test_one_bad_input_leaves_no_files(refused, run_dir, in_tmp):
    (in_tmp / "bad.png").write_text("not an image")
    refused("predict", run_dir, "bad.png", "--jsonl", "out.jsonl", "--csv", "out.csv")


def test_evaluation_writes_every_answer_and_the_mistakes(zoo, run_dir, in_tmp):
    outcome = zoo(
        *("evaluate", run_dir, "--predictions", "all.csv", "--save-mistakes", "wrong"),
        *("--most", 3, "--json"),
    )
    result, rows = outcome.document, table("all.csv")
    assert len(rows) == result["examples"]
    right = np.mean([row["label"] == row["answer"] for row in rows])
    assert right == pytest.approx(result["metrics"]["accuracy"]["value"])
    nats = np.mean([-np.log(max(float(row[f"p_{row['label']}"]), 1e-6)) for row in rows])
    assert nats == pytest.approx(result["metrics"]["loss"]["value"], abs=0.01)
    wrong = [row for row in rows if row["label"] != row["answer"]]
    assert result["mistakes"] == {"folder": "wrong", "wrong": len(wrong)}
    wrong.sort(key=lambda row: -float(row["probability"]))
    listed = table("wrong/mistakes.csv")
    assert [row["name"] for row in listed] == [row["name"] for row in wrong[:3]]
    assert sorted(path.name for path in (in_tmp / "wrong").glob("*.png")) == sorted(
        row["file"] for row in listed
    )
    from recipes.runs.run import load

    split = load(run_dir).scored().found.split
    for row in listed:
        assert row["file"].startswith(f"{row['label']}-as-{row['answer']}-")
        pixels = read_image(in_tmp / "wrong" / row["file"])
        np.testing.assert_array_equal(pixels, split[int(row["name"].removeprefix("#"))]["image"])


def test_mistakes_and_predictions_go_to_new_places(refused, run_dir, in_tmp):
    (in_tmp / "full").mkdir()
    (in_tmp / "full" / "mine.txt").write_text("mine")
    assert "not empty" in refused("evaluate", run_dir, "--save-mistakes", "full")
    assert "neither a .csv" in refused("evaluate", run_dir, "--predictions", "out.xls")
    (in_tmp / "out.csv").write_text("mine")
    assert "exists already" in refused("evaluate", run_dir, "--predictions", "out.csv")


def test_the_temperature_of_a_run_is_stored_shown_and_used(zoo, run_dir, digits):
    stored = json.loads((run_dir / "metrics.json").read_text())
    temperature = stored["temperature"]
    assert "temperature" in (run_dir / "report.html").read_text(encoding="utf-8").lower()
    plain = zoo("evaluate", run_dir, "--json").document
    found = zoo("evaluate", run_dir, "--calibrated", "--json").document
    assert found["temperature"] == temperature
    for name in ("accuracy", "macro_f1", "mcc"):
        assert found["metrics"][name] == plain["metrics"][name] == stored["metrics"][name]
    for name in ("loss", "ece"):
        before, after = plain["metrics"][name]["value"], found["metrics"][name]["value"]
        assert before == stored["metrics"][name]["value"]
        assert found["uncalibrated"][name] == pytest.approx(before)
        assert temperature["test"]["before"][name] == pytest.approx(before, abs=1e-5)
        assert temperature["test"]["after"][name] == pytest.approx(after, abs=1e-5)
    assert temperature["after"]["loss"] <= temperature["before"]["loss"]
    number = ("--temperature", temperature["value"])
    by_number = zoo("predict", run_dir, *digits, *number, "--json").document
    assert zoo("predict", run_dir, *digits, "--calibrated", "--json").document == by_number
    assert by_number != zoo("predict", run_dir, *digits, "--json").document
    told = zoo("evaluate", run_dir, "--calibrated").out
    assert f"temperature {temperature['value']:.4g}, fitted on" in told


def test_evaluation_averages_over_views(zoo, run_dir):
    plain, found = (
        zoo("evaluate", run_dir, *more, "--json").document["metrics"]["loss"]["value"]
        for more in ((), ("--tta", 2))
    )
    assert found != plain and np.isfinite(found)


@pytest.mark.parametrize("ending", ["npy", "npz", "parquet"])
def test_vectors_are_written_with_their_names(zoo, run_dir, digits, ending):
    outcome = zoo("embed", run_dir, "shots/**/*.png", "--output", f"out.{ending}", "--json")
    if ending == "npy":
        vectors, names = np.load("out.npy"), Path("out.txt").read_text().splitlines()
    elif ending == "npz":
        loaded = np.load("out.npz")
        vectors, names = loaded["vectors"], loaded["names"].tolist()
    else:
        parquet = pytest.importorskip("pyarrow.parquet")
        columns = parquet.read_table("out.parquet").to_pydict()
        vectors, names = np.array(columns["vector"], "float32"), columns["name"]
    from recipes.runs.run import load

    assert names == digits
    assert list(vectors.shape) == outcome.document["shape"]
    np.testing.assert_array_equal(vectors, load(run_dir).embed([*map(str, digits)]))


def test_other_endings_of_vectors_are_refused(refused, run_dir, digit_png, in_tmp):
    assert "not a file of vectors" in refused("embed", run_dir, digit_png, "--output", "a.txt")
    (in_tmp / "a.npz").write_bytes(b"")
    assert "exists already" in refused("embed", run_dir, digit_png, "--output", "a.npz")
