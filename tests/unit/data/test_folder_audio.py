"""Folders of sounds and texts by class, and of plain texts without classes."""

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.columns import Audio, Group, Text
from zoo.columns.readers import formats
from zoo.columns.readers.audio import write_wav
from zoo.data import documents, kinds, table
from zoo.data.folder import load
from zoo.errors import ArgumentError, DataError

BY_SPEAKER = r"^[^_]+_([^_]+)_"


def tone(frequency_hz: float, *, seconds: float = 0.1, rate: int = 8000) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * frequency_hz * np.arange(round(seconds * rate)) / rate)


def record(folder: Path, word: str, *, speakers: str = "abcde", takes: int = 2) -> None:
    """Write WAV files named word_speaker_take.wav, each of its own frequency."""
    for i, speaker in enumerate(speakers):
        for take in range(takes):
            sound = tone(200 + 100 * i + 10 * take + 5 * len(word), seconds=0.1 + 0.01 * take)
            folder.mkdir(parents=True, exist_ok=True)
            write_wav(folder / f"{word}_{speaker}_{take}.wav", sound, sample_rate_hz=8000)


@pytest.fixture
def words(tmp_path: Path) -> Path:
    for word in ("yes", "no"):
        record(tmp_path / word, word)
    return tmp_path


@pytest.fixture
def essays(tmp_path: Path) -> Path:
    for name in ("neg", "pos"):
        for i in range(5):
            path = tmp_path / name / f"{i}.txt"
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"  {name} essay {i}\nin two lines\n", encoding="utf-8")
    return tmp_path


def test_sounds_by_class_are_decoded_at_their_rate(words: Path) -> None:
    dataset = load(words)
    assert dataset.classes == ("no", "yes")
    assert dataset.counts() == {"train": [8, 8], "test": [2, 2]}
    assert dataset.features["audio"] == Audio(8000)
    for split in dataset.splits.values():
        for i, example in enumerate(split):
            audio = example["audio"]
            assert audio.dtype == np.float32
            stored, _ = soundfile.read(words / split.name_of(i), dtype="float32")
            np.testing.assert_array_equal(audio, stored)
            assert split.name_of(i).startswith(dataset.classes[example["label"]])


def test_split_folders_flac_and_ogg(words: Path, tmp_path: Path) -> None:
    for i, split in enumerate(("train", "val", "test")):
        for word in ("yes", "no"):
            folder = tmp_path / "sets" / split / word
            folder.mkdir(parents=True)
            for suffix in ("FLAC", "ogg"):
                soundfile.write(folder / f"{i}.{suffix}", tone(300), 8000, format=suffix.upper())
    dataset = load(tmp_path / "sets")
    assert dataset.counts() == {"train": [2, 2], "validation": [2, 2], "test": [2, 2]}
    assert dataset.notes == ()


