"""The loader of spoken digits: its splits and targets, on files that stand for the prepared ones."""

import os
from pathlib import Path

import numpy as np
import pytest

from zoo import testing
from zoo.data import spoken_digit
from zoo.errors import ArgumentError, DataError

SPEAKERS = ("george", "jackson", "theo")


@pytest.fixture
def prepared(monkeypatch):
    """Seven short recordings of each digit and speaker, in no order; the value names its file."""
    names = [
        f"{d}_{who}_{r}.wav" for r in (6, 0, 4, 5, 1, 12, 3) for who in SPEAKERS for d in range(10)
    ]
    waves = [np.full(5 + i % 7, -32_768 if i == 0 else i, "int32") for i in range(len(names))]

    def read_columns(name, columns, *, data_dir, download):
        assert (name, list(columns)) == ("spoken_digit", ["audio", "audio/filename"])
        return {"train": {"audio": waves, "audio/filename": names}}

    monkeypatch.setattr(spoken_digit, "read_columns", read_columns)
    return dict(zip(names, waves, strict=True))


def test_the_authors_split_is_by_recording(prepared):
    dataset = spoken_digit.load()
    testing.check_dataset(dataset)
    recordings = {
        name: {int(split.name_of(i).split("_")[2][:-4]) for i in range(len(split))}
        for name, split in dataset.splits.items()
    }
    assert recordings == {"train": {5, 6, 12}, "test": {0, 1, 3, 4}}
    assert dataset.counts() == {"train": [9] * 10, "test": [12] * 10}
    assert "new voices" in dataset.notes[0]


def test_labels_and_samples_belong_to_the_file(prepared):
    for target, classes in (("digit", tuple("0123456789")), ("speaker", SPEAKERS)):
        dataset = spoken_digit.load(target=target)
        assert dataset.classes == classes
        for split in dataset.splits.values():
            for i in range(len(split)):
                file = split.name_of(i)
                expected = file.split("_")[0 if target == "digit" else 1]
                assert classes[split[i]["label"]] == expected
                np.testing.assert_allclose(split[i]["audio"], prepared[file] / 32_768)


def test_a_speaker_is_held_out_whole(prepared):
    dataset = spoken_digit.load(held_out="theo")
    assert all("theo" in dataset.splits["test"].name_of(i) for i in range(70))
    assert not any("theo" in name for name in dataset.splits["train"].names)
    assert dataset.counts() == {"train": [14] * 10, "test": [7] * 10}
    assert "train holds george, jackson" in dataset.notes[0]


@pytest.mark.parametrize(
    "arguments, says",
    [
        (dict(target="word"), "expected: digit or speaker"),
        (dict(held_out="teo"), "expected: nearest: theo"),
        (dict(held_out="xyz"), "one of: george, jackson, theo"),
        (dict(target="speaker", held_out="theo"), "theo cannot be recognized"),
    ],
)
def test_what_does_not_exist_is_named(prepared, arguments, says):
    with pytest.raises(ArgumentError) as caught:
        spoken_digit.load(**arguments)
    assert says in str(caught.value) and "to fix:" in str(caught.value)


@pytest.mark.parametrize("names", [["seven.wav"], []])
def test_files_of_another_set_are_refused(monkeypatch, names):
    waves = [np.zeros(4, "int16") for _ in names]
    monkeypatch.setattr(
        spoken_digit,
        "read_columns",
        lambda *_, **__: {"train": {"audio": waves, "audio/filename": names}},
    )
    with pytest.raises(DataError, match=r"names such as 7_theo_32\.wav"):
        spoken_digit.load()


def test_the_prepared_set_is_the_one_that_is_described():
    folder = os.environ.get("TFDS_DATA_DIR")
    if not folder or not (Path(folder) / "spoken_digit").is_dir():
        pytest.skip("TFDS_DATA_DIR is not set, or holds no spoken_digit")
    dataset = spoken_digit.load(data_dir=folder)
    testing.check_dataset(dataset)
    assert dataset.counts() == {"train": [225] * 10, "test": [25] * 10}
    lengths = [len(audio) for split in dataset.splits.values() for audio in split.columns["audio"]]
    assert (min(lengths), max(lengths)) == (1_148, 18_262)
    assert max(np.abs(audio).max() for audio in dataset.splits["test"].columns["audio"]) <= 1
    held_out = spoken_digit.load(data_dir=folder, held_out="yweweler")
    assert held_out.counts() == {"train": [200] * 10, "test": [50] * 10}
