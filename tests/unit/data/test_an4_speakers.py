"""AN4 by speaker: made here with the form of the real files, and the real ones."""

import dataclasses
import hashlib
import io
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from zoo import testing
from zoo.data import an4_speakers
from zoo.data.load import load_dataset
from zoo.errors import DataError

ROWS = [("train", "ann", "YES"), ("train", "ben", "S T O P"), ("test", "eva", 'ENTER "SEVEN')]


def write(folder: Path, *, rows=ROWS, sounds=ROWS):
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["file\tsplit\tspeaker\tseconds\ttext"]
    lines += [f"{s}/{who}/1-{who}.flac\t{s}\t{who}\t0.10\t{text}" for s, who, text in rows]
    (folder / "transcripts.tsv").write_text("\n".join(lines) + "\n")
    with tarfile.open(folder / "flac16k.tar", "w") as tar:
        for place, (split, who, _) in enumerate(sounds):
            buffer = io.BytesIO()
            clip = np.full(1_600 + place, 0.1 * (place + 1), "float32")
            soundfile.write(buffer, clip, 16_000, format="FLAC")
            info = tarfile.TarInfo(f"{split}/{who}/1-{who}.flac")
            info.size = len(buffer.getvalue())
            tar.addfile(info, io.BytesIO(buffer.getvalue()))
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Write a small set, and let the card expect it."""

    def make(**parts):
        (card,) = (card for card in an4_speakers.DATASETS if card.name == "an4_speakers")
        files = write(tmp_path / "an4", **parts)
        monkeypatch.setattr(an4_speakers, "DATASETS", (dataclasses.replace(card, files=files),))
        return an4_speakers.load(data_dir=tmp_path)

    return make


def test_recordings_come_with_their_speakers_in_the_order_of_the_list(made):
    dataset = made(sounds=ROWS[::-1])
    train, test = dataset.splits["train"], dataset.splits["test"]
    assert train.columns["group"] == ["ann", "ben"] and test.columns["group"] == ["eva"]
    assert [len(clip) for clip in train.columns["audio"]] == [1_602, 1_601]
    np.testing.assert_allclose(test[0]["audio"], 0.1, atol=1e-3)
    assert train.names == ["train/ann/1-ann.flac", "train/ben/1-ben.flac"]
    assert dataset.classes == () and dataset.features["group"].plural == "speakers"


def test_a_recording_that_is_not_there_is_named(made):
    with pytest.raises(DataError, match=r"lacks 1 recordings: test/eva/1-eva\.flac"):
        made(sounds=ROWS[:2])


def test_another_file_is_refused(tmp_path):
    write(tmp_path / "an4")
    with pytest.raises(DataError, match="not the file that an4_speakers is made from"):
        an4_speakers.load(data_dir=tmp_path)
    with pytest.raises(DataError, match="does not exist"):
        an4_speakers.load(data_dir=tmp_path / "elsewhere")


def test_the_real_recordings():
    root = os.environ.get("ZOO_DATA_DIR")
    if not (root and (Path(root) / "an4").is_dir()):
        pytest.skip("ZOO_DATA_DIR is not set, or holds no an4")
    dataset = load_dataset("an4_speakers")
    testing.check_dataset(dataset)
    divided = dataset.with_validation(fraction=0.14, seed=0)
    counts = {name: (len(s), len(set(s.columns["group"]))) for name, s in divided.splits.items()}
    assert counts["test"] == (130, 10)
    assert counts["train"][0] + counts["validation"][0] == 948
    assert counts["train"][1] + counts["validation"][1] == 74
    speakers = [set(split.columns["group"]) for split in divided.splits.values()]
    assert not set.intersection(*speakers) and len(set.union(*speakers)) == 84
    clip = dataset.splits["train"][0]["audio"]
    assert clip.dtype == np.float32 and len(clip) == pytest.approx(16_000, abs=200)
