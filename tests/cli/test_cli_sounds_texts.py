"""`zoo predict` on recordings and texts: what a user would expect, or one screen that says why not."""

import io
import sys

import numpy as np
import pytest
import soundfile

VOWELS = (  # seconds; enough for several vowels to be told apart
    "speech/vowels-dscnn",
    "data.max_examples=300",
    "training.epochs=2",
    "training.steps_per_epoch=30",
    "training.batch_size=16",
    "schedule.warmup_epochs=0",
    "optimizer.learning_rate=0.01",
)
DOCSTRINGS = (
    "text/docstrings-textcnn",
    "data.max_examples=400",
    "model.arguments={embedding_dim: 16, num_filters: 8}",
    "training.epochs=2",
    "training.steps_per_epoch=40",
    "training.batch_size=32",
    "optimizer.learning_rate=0.02",
)


def run_of(zoo, folder, recipe, *values):
    outcome = zoo("train", recipe, *values, "--run-dir", folder / "run", "--json")
    assert outcome.code == 0, outcome.err
    return folder / "run"


@pytest.fixture(scope="module")
def listener(zoo, tmp_path_factory):
    """A run that tells vowels apart a little."""
    return run_of(zoo, tmp_path_factory.mktemp("listener"), *VOWELS)


@pytest.fixture(scope="module")
def reader(zoo, tmp_path_factory):
    """A run that tells docstrings apart a little."""
    return run_of(zoo, tmp_path_factory.mktemp("reader"), *DOCSTRINGS)


@pytest.fixture(scope="module")
def clips():
    """The vowels' test split, and its sample rate."""
    from zoo.data.load import load_dataset

    dataset = load_dataset("vowels")
    return dataset.splits["test"], dataset.features["audio"].sample_rate_hz


def evaluated(run_dir, split):
    """Return the labels that evaluation gives the examples of a split."""
    from recipes.runs.evaluate import predictions_of
    from recipes.runs.run import load
    from zoo.data.pipeline import Encoded

    run = load(run_dir)
    encoded = Encoded(split, run.task, run.assets)
    answers, _ = predictions_of(run.model, run.task, run.assets, encoded, batch_size=256)
    return [run.assets.classes[i] for i in np.asarray(answers).argmax(axis=-1)]


def first_labels(outcome):
    assert outcome.code == 0, outcome.err
    return [result["predictions"][0]["label"] for result in outcome.document]


@pytest.mark.slow
def test_100_wav_files_are_predicted_as_evaluation_predicts_them(zoo, listener, clips, tmp_path):
    split, rate = clips
    split = split.take(np.linspace(0, len(split) - 1, 100).astype(int))
    files = [tmp_path / f"{i}.wav" for i in range(100)]
    for file, example in zip(files, split, strict=True):
        soundfile.write(file, example["audio"], rate, subtype="FLOAT")
    expected = evaluated(listener, split)
    assert len(set(expected)) >= 4
    assert first_labels(zoo("predict", listener, *files, "--json")) == expected


@pytest.mark.slow
def test_100_texts_are_predicted_as_evaluation_predicts_them(zoo, reader, monkeypatch):
    from zoo.data.load import load_dataset

    split = load_dataset("docstrings").splits["test"]
    single = [i for i in range(len(split)) if "\n" not in split[i]["text"]][:100]
    split = split.take(single)
    texts = [example["text"] for example in split]
    expected = evaluated(reader, split)
    assert len(texts) == 100 and len(set(expected)) >= 4
    assert first_labels(zoo("predict", reader, "--json", "--", *texts)) == expected
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(texts) + "\n"))
    assert first_labels(zoo("predict", reader, "-", "--json")) == expected


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("stereo.wav", {"subtype": "PCM_16"}),
        ("deep.wav", {"subtype": "PCM_24"}),
        ("packed.flac", {"format": "FLAC"}),
    ],
)
def test_formats_of_the_same_sound_get_the_same_label(
    zoo, listener, clips, tmp_path, name, options
):
    split, rate = clips
    audio = np.clip(split[7]["audio"], -1, 1)
    sound = np.stack([audio, audio], axis=1) if name == "stereo.wav" else audio
    soundfile.write(tmp_path / name, sound, rate, **options)
    (label,) = first_labels(zoo("predict", listener, tmp_path / name, "--json"))
    assert label == evaluated(listener, split.take([7]))[0]


def test_a_stereo_recording_at_another_rate_is_mixed_and_resampled(zoo, listener, clips, tmp_path):
    from scipy.signal import resample_poly

    split, rate = clips
    chosen = split.take(np.arange(0, len(split), 8))
    files = []
    for i, example in enumerate(chosen):
        fast = resample_poly(example["audio"], 44_100, rate)
        files.append(tmp_path / f"{i}.wav")
        soundfile.write(files[-1], np.stack([fast, fast], axis=1), 44_100, subtype="PCM_24")
    labels = first_labels(zoo("predict", listener, *files, "--json"))
    same = np.mean([a == b for a, b in zip(labels, evaluated(listener, chosen), strict=True)])
    assert same >= 0.9  # the resampler's edge takes a little of the highest band


def test_a_wav_without_samples_is_refused(listener, refused, in_tmp):
    soundfile.write(in_tmp / "empty.wav", np.zeros(0, "float32"), 8000)
    assert "empty.wav" in refused("predict", listener, "empty.wav")


def test_a_file_that_is_no_sound_is_refused(listener, refused, in_tmp):
    (in_tmp / "words.wav").write_text("these are words")
    message = refused("predict", listener, "words.wav")
    assert "words.wav" in message and "wav" in message


def test_a_text_for_a_model_of_sounds_is_taken_for_a_file_that_is_not_there(listener, refused):
    assert "files of sounds: wav, flac, ogg" in refused("predict", listener, "hello there")


@pytest.mark.parametrize("text", ["", "   ", "\n\n"])
def test_a_text_without_words_is_refused(reader, refused, text):
    assert "no" in refused("predict", reader, "--", text)


def test_a_text_of_100000_words_is_read_to_where_the_model_reads(zoo, reader):
    start = "Return the name of the month as a string, or None where it is not known. " * 8
    short = first_labels(zoo("predict", reader, start, "--json"))
    assert first_labels(zoo("predict", reader, start + "urllib " * 100_000, "--json")) == short


def test_a_file_that_is_no_utf8_is_refused(reader, refused, in_tmp):
    (in_tmp / "note.txt").write_bytes("naïve".encode("utf-16"))
    message = refused("predict", reader, "note.txt")
    assert "note.txt is not UTF-8 text" in message and "iconv" in message


def test_a_mistyped_file_name_is_not_classified_as_a_text(reader, refused, in_tmp):
    (in_tmp / "reviews.csv").write_text("text\nOpen a file\n")
    message = refused("predict", reader, "revews.csv")
    assert "revews.csv is not a file" in message and "nearest: reviews.csv" in message


def test_a_table_of_texts_gives_a_line_a_row_in_the_column_asked_for(zoo, reader, in_tmp):
    (in_tmp / "table.csv").write_text("id,question\n1,Open a file\n2,Return the month\n")
    outcome = zoo("predict", reader, "table.csv", "--text-column", "question")
    assert outcome.code == 0, outcome.err
    assert "2 predictions" in outcome.out
    assert "line 2: Open a file" in outcome.out and "line 3: Return the month" in outcome.out


def test_nothing_on_standard_input_is_refused(reader, refused, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))
    assert "Standard input held no text." in refused("predict", reader, "-")