def test_sounds_too_large_for_memory_are_decoded_when_asked_for(
    words: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = load(words)
    size = 4 * sum(len(e["audio"]) for split in whole.splits.values() for e in split)
    monkeypatch.setattr(kinds, "ARRAY_LIMIT_BYTES", size - 1)
    lazy = load(words)
    assert all(isinstance(value, Path) for value in lazy.splits["train"].columns["audio"])
    for one, other in zip(whole.splits["train"], lazy.splits["train"], strict=True):
        np.testing.assert_array_equal(one["audio"], other["audio"])


def test_a_stray_rate_is_resampled_to_that_of_the_others_and_said(words: Path) -> None:
    write_wav(words / "no" / "high.wav", tone(300, rate=16000), sample_rate_hz=16000)
    dataset = load(words)
    assert dataset.features["audio"].sample_rate_hz == 8000
    assert dataset.notes[0] == (
        "Sample rates differ (20 at 8,000 Hz, 1 at 16,000 Hz); 1 was resampled to 8,000 Hz, the "
        "most frequent."
    )
    lengths = {len(e["audio"]) for split in dataset.splits.values() for e in split}
    assert lengths == {800, 880}


def test_of_equally_many_rates_the_higher_is_taken(words: Path) -> None:
    for i in range(20):
        write_wav(words / "no" / f"h{i}.wav", tone(300 + i, rate=16000), sample_rate_hz=16000)
    assert load(words).features["audio"].sample_rate_hz == 16000


@pytest.mark.parametrize("suffix", formats.SOUNDS)
def test_every_kind_of_sound_is_taken(words: Path, suffix: str) -> None:
    kinds_of = {".oga": "OGG", ".opus": "OGG", ".aif": "AIFF", ".aifc": "AIFF"}
    kind = kinds_of.get(suffix, suffix[1:].upper())
    path = words / "no" / f"more{suffix}"
    subtype = "OPUS" if suffix == ".opus" else None
    soundfile.write(path, tone(300), 8000, format=kind, subtype=subtype)
    assert len(load(words).splits["train"]) + len(load(words).splits["test"]) == 21


def test_sounds_and_texts_below_their_class_are_taken(words: Path) -> None:
    record(words / "no" / "monday", "no", speakers="fg")
    assert sum(map(len, load(words).splits.values())) == 24
    for path in [*words.rglob("*.wav")]:
        path.with_suffix(".txt").write_text(f"what {path.name} says")
        path.unlink()
    assert sum(map(len, load(words).splits.values())) == 24


def test_no_speaker_is_on_both_sides(words: Path) -> None:
    dataset = load(words, group_pattern=BY_SPEAKER)
    assert dataset.features["group"] == Group()
    sides = [set(split.columns["group"]) for split in dataset.splits.values()]
    assert sides[0] | sides[1] == set("abcde")
    assert not sides[0] & sides[1]
    divided = dataset.with_validation(fraction=0.25, seed=1)
    assert sorted(len(set(s.columns["group"])) for s in divided.splits.values()) == [1, 1, 3]
    assert {load(words, group_pattern=BY_SPEAKER, seed=s).fingerprint for s in range(3)} != {
        dataset.fingerprint
    }


def test_group_patterns_that_find_nothing_are_explained(words: Path) -> None:
    with pytest.raises(ArgumentError, match=r"not a regular expression(?s:.*)such as"):
        load(words, group_pattern="(")
    with pytest.raises(ArgumentError, match="has no group"):
        load(words, group_pattern="_[a-z]_")
    with pytest.raises(DataError, match=r"finds no group in the name of no/no_c_0\.wav"):
        load(words, group_pattern=r"_([ab])_")
    with pytest.raises(DataError, match=r"There are 1 group\(s\) for 2 splits"):
        load(words, group_pattern=r"(\.)wav")


def test_mixed_kinds_are_refused_but_texts_beside_sounds_are_left_out(words: Path) -> None:
    (words / "no" / "about.txt").write_text("recorded at home")
    (words / "no" / "plan.m4a").write_bytes(b"ID3")
    dataset = load(words)
    assert dataset.notes[0] == (
        "2 file(s) that are not sounds were left out: no/about.txt, no/plan.m4a."
    )
    (words / "no" / "wave.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"1 images and 20 sounds, such as .*wave\.png"):
        load(words)


def test_a_class_of_other_files_only_is_named(words: Path) -> None:
    (words / "maybe").mkdir()
    (words / "maybe" / "a.m4a").write_bytes(b"ID3")
    with pytest.raises(DataError, match=r"no sounds in .*maybe, only a\.m4a(?s:.*)\.flac, \.ogg"):
        load(words)
    for word in ("yes", "no"):
        shutil.rmtree(words / word)
        (words / word).mkdir()
    with pytest.raises(DataError, match=r"no images, sounds or texts in .*maybe, only a\.m4a"):
        load(words)


@pytest.mark.parametrize(
    ("content", "words_of_it"),
    [(b"", "is empty"), (b"not a sound", "is not audio"), (None, "cut short")],
)
def test_a_sound_that_cannot_be_read_is_named_and_may_be_left_out(
    words: Path, content: bytes | None, words_of_it: str
) -> None:
    bad = words / "yes" / "bad.wav"
    buffer = io.BytesIO()
    soundfile.write(buffer, tone(300), 8000, format="WAV")
    bad.write_bytes(buffer.getvalue()[:-400] if content is None else content)
    with pytest.raises(DataError, match=r"yes/bad\.wav (?s:.*)--skip-corrupt") as caught:
        load(words)
    assert words_of_it in caught.value.problem
    dataset = load(words, skip_corrupt=True)
    assert dataset.skipped == (str(bad),)
    assert sum(dataset.counts()["train"] + dataset.counts()["test"]) == 20


def test_texts_by_class_are_one_document_a_file(essays: Path) -> None:
    dataset = load(essays)
    assert dataset.classes == ("neg", "pos")
    assert dataset.features["text"] == Text()
    assert dataset.counts() == {"train": [4, 4], "test": [1, 1]}
    found = {e["text"] for split in dataset.splits.values() for e in split}
    assert found == {
        f"{name} essay {i}\nin two lines" for name in dataset.classes for i in range(5)
    }
    (essays / "neg" / "empty.txt").write_text(" \n")
    with pytest.raises(DataError, match=r"neg/empty\.txt is empty"):
        load(essays)
    (essays / "neg" / "old.txt").write_bytes("é".encode("cp1252"))
    assert len(load(essays, skip_corrupt=True).skipped) == 2
    (essays / "neg" / "empty.txt").unlink()
    assert load(essays, encoding="cp1252").counts()["train"] == [5, 4]


def test_arguments_for_other_data_are_refused(words: Path, tmp_path: Path) -> None:
    for arguments in (
        {"text_column": "review"},
        {"label_column": ""},
        {"group_column": "who"},
        {"encoding": "cp1252"},
    ):
        with pytest.raises(ArgumentError, match=next(iter(arguments))):
            load(words, **arguments)
    (tmp_path / "table").mkdir()
    (tmp_path / "table" / "train.csv").write_text("text,label\n" + "a,1\nb,2\n" * 3)
    assert load(tmp_path / "table").source == "table"
    with pytest.raises(ArgumentError, match="group_pattern"):
        load(tmp_path / "table", group_pattern="(a)")
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "a.txt").write_text("a line\n" * 40)
    with pytest.raises(ArgumentError, match="text_column does not apply to"):
        load(tmp_path / "plain", text_column="review")
    with pytest.raises(ArgumentError, match="plain text, which has no columns"):
        table.load(tmp_path / "plain" / "a.txt", group_column="who")


def test_files_in_split_folders_without_classes_are_explained(tmp_path: Path) -> None:
    record(tmp_path / "train", "yes")
    record(tmp_path / "test", "no")
    with pytest.raises(DataError, match="test, train with files in them, but no class folders"):
        load(tmp_path)


LINES = st.lists(st.text("ab c", min_size=1, max_size=30), min_size=20, max_size=60)


@settings(max_examples=25, deadline=None)
@given(LINES, st.sampled_from([0.1, 0.2, 0.5]))
def test_one_text_is_divided_by_position_and_nothing_is_lost(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], test_fraction: float
) -> None:
    text = "".join(f"{line}.\n" for line in lines) + "end of the text.\n" * 10
    path = tmp_path_factory.mktemp("one") / "book.txt"
    path.write_text(text, encoding="utf-8")
    dataset = table.load(path, test_fraction=test_fraction)
    assert dataset.classes == ()
    assert list(dataset.splits) == ["train", "validation", "test"]
    parts = [split[0]["text"] for split in dataset.splits.values()]
    assert "".join(parts) == text
    assert all(part[-1] in "\n " for part in parts)
    assert abs(len(parts[0]) / len(text) - (1 - test_fraction)) < 0.15
    assert "by position" in dataset.notes[0]


