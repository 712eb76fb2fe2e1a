"""`zoo explain`: pictures, coloured tokens, numbers, and one screen that says what is possible."""

import json

import numpy as np
import pytest
import soundfile
from PIL import Image

import zoo as kerazoo
from zoo.columns.audio import fit_clip
from zoo.data.load import load_dataset


@pytest.fixture
def vowel(in_tmp):
    """A recorded vowel."""
    clip = load_dataset("vowels").splits["test"][40]["audio"]
    soundfile.write("vowel.wav", clip, 8000)
    return in_tmp / "vowel.wav"


def test_an_image_gives_a_picture(zoo, digit_png, in_tmp):
    outcome = zoo("explain", "cnn_small.digits", digit_png, "--method", "grad_cam", "--out", "heat")
    assert outcome.code == 0, outcome.err
    assert [path.name for path in (in_tmp / "heat").iterdir()] == ["01-digit.png"]
    assert Image.open("heat/01-digit.png").width > 600
    assert "heat/01-digit.png" in outcome.out


def test_a_text_gives_coloured_tokens(zoo, in_tmp):
    text = "Create a <socket> and connect."
    outcome = zoo("explain", "textcnn.docstrings", text, "--method", "occlusion")
    assert outcome.code == 0, outcome.err
    (page,) = in_tmp.glob("explanations/textcnn.docstrings-1/*.html")
    assert ">socket</span>" in page.read_text() and "background:rgb(" in page.read_text()
    assert "create a" in outcome.out


def test_a_sound_gives_a_picture_and_the_piece_that_mattered(zoo, vowel, in_tmp):
    outcome = zoo("explain", "ds_cnn_s.vowels", vowel, "--method", "kernel_shap", "--out", "heat")
    assert outcome.code == 0, outcome.err
    assert {path.name for path in (in_tmp / "heat").iterdir()} == {"01-vowel.png", "01-vowel.wav"}
    piece, rate = soundfile.read("heat/01-vowel.wav")
    assert (len(piece), rate) == (400, 8000)  # a tenth of the half second that the model hears
    (found,) = kerazoo.explain("ds_cnn_s.vowels", [vowel], method="kernel_shap")
    tenths = found.attribution.reshape(10, 400).sum(axis=1)
    clip = fit_clip(soundfile.read(vowel)[0], 4000)
    start = 400 * int(tenths.argmax())
    np.testing.assert_allclose(piece, clip[start : start + 400], atol=1e-4)
    assert found.baseline_score > found.score  # silence looks more like an "ee" than the "ee"
    assert "note: a baseline scores higher" in outcome.out


def test_json_holds_the_numbers_and_writes_nothing(zoo, digit_png, in_tmp):
    outcome = zoo("explain", "cnn_small.digits", digit_png, "--label", "3", "--json")
    (found,) = json.loads(outcome.out)
    assert (found["label"], found["baseline"]) == ("3", "zeros")
    assert np.shape(found["attribution"]) == (8, 8)
    assert found["completeness"] < 0.01
    assert list(in_tmp.iterdir()) == []


@pytest.mark.parametrize(
    "words, said",
    [
        (("cnn_small.digits", "--method", "grad_kam"), "nearest: grad_cam"),
        (("cnn_small.digits", "--label", "eleven"), "no class of cnn_small.digits named 'eleven'"),
        (("gpt_nano.pydoc",), "its task is language_modeling"),
        (("textcnn.docstrings", "--method", "grad_cam"), "it takes texts"),
    ],
)
def test_mistakes_say_what_is_possible(refused, digit_png, words, said):
    assert said in refused("explain", words[0], digit_png, *words[1:])


def test_shortcuts_are_searched_in_the_test_examples_of_a_run(zoo, in_tmp):
    outcome = zoo("explain", "cnn_small.digits", "--shortcuts", "--json")
    found = json.loads(outcome.out)
    assert {one["label"] for one in found} == set("0123456789")
    assert not any(one["is_shortcut"] for one in found)
    assert list(in_tmp.iterdir()) == []


def test_inputs_and_shortcuts_exclude_one_another(refused):
    said = refused("explain", "cnn_small.digits", "seven.png", "--shortcuts")
    assert "--shortcuts tests the run's own test examples" in said
    assert "does not go with --shortcuts" in refused(
        "explain", "cnn_small.digits", "--shortcuts", "--label", "3"
    )
    assert "two commands" in refused("explain", "cnn_small.digits", "--shortcuts", "--check")


def test_methods_are_tested_on_a_run(zoo, in_tmp):
    short = ("explain", "--check", "cnn_small.digits", "--examples", "3", "--method", "occlusion")
    outcome = zoo(*short, "--picture", "checks.png", "--json")
    assert outcome.code == 0, outcome.err
    (one,) = outcome.document["methods"]
    assert one["method"] == "occlusion" and one["believe"] == (one["faults"] == [])
    assert outcome.document["examples"] == 3 and len(one["correlations"]) == 4
    assert Image.open(in_tmp / "checks.png").width > 1000
    told = zoo(*short)
    assert told.code == 0, told.err
    assert "3 test examples" in told.out and "occlusion" in told.out
    assert "left out: attention_rollout" in told.out


@pytest.mark.parametrize(
    "words, said",
    [
        (("--check", "cnn_small.digits", "a.png"), "--check tests the run's own test examples"),
        (("--check", "cnn_small.digits", "--label", "3"), "--label does not go with --check"),
        (("cnn_small.digits", "a.png", "--examples", "5"), "--examples belongs to --check"),
        (("cnn_small.digits",), "No inputs were given"),
        (("--check", "cnn_small.digits", "--picture", "a.txt"), "ends in .png"),
        (("--check", "cnn_small.digits", "--method", "attention_rollout"), "one of: integrated"),
    ],
)
def test_mistakes_around_the_tests_are_refused(refused, words, said):
    assert said in refused("explain", *words)
