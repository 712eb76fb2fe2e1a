"""`zoo visualize`: a picture with its numbers, a sentence, JSON."""

import json

import numpy as np


def test_a_view_is_written_with_its_numbers(zoo, in_tmp):
    outcome = zoo("visualize", "map", "cnn_small.digits", "--examples", "40")
    assert outcome.code == 0, outcome.err
    assert "40 of 359 examples of digits, test" in outcome.out
    folder = in_tmp / "visualizations" / "cnn_small.digits-map-1"
    assert {path.name for path in folder.iterdir()} == {"map.png", "map.npz"}
    assert np.load(folder / "map.npz")["points.PCA"].shape == (40, 2)


def test_json_writes_no_file_and_tells_large_arrays_by_their_shape(zoo, in_tmp):
    outcome = zoo("visualize", "filters", "textcnn.docstrings", "--json")
    found = json.loads(outcome.out)
    assert found["layer"] == "backbone/width3_conv" and len(found["norm"]) == 100
    assert found["kernel"]["shape"][0] == 3 and len(found["words"][0]) == 3
    assert list(in_tmp.iterdir()) == []


def test_words_of_the_command_line_are_texts(zoo, in_tmp):
    outcome = zoo("visualize", "neighbors", "textcnn.docstrings", "Create a socket.", "--json")
    (one,) = json.loads(outcome.out)["inputs"]
    assert one["input"] == "Create a socket." and len(one["neighbors"]) == 7


def test_mistakes_take_one_screen(zoo, digit_png, in_tmp):
    (in_tmp / "taken.png").write_bytes(b"")
    outcome = zoo("visualize", "features", "cnn_small.digits", digit_png, "--output", "taken.png")
    assert (outcome.code, "already exists" in outcome.err) == (2, True)
    outcome = zoo("visualize", "features", "cnn_small.digits", digit_png, "--layer", "stage1_1_cnv")
    assert outcome.code == 2 and "nearest: backbone/stage1_1_conv" in outcome.err
