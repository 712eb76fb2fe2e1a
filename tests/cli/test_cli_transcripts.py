"""`zoo predict` with a model of speech: transcripts, subtitles, what is refused.

The model is a tiny Whisper with random numbers, so that what it writes means nothing.
"""

import json
import re
import shutil

import numpy as np
import pytest
import soundfile

from tests.parity.real_files import weight_file
from tests.parity.test_silero_vad import an4_clip
from tests.unit.decoding.test_transcription import SIZE, tokenizer
from zoo import registry
from zoo.cards import FileSource, PretrainedCard, PublishedTexts

NAME = "whisper_tiny.toy"
SIZES = {"num_layers": 1, "num_heads": 2, "hidden_dim": 8, "context_length": 448}


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    """Publish a tiny Whisper; give a folder with recordings."""
    from zoo.composition import build
    from zoo.weights import save_model_weights

    folder, patch = tmp_path_factory.mktemp("toy"), pytest.MonkeyPatch()
    patch.setenv("ZOO_WEIGHTS_DIR", str(folder / "cache"))
    arguments = {"vocabulary_size": SIZE, **SIZES}
    model = build("whisper_tiny", num_classes=SIZE, seed=3, **SIZES)
    generator = np.random.default_rng(5)
    for variable in model.trainable_variables:
        if len(variable.shape) > 1:
            variable.assign(generator.normal(0, 0.7, variable.shape))
    save_model_weights(folder / "toy.safetensors", model)
    (folder / "tokenizer.json").write_text(tokenizer().json)
    card = PretrainedCard(
        name=NAME,
        model="whisper_tiny",
        arguments=arguments,
        sources=(FileSource(str(folder / "toy.safetensors")),),
        texts=PublishedTexts(tokenizer=(FileSource(str(folder / "tokenizer.json")),),
                             max_tokens=448),
        classes=tuple(map(str, range(SIZE))),
        licence="MIT",
        commercial="yes",
        origin="this test",
    )  # fmt: skip
    cards = registry.pretrained_cards() | {NAME: card}
    patch.setattr(registry, "pretrained_cards", lambda: cards)
    for name, seconds in (("short", 2.5), ("long", 47)):
        sound = generator.normal(0, 0.1, round(seconds * 16_000))
        soundfile.write(folder / f"{name}.wav", sound, 16_000)
    yield folder
    patch.undo()


def test_a_recording_is_written_as_text_and_subtitles(zoo, toy, tmp_path):
    srt, vtt = tmp_path / "talk.srt", tmp_path / "talk.vtt"
    outcome = zoo(
        "predict", NAME, toy / "long.wav", "--json", "--srt", srt, "--vtt", vtt, "--language", "de"
    )
    assert outcome.code == 0, outcome.err
    (result,) = json.loads(outcome.out)
    (found,) = result["predictions"]
    assert result["task"] == "speech_to_text" and found["language"] == "de"
    assert found["seconds"] == 47
    times = [(one["start"], one["end"]) for one in found["stretches"]]
    assert times == sorted(times) and times[0][0] >= 0 and times[-1][1] <= 47
    assert all(start <= end for start, end in times)
    assert found["text"] == " ".join(o["text"] for o in found["stretches"] if o["text"])
    cues = re.findall(r"^(\d\d:\d\d:\d\d,\d{3}) --> \S+$", srt.read_text(), re.MULTILINE)
    assert len(cues) == len(times) == vtt.read_text().count(" --> ")
    assert vtt.read_text().startswith("WEBVTT\n\n")


def test_a_file_and_an_array_give_the_same(toy):
    from recipes.runs.run import load

    run, path = load(NAME), toy / "short.wav"
    sound, _ = soundfile.read(path, dtype="float32")
    of_file, of_array = run.predict([path, sound])
    assert of_file["predictions"] == of_array["predictions"]
    assert of_file["predictions"][0]["seconds"] == 2.5
    assert of_file["predictions"][0]["language"] in ("en", "de")


