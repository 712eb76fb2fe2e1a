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
    files = ["--srt", srt, "--vtt", vtt]
    how = ["--language", "de", "--temperature", 0]
    outcome = zoo("predict", NAME, toy / "long.wav", "--json", *files, *how)
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
    import zoo as library

    sound, _ = soundfile.read(toy / "short.wav", dtype="float32")
    of_file, of_array = library.transcribe(NAME, [toy / "short.wav", sound], temperature=0)
    assert of_file["predictions"] == of_array["predictions"]
    assert of_file["predictions"][0]["seconds"] == 2.5
    assert of_file["predictions"][0]["language"] in ("en", "de")


@pytest.fixture(scope="module")
def written(toy):
    """Return what writes the text of a second of noise, with values of `Listening`."""
    from recipes.runs.run import load
    from recipes.runs.transcribe import Listening, Transcriber

    scribe = Transcriber(load(NAME))
    sound, _ = soundfile.read(toy / "short.wav", dtype="float32")

    def write(**values):
        scribe.listening = Listening("de", **values)
        scribe.decoding = scribe.listening.decoding()
        return scribe.transcript(Held(sound[:16_000]))["text"]

    return write


def test_texts_that_fail_are_drawn_again_from_the_seed(written):
    """Random numbers make the toy unsure of every text."""
    likeliest = written(temperature=0)
    assert likeliest == written(temperature=0, seed=2) != written()
    drawn = written(temperature=1)
    assert drawn == written(temperature=1, seed=1) != written(temperature=1, seed=2)


def test_beams_find_another_text_than_the_likeliest_tokens(written):
    assert written(temperature=0, beam=3) != written(temperature=0)


def test_options_reach_the_transcription(zoo, toy, monkeypatch):
    import zoo as library
    from recipes.runs import by_name, transcribe

    asked = []

    def spied(run, inputs, *, listening, **how):
        asked.append(listening)
        yield {"file": "a", "task": run.task.name, "predictions": [{"text": "", "stretches": []}]}

    monkeypatch.setattr(transcribe, "transcribe_each", spied)
    monkeypatch.setattr(by_name, "transcribe_each", spied)
    words = ["--language", "en", "--vad", "--beam", 2, "--temperature", 0, "--previous-text"]
    assert zoo("predict", NAME, toy / "short.wav", *words, "--seed", 0).code == 0
    assert zoo("predict", NAME, toy / "short.wav").code == 0
    how = {"language": "en", "vad": True, "beam": 2, "temperature": 0, "previous_text": True}
    library.transcribe(NAME, [toy / "short.wav"], **how, seed=0)
    full = transcribe.Listening(**how, seed=0)
    assert asked == [full, transcribe.Listening(), full]


def test_other_models_are_not_transcribed_with():
    import zoo as library
    from zoo.errors import ArgumentError

    with pytest.raises(ArgumentError, match="does not transcribe speech"):
        library.transcribe("cnn_small.digits", ["a.wav"])


def test_previous_text_reaches_the_next_window_unless_it_was_drawn_hot(toy, monkeypatch):
    """The second window is given the stretches of the first, with their times."""
    from recipes.runs.run import load
    from recipes.runs.transcribe import Listening, Transcriber
    from zoo.decoding import transcription

    given, hear = [], transcription.hear

    def spied(writer, audio, signs, **how):
        heard = hear(writer, audio, signs, **how)
        given.append((list(how["previous"]), heard))
        return heard

    monkeypatch.setattr(transcription, "hear", spied)
    sound, _ = soundfile.read(toy / "long.wav", dtype="float32")
    for temperature, is_given in ((0.4, True), (0.6, False)):
        listening = Listening("de", temperature=temperature, previous_text=True)
        scribe = Transcriber(load(NAME), listening)
        given.clear()
        scribe.transcript(Held(sound))
        (first, heard), (second, _), *_ = given
        found, _ = transcription.stretches(heard, scribe.signs)
        expected = transcription.as_previous(found, scribe.signs)
        assert first == [] and expected and second == (expected if is_given else [])


class Held:
    """A recording in memory."""

    def __init__(self, values):
        self.values = values

    def piece(self, start, samples):
        return self.values[start : start + samples]


@pytest.mark.parametrize(
    "words, problem",
    [
        (["short.wav", "--language", "xx"], "There is no language named 'xx'"),
        (["short.wav", "--top", "2"], "does not predict classes"),
        (["short.wav", "--tta", "2"], "transcribes speech"),
        (["short.wav", "--language", "en", "--calibrated"], "transcribes speech"),
        (["short.wav", "--temperature", "2"], "cannot be transcribed at the temperature 2"),
        (["short.wav", "--beam", "0"], "beam=0 is not a number of beams"),
        (["short.wav", "--beam", "2", "--temperature", "0.4"], "no beam search at the temperature"),
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
    both = [toy / "short.wav", tmp_path / "bad.wav"]
    outcome = zoo("predict", NAME, *both, "--csv", table, "--temperature", 0)
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
    outcome = zoo("predict", NAME, tmp_path / "amid.wav", "--vad", "--json", "--temperature", 0)
    assert outcome.code == 0, outcome.err
    (found,) = json.loads(outcome.out)[0]["predictions"]
    assert found["stretches"] and found["language"] in ("en", "de")
    ends = [one[key] for one in found["stretches"] for key in ("start", "end")]
    assert min(ends) >= 19.5 and max(ends) <= 20.5 + len(clip) / 16_000


@pytest.mark.parametrize(
    "words", [["--vad"], ["--beam", "5"], ["--previous-text"], ["--seed", "0"]]
)
def test_options_of_transcripts_are_for_models_that_transcribe(zoo, toy, words):
    outcome = zoo("predict", "cnn_small.digits", toy / "short.wav", *words)
    assert outcome.code != 0 and f"no {words[0]}" in outcome.err