def test_a_text_on_one_line_is_divided_between_words(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("word " * 200)
    parts = [split[0]["text"] for split in table.load(path).splits.values()]
    assert all(part.startswith("word") for part in parts)
    path.write_text("x" * 1000)
    assert [len(s[0]["text"]) for s in table.load(path).splits.values()] == [800, 100, 100]


def test_many_texts_are_divided_by_whole_files(tmp_path: Path) -> None:
    for i in range(10):
        (tmp_path / f"{i}.txt").write_text(f"story {i}")
    (tmp_path / "about.md").write_text("no story")
    dataset = load(tmp_path)
    assert dataset.counts() == {"train": [8], "validation": [1], "test": [1]}
    assert dataset.notes[0] == "Ignored: about.md."
    found = {e["text"] for split in dataset.splits.values() for e in split}
    assert found == {f"story {i}" for i in range(10)}
    assert len({load(tmp_path, seed=seed).fingerprint for seed in range(5)}) > 1
    (tmp_path / "3.txt").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(DataError, match=r"3\.txt, line 1 is not utf-16"):
        load(tmp_path)
    assert load(tmp_path, skip_corrupt=True).skipped == (str(tmp_path / "3.txt"),)


def test_texts_named_after_splits_are_these_splits(tmp_path: Path) -> None:
    for name in ("train", "valid", "test"):
        (tmp_path / f"{name}.txt").write_text(f"{name} text, and more of it\n" * 10)
    dataset = load(tmp_path)
    assert [s[0]["text"].split()[0] for s in dataset.splits.values()] == ["train", "valid", "test"]
    assert dataset.splits["validation"].name_of(0) == "valid.txt"
    (tmp_path / "valid.txt").unlink()
    dataset = load(tmp_path)
    assert dataset.splits["validation"][0]["text"].startswith("train text")
    assert "Validation was cut" in dataset.notes[0]
    (tmp_path / "test.txt").rename(tmp_path / "validation.txt")
    dataset = load(tmp_path)
    assert dataset.splits["test"][0]["text"].startswith("test text")
    assert dataset.with_validation(fraction=0.1, seed=0) is dataset


def test_folders_named_after_splits_hold_documents(tmp_path: Path) -> None:
    for name, count in (("train", 4), ("validation", 1), ("test", 2)):
        (tmp_path / name).mkdir()
        for i in range(count):
            (tmp_path / name / f"{i}.txt").write_text(f"{name} {i}")
    dataset = load(tmp_path)
    assert dataset.counts() == {"train": [4], "validation": [1], "test": [2]}
    assert dataset.splits["test"].name_of(1) == "test/1.txt"


def test_too_little_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("short")
    for place in (tmp_path, tmp_path / "a.txt"):
        with pytest.raises(DataError, match="too short to be divided: 5 characters"):
            documents.load(place)
    (tmp_path / "b.txt").write_text("short")
    with pytest.raises(DataError, match=r"holds 2 texts(?s:.*)train\.txt and test\.txt"):
        load(tmp_path)
    (tmp_path / "a.txt").write_bytes(b"\xff")
    (tmp_path / "b.txt").write_bytes(b"\xff")
    with pytest.raises(DataError, match=r"No file of .* can be read"):
        load(tmp_path, skip_corrupt=True)
    with pytest.raises(DataError, match="There is no file"):
        load(tmp_path / "c.txt")