@pytest.mark.parametrize(
    "words, problem",
    [
        (["short.wav", "--language", "xx"], "There is no language named 'xx'"),
        (["short.wav", "--top", "2"], "does not predict classes"),
        (["short.wav", "--tta", "2"], "transcribes speech"),
        (["short.wav", "--language", "en", "--temperature", "2"], "transcribes speech"),
        (["short.wav", "long.wav", "--srt", "new.srt"], "--srt is for one recording"),
        (["missing.wav"], "missing.wav"),
    ],
)
def test_what_does_not_suit_is_refused(zoo, toy, monkeypatch, words, problem):
    monkeypatch.chdir(toy)
    outcome = zoo("predict", NAME, *words)
    assert outcome.code != 0 and problem in outcome.err.replace("\n", " ")
    assert not (toy / "new.srt").exists()


def test_a_damaged_recording_is_told_beside_the_good_ones(zoo, toy, tmp_path):
    (tmp_path / "bad.wav").write_text("not audio")
    table = tmp_path / "answers.csv"
    outcome = zoo("predict", NAME, toy / "short.wav", tmp_path / "bad.wav", "--csv", table)
    assert outcome.code == 1 and "not audio" in outcome.out
    header, *rows = table.read_text().splitlines()
    assert header.split(",")[:3] == ["file", "row", "text"] and "language" in header
    assert len(rows) >= 2


def test_transcribers_give_no_vectors_and_no_texts_of_their_own(zoo, toy):
    for command in (["embed", NAME, toy / "short.wav"], ["generate", NAME]):
        outcome = zoo(*command)
        assert outcome.code != 0 and NAME in outcome.err and "Traceback" not in outcome.err


def test_other_models_have_no_subtitles(zoo, tmp_path):
    outcome = zoo("predict", "cnn_small.digits", tmp_path, "--srt", tmp_path / "a.srt")
    assert outcome.code != 0 and "does not transcribe speech" in outcome.err.replace("\n", " ")


@pytest.fixture
def voices(toy, tmp_path):
    """Add the published voice-activity network, which hears no speech in noise and silence."""
    from zoo.pretrained import sources

    (tmp_path / "given").mkdir()
    shutil.copy(weight_file("silero_vad_16k.safetensors"), tmp_path / "given")
    sources.add("silero_vad_16k.silero", tmp_path / "given", ())


def silence(path, seconds):
    soundfile.write(path, np.zeros(seconds * 8_000, "int16"), 8_000)
    return path


@pytest.mark.parametrize("seconds", [70, pytest.param(3_600, marks=pytest.mark.slow)])
def test_silence_gives_no_text_and_no_error(zoo, toy, voices, tmp_path, seconds):
    path, srt, table = (
        silence(tmp_path / "none.flac", seconds),
        tmp_path / "a.srt",
        tmp_path / "a.csv",
    )
    outcome = zoo("predict", NAME, path, "--vad", "--json", "--srt", srt)
    assert outcome.code == 0, outcome.err
    (found,) = json.loads(outcome.out)[0]["predictions"]
    assert found == {"text": "", "language": None, "seconds": seconds, "stretches": []}
    assert srt.read_text() == ""
    outcome = zoo("predict", NAME, silence(tmp_path / "short.flac", 3), "--vad", "--csv", table)
    assert outcome.code == 0 and "None" not in table.read_text() + outcome.out


def test_only_speech_is_transcribed(zoo, toy, voices, tmp_path):
    """A clip of AN4 amid a minute of silence: stretches lie where it is."""
    clip = an4_clip()
    quiet = np.zeros(20 * 16_000, "float32")
    soundfile.write(tmp_path / "amid.wav", np.concatenate([quiet, clip, quiet, quiet]), 16_000)
    outcome = zoo("predict", NAME, tmp_path / "amid.wav", "--vad", "--json")
    assert outcome.code == 0, outcome.err
    (found,) = json.loads(outcome.out)[0]["predictions"]
    assert found["stretches"] and found["language"] in ("en", "de")
    ends = [one[key] for one in found["stretches"] for key in ("start", "end")]
    assert min(ends) >= 19.5 and max(ends) <= 20.5 + len(clip) / 16_000


def test_vad_is_for_models_that_transcribe(zoo, toy):
    outcome = zoo("predict", "cnn_small.digits", toy / "short.wav", "--vad")
    assert outcome.code != 0 and "no --vad" in outcome.err
