"""`zoo predict --enrol`: one person or two, with a run and with published vectors."""

import json

import numpy as np
import pytest
import soundfile

import zoo as package
from recipes.training.train import train
from zoo.cli.voices import spread
from zoo.errors import ArgumentError, DataError
from zoo.metrics.verification import Trials

TINY = {
    "data.name": "vowels",
    "data.max_examples": 60,
    "data.validation_fraction": 0.2,
    "task.arguments": {"clip_seconds": 0.4, "num_mels": 24},
    "model.name": "x_vector",
    "model.arguments": {"widths": [8, 12], "kernel_sizes": [5, 3], "dilations": [1, 2],
                        "embedding_dim": 6},
}  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("voices") / "run"
    return train("speech/an4_speakers-xvector", run_dir=folder, smoke=True, progress=False, **TINY)


@pytest.fixture(scope="module")
def sounds(tmp_path_factory, run):
    folder, test = tmp_path_factory.mktemp("sounds"), run.dataset().splits["test"]
    for place in range(4):
        soundfile.write(folder / f"{place}.wav", test[place]["audio"], 8_000)
    soundfile.write(folder / "silence.wav", np.zeros(8_000), 8_000)
    soundfile.write(folder / "short.wav", np.full(800, 0.2), 8_000)
    (folder / "empty.wav").touch()
    (folder / "film.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(500))
    return folder


def test_a_run_scores_decides_and_says_its_threshold(zoo, run, sounds):
    enrol, test = [sounds / "0.wav", sounds / "1.wav"], [sounds / "2.wav", sounds / "0.wav"]
    document = zoo("predict", run.path, "--enrol", *enrol, "--test", *test, "--json").document
    assert [result["file"] for result in document] == list(map(str, test))
    threshold = json.loads((run.path / "assets.json").read_text())["extra"]["verification"]
    vectors = {path: run.embed([path])[0] for path in (*enrol, *test)}
    voice = vectors[enrol[0]] + vectors[enrol[1]]
    for path, result in zip(test, document, strict=True):
        (answer,) = result["predictions"]
        cosine = vectors[path] @ voice / np.linalg.norm(voice) / np.linalg.norm(vectors[path])
        assert answer["score"] == pytest.approx(cosine, abs=1e-5)
        assert answer["threshold"] == threshold["threshold"]
        assert answer["same_speaker"] == (answer["score"] > threshold["threshold"])
    other = zoo("predict", run.path, *test, "--enrol", *enrol, "--threshold", "1", "--json")
    assert [r["predictions"][0]["same_speaker"] for r in other.document] == [False, False]
    table = zoo("predict", run.path, "--enrol", *enrol, "--test", *test).out
    assert "same speaker" in table and "threshold" in table


def test_what_cannot_be_used_is_said_and_the_rest_is_compared(zoo, run, sounds, tmp_path):
    bad = [
        sounds / name for name in ("silence.wav", "short.wav", "empty.wav", "film.mp4", "no.wav")
    ]
    enrol, written = ("--enrol", sounds / "0.wav"), tmp_path / "answers.csv"
    outcome = zoo("predict", run.path, *enrol, "--test", sounds / "1.wav", *bad, "--csv", written)
    assert outcome.code == 1
    lines = written.read_text().splitlines()
    assert lines[0] == "file,row,text,same_speaker,score,threshold,error" and len(lines) == 7
    for line, words in zip(
        lines[2:],
        ("is silent", "holds 0.10 seconds", "is empty", "is not audio", "is not a file"),
        strict=True,
    ):
        assert words in line
    alone = zoo("predict", run.path, *enrol, "--test", sounds / "silence.wav")
    assert alone.code == 2 and "0.3 seconds of speech" in alone.err
    for name in ("silence.wav", "short.wav", "empty.wav", "film.mp4"):
        enrolled = zoo("predict", run.path, "--enrol", sounds / name, "--test", sounds / "1.wav")
        assert enrolled.code == 2 and name in enrolled.err and "Traceback" not in enrolled.err


def test_options_of_classes_and_other_models_are_refused(zoo, run, sounds):
    both = ("--enrol", sounds / "0.wav", "--test", sounds / "1.wav")
    for option in (["--top", "2"], ["--tta", "4"], ["--calibrated"], ["--temperature", "2"]):
        outcome = zoo("predict", run.path, *both, *option)
        assert outcome.code == 2 and "--enrol compares voices" in outcome.err
    other = zoo("predict", "ds_cnn_s.vowels", *both)
    assert other.code == 2 and "does not compare voices" in other.err
    wide = zoo("predict", run.path, *both, "--threshold", "2")
    assert wide.code == 2 and "is not a cosine" in wide.err
    nobody = zoo("predict", run.path, sounds / "1.wav", "--enrol")
    assert nobody.code == 2 and "--enrol" in nobody.err
    nothing = zoo("predict", run.path, "--enrol", sounds / "1.wav")
    assert nothing.code == 2 and "--test FILE" in nothing.err


def test_arrays_in_python_and_a_run_that_is_evaluated(run):
    test = run.dataset().splits["test"]
    clips = [test[place]["audio"] for place in range(3)]
    found = package.same_speaker(run, enrol=clips[:2], test=clips[2])
    assert found[0]["predictions"][0]["same_speaker"] in (True, False)
    with pytest.raises(DataError, match="A recording is silent"):
        package.same_speaker(run, enrol=clips[:1], test=[np.zeros(4_000, "float32")])
    with pytest.raises(ArgumentError, match="not a cosine"):
        package.same_speaker(run, enrol=clips[:1], test=clips[:1], threshold=-2.0)
    scored = run.evaluate()
    assert scored["metrics"]["eer"]["value"] == run.metrics["metrics"]["eer"]["value"]
    assert scored["data_as_trained"]


@pytest.mark.parametrize(
    "words, expected",
    [
        (["R", "a", "b"], ["R", "a", "b"]),
        (["R", "--enrol", "a", "--test", "b"], ["R", "--enrol", "a", "b"]),
        (["R", "b", "--enrol", "a", "-"], ["R", "b", "--enrol", "a", "--enrol", "-"]),
        (["R", "--enrol", "a", "--json", "b"], ["R", "--enrol", "a", "--json", "b"]),
        (["R", "b", "--enrol"], ["R", "b", "--enrol"]),
        (["R", "--test", "b"], ["R", "--test", "b"]),
    ],
)
def test_words_behind_enrol_go_up_to_the_next_option(words, expected):
    assert spread(words) == expected


def test_an_exported_run_gives_vectors_and_says_so(run, tmp_path):
    facts = package.export(run, format="saved_model", output=tmp_path / "voices", examples=4)
    assert set(facts["outputs"]) == {"vector", "logits"}
    assert facts["parity"]["max_difference"] < 1e-4
    page = (tmp_path / "voices" / "README.md").read_text()
    assert "of length 1; the product of two is their score" in page
    assert "cosines with each speaker of train" in page and "print(vector)" in page


def test_the_card_says_how_voices_are_compared(run):
    card = (run.path / "README.md").read_text()
    assert "zoo.same_speaker" in card and "--enrol a.wav --test b.wav" in card
    assert "The cosine of two vectors" in card and "What it writes" not in card


def test_the_report_shows_errors_by_threshold(run):
    page = (run.path / "report.html").read_text()
    assert 'id="pairs"' in page and "false rejections, %" in page
    assert (run.path / "pairs.png").stat().st_size > 1_000
    test = run.scored()
    trials = Trials.of(run.task.statistics(test.predictions, test.truths))
    threshold = run.assets.extra["verification"]["threshold"]
    refused = (trials.scores[trials.same] <= threshold).mean()
    accepted = (trials.scores[~trials.same] > threshold).mean()
    assert f"{100 * refused:.1f} % of the {int(trials.same.sum()):,} pairs of one person" in page
    assert (
        f"{100 * accepted:.1f} % of the {int((~trials.same).sum()):,} pairs of two people" in page
    )
