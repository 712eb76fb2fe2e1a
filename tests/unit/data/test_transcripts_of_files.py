"""A table of recordings with their transcripts, and AN4."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from zoo.columns import Audio, Text
from zoo.data.load import load_dataset
from zoo.errors import DataError
from zoo.tasks.speech_recognition import SpeechRecognition
from zoo.testing import check_dataset

SAID = {"file_column": "path", "text_column": "said", "label_column": ""}


@pytest.fixture
def table(tmp_path):
    """Ten recordings with their transcripts."""
    rows = ["path,said,text"]
    for i in range(10):
        soundfile.write(tmp_path / f"{i}.wav", np.full(800 + i, 0.1), 8000)
        rows.append(f"{i}.wav,Go {'on' if i % 2 else 'home'}!,unused")
    (tmp_path / "a.csv").write_text("\n".join(rows))
    return tmp_path / "a.csv"


def test_a_table_holds_recordings_and_what_is_said(table):
    dataset = load_dataset(table, **SAID)
    assert {name: type(c) for name, c in dataset.features.items()} == {"audio": Audio, "text": Text}
    check_dataset(dataset)
    task = SpeechRecognition(num_mels=20)
    assets = task.fit(dataset.train, features=dataset.features, classes=())
    example = task.units(dataset.train, assets, training=False)[0]
    x, y = task.encode(example, assets, None)
    assert x["audio"].shape == example["audio"].shape
    assert assets.y["text"].loaded.decode(y["text"]) in ("go on", "go home")


def test_files_without_a_text_column_have_no_texts(table):
    table.write_text(
        table.read_text().replace("text", "label").replace("unused", "a", 5).replace("unused", "b")
    )
    dataset = load_dataset(table, file_column="path")
    assert list(dataset.features) == ["audio", "label"]


def test_a_row_without_words_is_an_error_with_its_line_or_left_out(table):
    table.write_text(table.read_text().replace("3.wav,Go on!", "3.wav,"))
    with pytest.raises(DataError, match=r"line 5 .*has no text \(column said is empty\)"):
        load_dataset(table, **SAID)
    dataset = load_dataset(table, skip_corrupt=True, **SAID)
    assert dataset.skipped == (f"{table}, line 5",)
    table.write_text(table.read_text().replace("3.wav,", "3.wav,?!"))
    dataset = load_dataset(table, test_fraction=0.1, **SAID)
    with pytest.raises(DataError, match=r"transcript of a\.csv, line 5 is empty"):
        for split in dataset.splits.values():
            SpeechRecognition().fit(split, features=dataset.features, classes=())


def test_an4_has_its_published_test_split_and_no_speaker_in_two():
    folder = os.environ.get("ZOO_DATA_DIR")
    if not folder or not (Path(folder) / "an4").is_dir():
        pytest.skip("ZOO_DATA_DIR is not set, or holds no an4")
    dataset = load_dataset("an4")
    assert dataset.counts() == {"train": [857], "validation": [91], "test": [130]}
    check_dataset(dataset)
    speakers = [set(split.columns["group"]) for split in dataset.splits.values()]
    assert sum(map(len, speakers)) == len(set().union(*speakers)) == 84
    assert len(" ".join(dataset.splits["test"].columns["text"]).split()) == 773
    assert dataset.fingerprint == load_dataset("an4").fingerprint
