"""Files of answers and folders of mistakes, for every type of answer and of input."""

import csv
import json

import numpy as np
import pytest

from recipes.runs.mistakes import check_mistakes, save_mistakes
from recipes.runs.predictions import check_predictions, rows, write_predictions
from recipes.runs.scored import Scored
from recipes.runs.splits import Examples
from zoo.columns import Audio, Label, Labels, Number, Text, Vector
from zoo.columns.assets import Assets
from zoo.columns.readers.audio import read_audio
from zoo.data.dataset import Split
from zoo.errors import ArgumentError, RunError


def scored(predictions, truths, names=None, **columns):
    count = len(predictions)
    columns = columns or {"text": [f"text {i}" for i in range(count)]}
    split = Split(columns, names=names)
    return Scored(Examples(split, as_trained=True), predictions, truths, None)


CLASSES = ("a", "b/c", "d")
TEXTS = Assets(x={"ids": Text(source="text")}, y={"label": Label(CLASSES)})


def test_one_class_each():
    predictions = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]])
    found = rows(scored(predictions, {"label": np.array([0, 1])}, names=["x.txt", "y.txt"]), TEXTS)
    assert found[1] == {
        "name": "y.txt",
        "label": "b/c",
        "answer": "d",
        "probability": 0.6,
        "probabilities": {"a": 0.1, "b/c": 0.3, "d": 0.6},
    }


def test_a_threshold_decides_the_answer():
    assets = Assets(x={}, y={"label": Label(("no", "yes"))})
    predictions = np.array([[[0.7, np.nan], [0.3, 0.2]]])  # 0.3 reaches the threshold
    (found,) = rows(scored(predictions, {"label": np.array([0])}), assets)
    assert (found["answer"], found["probability"]) == ("yes", 0.3)


def test_many_classes_have_no_columns_of_their_own(tmp_path):
    names = tuple(f"c{k:02d}" for k in range(21))
    assets = Assets(x={}, y={"label": Label(names)})
    write_predictions(tmp_path / "a.csv", scored(np.eye(21), {"label": np.arange(21)}), assets)
    with (tmp_path / "a.csv").open(newline="") as stream:
        first = next(csv.DictReader(stream))
    assert first == {"name": "#0", "label": "c00", "answer": "c00", "probability": "1.0"}


def test_several_labels(tmp_path):
    assets = Assets(x={}, y={"labels": Labels(("cat", "dog"))})
    predictions = np.array([[[0.9, 0.5], [0.6, 0.5]], [[0.1, 0.5], [0.2, 0.5]]])
    found = scored(predictions, {"labels": np.array([[1, 0], [0, 1]])})
    write_predictions(tmp_path / "a.jsonl", found, assets)
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert [line["labels"] for line in lines] == [["cat"], ["dog"]]
    assert [line["answers"] for line in lines] == [["cat", "dog"], []]
    write_predictions(tmp_path / "a.csv", found, assets)
    with (tmp_path / "a.csv").open(newline="") as stream:
        first, second = csv.DictReader(stream)
    assert (first["answers"], second["answers"], first["p_dog"]) == ("cat;dog", "", "0.6")


def test_numbers():
    number = Number(mean=0.0, deviation=1.0)
    assets = Assets(x={}, y={"height": number, "width": number})
    truths = {"height": np.array([1.0]), "width": np.array([2.0])}
    (found,) = rows(scored(np.array([[1.5, 2.5]]), truths), assets)
    assert found == {
        "name": "#0",
        "true_height": 1.0,
        "true_width": 2.0,
        "predicted_height": 1.5,
        "predicted_width": 2.5,
    }


def test_answers_without_rows_are_refused(tmp_path):
    with pytest.raises(ArgumentError, match="does not predict classes"):
        check_predictions(tmp_path / "a.csv", Assets(x={}, y={}))


def test_texts_that_were_answered_wrongly_the_surest_first(tmp_path):
    predictions = np.array([[0.9, 0.1, 0], [0.6, 0.4, 0], [0.8, 0.2, 0], [0.7, 0.1, 0.2]])
    names = ["in/x.v2.txt", "x", "in/x.v2.txt", "z"]
    found = scored(predictions, {"label": np.array([1, 1, 1, 0])}, names)
    folder = tmp_path / "wrong"
    assert save_mistakes(folder, found, TEXTS, most=2) == 3
    assert (folder / "b_c-as-a-in_x.v2.txt").read_text() == "text 0"
    assert (folder / "b_c-as-a-in_x.v2-2.txt").read_text() == "text 2"
    assert len(list(folder.iterdir())) == 3  # and the list
    with (folder / "mistakes.csv").open(newline="") as stream:
        listed = list(csv.DictReader(stream))
    assert [row["probability"] for row in listed] == ["0.9", "0.8"]
    assert [row["name"] for row in listed] == ["in/x.v2.txt"] * 2
    with pytest.raises(RunError, match="not empty"):
        check_mistakes(folder, TEXTS)


def test_sounds_are_written_at_the_rate_of_the_data(tmp_path):
    assets = Assets(
        x={"audio": Audio(8000, 800, 16_000, source="sound")}, y={"label": Label(("yes", "no"))}
    )
    wave = np.sin(np.arange(1600) / 20).astype("float32")
    found = scored(np.array([[0.2, 0.8]]), {"label": np.array([0])}, ["a.wav"], sound=[wave])
    assert save_mistakes(tmp_path, found, assets) == 1
    again, rate = read_audio(tmp_path / "yes-as-no-a.wav")
    assert rate == 16_000
    np.testing.assert_allclose(again, wave, atol=1e-4)


def test_mistakes_of_other_tasks_and_inputs_are_refused(tmp_path):
    labels = Assets(x={"ids": Text()}, y={"labels": Labels(("cat", "dog"))})
    with pytest.raises(ArgumentError, match="one of several classes"):
        check_mistakes(tmp_path / "new", labels)
    arrays = Assets(x={"series": Vector((3,))}, y={"label": Label(CLASSES)})
    with pytest.raises(ArgumentError, match="cannot be saved as files"):
        check_mistakes(tmp_path / "new", arrays)
