"""`zoo data` on texts, sounds and tables of one's own: what it shows, checks and refuses."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from shell import DIGITS

from zoo.columns.readers.audio import write_wav

REVIEWS = "".join(f"It was {'good' if i % 2 else 'bad'}: {i}\t{i % 2}\n" for i in range(20))


@pytest.fixture
def reviews(in_tmp):
    """Twenty reviews of two classes in a table."""
    (in_tmp / "reviews.tsv").write_text("review\tstars\n" + REVIEWS)
    return in_tmp / "reviews.tsv"


@pytest.fixture
def words(in_tmp):
    """Recordings of two words by three speakers: words/yes/yes_ann_0.wav."""
    generator = np.random.default_rng(0)
    for word in ("yes", "no"):
        for speaker in ("ann", "ben", "eva"):
            for take in range(2):
                path = in_tmp / "words" / word / f"{word}_{speaker}_{take}.wav"
                path.parent.mkdir(parents=True, exist_ok=True)
                audio = np.cumsum(generator.normal(size=2000)) / 100
                write_wav(path, 0.5 * audio / np.abs(audio).max(), sample_rate_hz=8000)
    return in_tmp / "words"


def test_texts_are_shown_as_lines(zoo, reviews, in_tmp):
    outcome = zoo("data", "./reviews.tsv", "text_column=review", "label_column=stars")
    assert outcome.code == 0, outcome.err
    rows = [line.split() for line in outcome.out.splitlines()]
    assert ["class", "train", "test"] in rows
    assert ["0", "8", "2"] in rows
    assert any(row[:1] == ["characters"] for row in rows)
    assert sum("It was good: " in line for line in outcome.out.splitlines()) == 2
    assert "licence: not stated" in outcome.out
    assert [path.name for path in in_tmp.iterdir()] == ["reviews.tsv"]  # no picture of texts


def test_json_holds_the_same_facts(zoo, reviews):
    facts = zoo(
        "data", "reviews.tsv", "text_column=review", "label_column=stars", "--json", "--check"
    ).document
    assert facts["columns"] == {"text": "text", "label": "label"}
    assert facts["counts"] == {"train": [8, 8], "test": [2, 2]}
    characters = sum(len(line.partition("\t")[0]) for line in REVIEWS.splitlines())
    assert sum(size["characters"] for size in facts["sizes"].values()) == characters
    assert [name for name, _ in facts["samples"]] == ["0", "0", "1", "1"]
    found = {item["check"] for item in facts["checks"]["findings"]}
    assert found == {"near_duplicates_across_splits"}  # numbers alone tell the reviews apart


def test_sounds_are_shown_with_their_rate_and_a_picture(zoo, words, in_tmp):
    pattern = "group_pattern=^[^_]+_([^_]+)_"
    outcome = zoo("data", "./words", pattern, "--check")
    assert outcome.code == 0, outcome.out + outcome.err
    rows = [line.split() for line in outcome.out.splitlines()]
    assert ["all", "8", "4"] in rows
    assert ["seconds", "2.0", "1.0"] in rows
    assert ["groups", "2", "1"] in rows
    assert "sample rate 8000 Hz" in outcome.out
    with Image.open(in_tmp / "zoo-data-words.png") as picture:
        assert np.asarray(picture.convert("L")).std() > 20
    facts = zoo("data", "./words", pattern, "--json").document
    assert facts["sample_rate_hz"] == 8000
    assert facts["sizes"]["test"] == {"seconds": 1.0, "groups": 1}


def test_plain_texts_are_shown_without_classes(zoo, in_tmp):
    (in_tmp / "book.txt").write_text("It was a bright cold day.\n" * 50)
    outcome = zoo("data", "./book.txt", "--check")
    assert outcome.code == 1  # every line of the test part is in train too
    rows = [line.split() for line in outcome.out.splitlines()]
    assert ["train", "validation", "test"] in rows
    assert ["all", "1", "1", "1"] in rows
    assert ["characters", "1040", "130", "130"] in rows
    assert "sequences of 13 words" in outcome.out
    facts = zoo("data", "./book.txt", "--json").document
    assert facts["classes"] == []
    assert facts["counts"] == {"train": [1], "validation": [1], "test": [1]}


def test_check_finds_what_is_wrong_with_sounds(zoo, words):
    for split in ("train", "test"):
        shutil.copytree(words, words.parent / "split" / split)
    (words.parent / "split" / "train" / "no" / "cut.wav").write_bytes(b"RIFF")
    quiet = words.parent / "split" / "train" / "no" / "quiet.wav"
    write_wav(quiet, np.zeros(16000), sample_rate_hz=16000)
    outcome = zoo("data", "./split", "--check", "--json", "group_pattern=_?([a-z]+)")
    assert outcome.code == 1
    found = {item["check"]: item for item in outcome.document["checks"]["findings"]}
    assert found["duplicates_across_splits"]["severity"] == "error"
    assert found["skipped"]["severity"] == "error"
    assert "cut.wav" in found["skipped"]["examples"][0]
    assert found["silent"]["examples"] == ["train train/no/quiet.wav"]
    assert found["mixed_rates"]["count"] == 1  # of 25; the rate of the others was taken
    assert found["groups_across_splits"]["examples"] == ["no", "yes"]


def test_where_knows_files_and_archives(zoo, reviews):
    assert "a file on this machine" in zoo("data", "./reviews.tsv", "--where").out
    assert "ZOO_DATA_DIR" in zoo("data", "mr_polarity", "--where").out


TABLES = {
    "no column": ("Text,label\na,1\n", "no column 'text'", "set text_column=Text"),
    "ragged": ("text,label\na,1,2\n", "line 2 has 3 field(s)", "fix or remove the row"),
    "no text": ("text,label\na,1\n,1\n", "line 3 has no text", "--skip-corrupt"),
    "no label": ("text,label\na,\n", "line 2 has no label", "--skip-corrupt"),
    "one class": ("text,label\na,1\nb,1\n", "only one class: 1", "label_column"),
    "NUL": ("text,label\na\0,1\n", "line 2 holds a NUL character", "UTF-8"),
    "open quote": ('text,label\n"a,1\nb,2\n', "lines 2 to 3 cannot be read as CSV", "remove"),
    "huge field": ("text,label\n" + "x" * 200_000 + ",1\n", "131,072 characters", ".jsonl"),
    "no names": ("1,it is a\n2,it is b\n", "looks like data (1, it is a)", "column_1"),
    "encoding": (b"text,label\ncaf\xe9,1\n", "line 2 is not utf-8: byte 0xe9", "encoding=cp1252"),
    "rare": ("text,label\na,1\nb,1\nc,2\n", "Class 2 has 1 example", "add examples"),
    "empty": ("", "is empty", "fill it"),
}


@pytest.mark.parametrize(("content", "problem", "fix"), TABLES.values(), ids=TABLES)
def test_bad_tables_end_in_one_screen(refused, in_tmp, content, problem, fix):
    data = content if isinstance(content, bytes) else content.encode()
    (in_tmp / "bad.csv").write_bytes(data)
    message = refused("data", "./bad.csv")
    assert problem in message
    assert fix in message
    assert max(map(len, message.splitlines())) < 300


@pytest.mark.parametrize("weight", ["-2", "", "some"])
def test_a_weight_that_is_none_ends_in_one_screen(refused, in_tmp, weight):
    (in_tmp / "bad.csv").write_text(f"text,label,trust\na,1,2\nb,2,{weight}\n")
    message = refused("data", "./bad.csv", "weight_column=trust")
    assert "bad.csv, line 3" in message and "weight" in message


def test_missing_files_are_counted_on_one_screen(refused, in_tmp):
    rows = "".join(f"{i}.png,{i % 2}\n" for i in range(50))
    (in_tmp / "bad.csv").write_text(f"path,label\n{rows}")
    message = refused("data", "./bad.csv", "file_column=path")
    assert "None of the 50 files" in message and "and 47 more" in message


def test_numbers_as_labels_end_in_one_screen(refused, in_tmp):
    rows = "".join(f"text {i},{i * 0.37:.2f}\n" for i in range(50))
    (in_tmp / "bad.csv").write_text(f"text,label\n{rows}")
    message = refused("data", "./bad.csv")
    assert "task.name=regression" in message and "target_column" in message


def test_bad_json_lines_end_in_one_screen(refused, in_tmp):
    (in_tmp / "bad.jsonl").write_text('{"text": "a", "label": 1}\n{"text": 1}\n')
    assert "line 2 holds int instead of text" in refused("data", "bad.jsonl")
    (in_tmp / "bad.jsonl").write_text("text,label\n")
    assert "line 1 is not JSON" in refused("data", "bad.jsonl")


def test_rows_that_are_left_out_are_counted(zoo, reviews):
    with reviews.open("a") as file:
        file.write("no label\n\t1\n")
    columns = ("text_column=review", "label_column=stars")
    outcome = zoo("data", "./reviews.tsv", *columns, "--skip-corrupt")
    assert outcome.code == 0, outcome.err
    assert "2 file(s) or row(s) that cannot be used were left out" in outcome.out
    assert "line 22" in outcome.out
    assert zoo("data", "./reviews.tsv", *columns, "--check").code == 1


def test_wrong_arguments_name_the_right_ones(refused, reviews, words):
    assert "nearest: text_column" in refused("data", "reviews.tsv", "txt_column=review")
    assert "is not an override" in refused("data", "reviews.tsv", "review")
    assert "--help" in refused("data", "reviews.tsv", "download=true")
    assert "nearest: cp1252" in refused("data", "reviews.tsv", "encoding=cp1522")
    assert "not the name of a column" in refused("data", "reviews.tsv", "text_column=[review]")
    assert "encoding applies to texts" in refused("data", "./words", "encoding=cp1252")
    assert "has no group" in refused("data", "./words", "group_pattern=_[a-z]+_")
    assert "finds no group in the name of" in refused("data", "./words", "group_pattern=(ann)")
    assert "There are 1 group(s)" in refused("data", "./words", "group_pattern=(w)av")
    assert "no argument 'fold'" in refused("data", "digits", "fold=1")
    columns = ("text_column=review", "label_column=stars")
    assert "nothing to draw" in refused("data", "reviews.tsv", *columns, "--picture", "a.png")


def test_a_folder_that_is_all_test_is_not_shown(refused, photos):
    assert "has no train split" in refused("data", photos, "test_fraction=1")


def test_folders_that_hold_no_data_set_are_explained(refused, words, in_tmp):
    (words / "yes" / "photo.png").write_bytes(b"")
    assert "1 images and 12 sounds" in refused("data", "./words")
    (words / "yes" / "photo.png").unlink()
    (words / "no" / "cut.wav").write_bytes((words / "no" / "no_ann_0.wav").read_bytes()[:900])
    message = refused("data", "./words")
    assert "cut.wav is damaged or cut short" in message
    assert "--skip-corrupt" in message
    (in_tmp / "tables").mkdir()
    (in_tmp / "tables" / "reviews.csv").write_text("text,label\n")
    assert "no train.csv" in refused("data", "./tables")
    (in_tmp / "short.txt").write_text("too short")
    assert "too short to be divided" in refused("data", "./short.txt")
    (in_tmp / "a.xlsx").write_bytes(b"PK")
    assert "holds no data set" in refused("data", "./a.xlsx")
    assert "There is no file" in refused("data", "./none.csv")
    assert "There is no folder" in refused("data", "./none")


def test_a_table_that_a_recipe_names_is_refused_in_the_same_words(refused, reviews):
    message = refused("train", DIGITS, "data.name=./reviews.tsv")
    assert "data.arguments.text_column" in message


def test_any_folder_of_yours_ends_in_facts_or_one_screen(zoo, in_tmp):
    """A few shapes that folders take by accident."""
    shapes = {
        "nested": {"a/b/c.wav": b"RIFF"},
        "flat": {"train/a.wav": b"RIFF", "test/b.wav": b"RIFF"},
        "nothing": {"notes.md": b"about"},
        "split": {"train/a/x.txt": b"x", "train/b/y.txt": b"y", "test/a/z.txt": b"z"},
        "odd": {"a/x.csv": b"text,label", "b/y.csv": b"text,label"},
        "both": {"train.csv": b"text,label\na,1\nb,2\n", "pictures/a.png": b"", "b/c.png": b""},
    }
    for name, files in shapes.items():
        for path, content in files.items():
            target = Path(in_tmp / name / path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        outcome = zoo("data", f"./{name}", "--json")
        assert outcome.code == 2, name
        assert outcome.err.startswith("error: "), json.dumps(name)
        assert "to fix:" in outcome.err
