"""Tables of texts: CSV, TSV, JSON Lines, and what is said of bad ones."""

import csv
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.columns import Group, Label, Text
from zoo.data.dataset import Dataset
from zoo.data.table import load
from zoo.errors import ArgumentError, DataError

ROWS = [("good, really", "pos"), ("bad", "neg"), ("fine", "pos"), ("poor", "neg")] * 3


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def csv_text(rows: list[tuple[str, ...]] = ROWS, header: str = "text,label") -> str:
    return "\n".join([header, *(",".join(f'"{value}"' for value in row) for row in rows)]) + "\n"


def pairs(dataset: Dataset) -> list[tuple[str, str]]:
    """All examples in order of text."""
    return sorted(
        (example["text"], dataset.classes[example["label"]])
        for split in dataset.splits.values()
        for example in split
    )


def test_a_csv_gives_texts_classes_and_a_drawn_test_split(tmp_path: Path) -> None:
    dataset = load(write(tmp_path / "a.csv", csv_text()))
    assert dataset.classes == ("neg", "pos")
    assert dataset.features == {"text": Text(), "label": Label()}
    assert dataset.counts() == {"train": [5, 5], "test": [1, 1]}
    assert pairs(dataset) == sorted(ROWS)
    assert dataset.source == "table"
    assert dataset.notes == ("The test split was drawn: stratified, 20%, seed 0.",)
    assert dataset.splits["train"].name_of(0) == "a.csv, line 2"
    assert load(tmp_path / "a.csv").fingerprint == dataset.fingerprint
    assert len({load(tmp_path / "a.csv", seed=seed).fingerprint for seed in range(4)}) > 1


FIELD = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\0\r"), min_size=1, max_size=20
).filter(lambda text: text.strip())


@settings(max_examples=25, deadline=None)
@given(st.lists(FIELD, min_size=4, max_size=8))
def test_whatever_pythons_own_writers_write_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    rows = [(text, "ab"[i % 2]) for i, text in enumerate(texts)]
    with (folder / "a.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label"), *rows])
    lines = [json.dumps({"text": text, "label": label}) for text, label in rows]
    (folder / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")
    wanted = sorted((text.strip(), label) for text, label in rows)
    assert pairs(load(folder / "a.csv")) == wanted
    assert pairs(load(folder / "a.jsonl")) == wanted


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", csv_text().encode("utf-8-sig")),
        ("a.csv", csv_text().encode("utf-16")),
        ("a.csv", csv_text().replace("\n", "\r\n").encode()),
        ("a.csv", csv_text().replace("\n", "\r").encode()),
        ("a.csv", "\n\n" + csv_text() + "\n,\n\n"),
        ("A.CSV", csv_text(header="text, label ")),
        ("a.csv", csv_text().replace('","', '";"').replace("text,", "text;")),
        ("a.tsv", "text\tlabel\n" + "".join(f"{text}\t{label}\n" for text, label in ROWS)),
        ("a.jsonl", "\n".join(json.dumps({"text": t, "label": c}) for t, c in ROWS) + "\n\n"),
    ],
    ids=["BOM", "UTF-16", "CRLF", "CR", "blank rows", "blanks", "semicolons", "TSV", "JSONL"],
)
def test_encodings_and_dialects_give_the_same_examples(
    tmp_path: Path, name: str, content: str | bytes
) -> None:
    assert pairs(load(write(tmp_path / name, content))) == sorted(ROWS)


def test_an_encoding_is_used_where_it_is_named(tmp_path: Path) -> None:
    text = csv_text([("Österreich", "a"), ("España", "b")] * 2).encode("cp1252")
    path = write(tmp_path / "a.csv", text)
    assert pairs(load(path, encoding="cp1252"))[-1] == ("Österreich", "a")
    with pytest.raises(DataError, match=r"a\.csv, line 2 is not utf-8: byte 0xd6") as caught:
        load(path)
    assert "encoding=cp1252" in caught.value.fix
    with pytest.raises(ArgumentError, match=r"no text encoding 'cp1522'(?s:.*)nearest: cp1252"):
        load(path, encoding="cp1522")


def test_quotes_in_a_tsv_are_part_of_the_text(tmp_path: Path) -> None:
    text = 'text\tlabel\n"so" it goes\ta\nsay "no\tb\n"so" it goes\ta\nsay "no\tb\n'
    found = {text for text, _ in pairs(load(write(tmp_path / "a.tsv", text)))}
    assert found == {'"so" it goes', 'say "no'}


def texts_in(path: Path) -> set[str]:
    return {text for text, _ in pairs(load(path))}


SPOKEN = ("a\ttab", 'say ""no""', "two\nlines", "", 'he said "no", and left', "plain", '5" disk')


@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_a_tsv_that_python_wrote_reads_as_it_was(tmp_path: Path, quoting: int) -> None:
    texts = [text for text in SPOKEN if text]
    with (tmp_path / "a.tsv").open("w", newline="") as file:
        writer = csv.writer(file, delimiter="\t", quoting=quoting)
        writer.writerow(["text", "label"])
        writer.writerows((text, label) for text in texts for label in "ab" * 2)
    assert texts_in(tmp_path / "a.tsv") == set(texts)


PLAIN = {
    "never closed": ['"hello', "bye"],
    "closed inside a field": ['"so" it goes', '"whole"'],
    "closed in another row": ['"hello', 'bye"'],
    "inside fields only": ['5" disk', 'say "no"'],
    "not doubled": ['"say "no" to it"', "bye"],
}


@pytest.mark.parametrize("name", PLAIN)
def test_one_stray_quote_makes_all_quotes_of_a_tsv_text(tmp_path: Path, name: str) -> None:
    lines = [f"{text}\t{label}" for label in "abab" for text in PLAIN[name]]
    path = write(tmp_path / "a.tsv", "\n".join(["text\tlabel", *lines]))
    assert texts_in(path) == set(PLAIN[name])


def test_a_row_with_too_many_fields_does_not_change_what_quotes_are(tmp_path: Path) -> None:
    good = '"a\ttab"\ta\n"two\nlines"\tb\n'
    path = write(tmp_path / "a.tsv", f"text\tlabel\n{good * 2}x\ty\tz\n")
    with pytest.raises(DataError, match="line 8 has 3 field") as caught:
        load(path)
    assert caught.value.expected == '"quotes" around text with a tab'
    found = load(path, skip_corrupt=True)
    assert {text for text, _ in pairs(found)} == {"a\ttab", "two\nlines"}


def test_whole_numbers_are_sorted_as_numbers_and_other_labels_as_text(tmp_path: Path) -> None:
    rows = [("x", label) for label in ("10", "9", "-1") * 2]
    assert load(write(tmp_path / "a.csv", csv_text(rows))).classes == ("-1", "9", "10")
    lines = [json.dumps({"text": "x", "label": label}) for label in (True, False, 3) * 2]
    assert load(write(tmp_path / "a.jsonl", "\n".join(lines))).classes == ("3", "false", "true")


def test_a_folder_holds_one_table_a_split(tmp_path: Path) -> None:
    write(tmp_path / "Train.csv", csv_text())
    write(tmp_path / "dev.jsonl", '{"label": "pos", "text": "yes"}')
    write(tmp_path / "test.tsv", "label\ttext\nneg\tno\npos\tyes\n")
    write(tmp_path / "README.md", "about")
    dataset = load(tmp_path)
    assert dataset.counts() == {"train": [6, 6], "validation": [0, 1], "test": [1, 1]}
    assert dataset.notes == ("Ignored: README.md.",)
    assert dataset.splits["test"][0] == {"text": "no", "label": 0}
    (tmp_path / "test.tsv").unlink()
    dataset = load(tmp_path)
    assert dataset.counts() == {"train": [6, 6], "test": [0, 1]}
    assert "validation is used as the test split" in dataset.notes[1]


def test_groups_are_not_divided(tmp_path: Path) -> None:
    rows = [(f"text {i}", "ab"[i % 2], f"author {i // 8}") for i in range(40)]
    path = write(tmp_path / "a.csv", csv_text(rows, "text,label,who"))
    dataset = load(path, group_column="who")
    assert dataset.features["group"] == Group()
    train, test = (set(dataset.splits[name].columns["group"]) for name in ("train", "test"))
    assert (len(train), len(test), train & test) == (4, 1, set())
    assert "1 of 5 groups, 8 examples" in dataset.notes[0]
    divided = dataset.with_validation(fraction=0.25, seed=0)
    assert [len(set(s.columns["group"])) for s in divided.splits.values()] == [3, 1, 1]
    one = write(tmp_path / "b.csv", csv_text([(*row[:2], "me") for row in rows], "text,label,who"))
    with pytest.raises(DataError, match=r"There are 1 group\(s\) for 2 splits"):
        load(one, group_column="who")


def test_a_table_without_labels_is_for_language_models(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.jsonl", "\n".join(json.dumps({"text": f"text {i}"}) for i in "abcde")
    )
    dataset = load(path, label_column="")
    assert dataset.classes == ()
    assert dataset.counts() == {"train": [4], "test": [1]}
    assert set(dataset.splits["train"].columns) == {"text"}
    with pytest.raises(DataError, match=r"has no column 'label'(?s:.*)label_column=''"):
        load(path)


@pytest.mark.parametrize(
    ("header", "arguments", "words"),
    [
        ("Text,label", {}, "set text_column=Text"),
        ("review,label", {"text_column": "reviews"}, "set text_column=review "),
        ("text,stars,date", {}, "names: text, stars, date"),
        ("text,label", {"group_column": "author"}, "no column 'author'"),
        ("great film,pos", {}, "its first line names: great film, pos"),
    ],
)
def test_a_missing_column_names_those_that_are_there(
    tmp_path: Path, header: str, arguments: dict[str, str], words: str
) -> None:
    rows = [("x",) * (header.count(",") + 1)] * 4
    with pytest.raises(DataError) as caught:
        load(write(tmp_path / "a.csv", csv_text(rows, header)), **arguments)
    assert words in str(caught.value)


def test_a_table_of_files_without_texts_is_asked_for_its_column_of_files(tmp_path: Path) -> None:
    rows = [(f"{name}.png", "pos") for name in "abcd"]
    with pytest.raises(DataError, match="set file_column=photo"):
        load(write(tmp_path / "a.csv", csv_text(rows, "photo,label")))


BAD_ROWS = {
    "a.csv": [
        ("one", "line 3 has 1 field(s), the first line 2"),
        ("one,two,three", "line 3 has 3 field(s)"),
        (",pos", "line 3 has no text"),
        ('"  ",pos', "line 3 has no text"),
        ("one,", "line 3 has no label"),
        ('"one"two,pos', "line 3 cannot be read as CSV"),
        ('"' + "x" * 140_000 + '",pos', "line 3 has a field of more than 131,072 characters"),
    ],
    "a.tsv": [("one", "line 3 has 1 field(s)"), ("a\tb\tc", "line 3 has 3 field(s)")],
    "a.jsonl": [
        ("{", "line 3 is not JSON"),
        ("[" * 100_000, "line 3 is not JSON (nested too deeply"),
        ('{"text": "x", "label": ' + "9" * 5000 + "}", "line 3 is not JSON"),
        ('["one", "pos"]', "line 3 holds no JSON object"),
        ('{"label": "pos"}', "line 3 has no text"),
        ('{"text": "one", "label": null}', "line 3 has no label"),
        ('{"text": 7, "label": "pos"}', "line 3 holds int instead of text"),
        ('{"text": "one", "label": NaN}', "line 3 has no label"),
        ('{"text": "one", "label": ["pos"]}', "line 3 holds list instead of text"),
        ('{"text": "\\ud83d", "label": "pos"}', "line 3 holds half a character"),
    ],
}
FORMS = {"a.csv": "{},{}", "a.tsv": "{}\t{}", "a.jsonl": '{{"text": "{}", "label": "{}"}}'}


@pytest.mark.parametrize(
    ("name", "row", "words"),
    [(name, row, words) for name, rows in BAD_ROWS.items() for row, words in rows],
    ids=lambda value: value[:30],
)
def test_a_bad_row_is_named_by_its_line_and_may_be_left_out(
    tmp_path: Path, name: str, row: str, words: str
) -> None:
    sound = [FORMS[name].format(text, label) for text, label in [("a", "pos"), ("b", "neg")] * 2]
    header = [] if name == "a.jsonl" else [FORMS[name].format("text", "label")]
    before = 2 if not header else 1
    lines = [*header, *sound[:before], row, *sound[before:]]
    path = write(tmp_path / name, "\n".join(lines))
    with pytest.raises(DataError) as caught:
        load(path)
    assert f"{name}, {words}" in caught.value.problem
    assert "--skip-corrupt" in caught.value.fix
    dataset = load(path, skip_corrupt=True)
    assert dataset.skipped == (f"{path}, line 3",)
    assert [text for text, _ in pairs(dataset)] == ["a", "a", "b", "b"]


def test_a_quote_that_is_never_closed_swallows_nothing_in_silence(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", csv_text(ROWS) + '"so,pos\nlost,neg\nlost,pos\n')
    with pytest.raises(DataError, match=r"lines 14 to 16 cannot be read as CSV(?s:.*)closed"):
        load(path)
    dataset = load(path, skip_corrupt=True)
    assert dataset.skipped == (f"{path}, lines 14 to 16",)
    assert pairs(dataset) == sorted(ROWS)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"", "a.csv is empty"),
        ("a.csv", b"\xef\xbb\xbf\n", "a.csv is empty"),
        ("a.csv", "text,label\n", "a first line, but no rows"),
        ("a.csv", "text,text\na,b\n", "names the column 'text' twice"),
        ("a.csv", "text,label\na,\0\n", "line 2 holds a NUL character"),
        ("a.csv", csv_text().encode("utf-16-le"), "line 1 holds a NUL character"),
        ("a.csv", csv_text([("a", "x")] * 4), "only one class: x"),
        ("a.csv", csv_text([("a", "x"), ("b", "x"), ("c", "y")]), "Class y has 1 example"),
        ("a.csv", "text,label\na,\nb\n", "No row of "),
        ("a.jsonl", "{}\n", "line 1 holds no JSON object"),
        ("a.xlsx", b"PK", "a.xlsx is a file that holds no data set"),
        ("a.png", b"", "a.png is a file that holds no data set"),
    ],
)
def test_a_table_without_usable_examples_is_refused(
    tmp_path: Path, name: str, content: str | bytes, words: str
) -> None:
    with pytest.raises(DataError) as caught:
        load(write(tmp_path / name, content), skip_corrupt=True)
    assert words in caught.value.problem
    assert caught.value.fix


def test_splits_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "reviews.csv", csv_text())
    with pytest.raises(DataError, match=r"holds reviews\.csv, but no train\.csv(?s:.*)the file it"):
        load(tmp_path)
    write(tmp_path / "train.csv", csv_text())
    write(tmp_path / "test.csv", csv_text([("a", "meh"), ("b", "pos")]))
    with pytest.raises(DataError, match=r"test\.csv has the class\(es\) meh, which .*train\.csv l"):
        load(tmp_path)
    write(tmp_path / "test.jsonl", "{}")
    with pytest.raises(DataError, match="both the test split"):
        load(tmp_path)
    with pytest.raises(DataError, match="There is no file"):
        load(tmp_path / "none.csv")


def test_odd_arguments_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", csv_text())
    for arguments in (
        {"text_column": ""},
        {"text_column": True},
        {"label_column": ["label"]},
        {"test_fraction": 1.01},
        {"test_fraction": "half"},
    ):
        with pytest.raises(ArgumentError):
            load(path, **arguments)
    assert load(write(tmp_path / "b.csv", csv_text(header="text,3")), label_column=3).classes


def with_splits(*values: str) -> str:
    rows = [(f"text {i}", "ab"[i // 2 % 2], value) for i, value in enumerate(values)]
    return csv_text(rows, "text,label,split")


NAMED = ["train", "Train ", "training", "train", "validation", "dev", "val", "valid"]


def test_a_column_that_names_splits_is_used_and_said(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", with_splits(*NAMED, "test", "TEST", "testing", "test"))
    dataset = load(path)
    assert dataset.counts() == {"train": [2, 2], "validation": [2, 2], "test": [2, 2]}
    assert dataset.splits["test"].columns["text"] == [f"text {i}" for i in range(8, 12)]
    assert dataset.splits["test"].name_of(0) == "a.csv, line 10"
    assert dataset.features.keys() == {"text", "label"}
    assert dataset.notes == (
        "The splits are those of the column split: 4 train, 4 validation, 4 test.",
    )
    drawn = load(path, split_column="")
    assert "drawn" in drawn.notes[0]
    assert set(drawn.splits) == {"train", "test"}
    assert load(path, split_column="split").fingerprint == dataset.fingerprint


def test_a_column_of_another_name_names_splits_where_it_is_asked_to(tmp_path: Path) -> None:
    content = with_splits(*["train"] * 4, *["test"] * 4).replace("label,split", "label,part")
    path = write(tmp_path / "a.csv", content)
    assert load(path, split_column="part").counts() == {"train": [2, 2], "test": [2, 2]}
    assert "drawn" in load(path).notes[0]
    with pytest.raises(DataError, match=r"no column 'parts'(?s:.*)set split_column=part "):
        load(path, split_column="parts")


def test_a_column_called_split_that_names_none_is_said_not_to_be_used(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", with_splits(*["x", "y"] * 6))
    assert load(path).notes[0] == (
        "The column split is not used: it holds x, y, not train, validation or test."
    )
    with pytest.raises(DataError, match=r"line 2 has 'x' in the column split"):
        load(path, split_column="split")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (["train"] * 4 + ["tets"] * 4, "line 6 has 'tets' in the column split"),
        (["train"] * 4 + [""] + ["test"] * 4, "line 6 has '' in the column split"),
        (["test"] * 8, "no row has train in the column split, only test"),
    ],
)
def test_splits_that_are_named_in_part_are_refused(
    tmp_path: Path, values: list[str], words: str
) -> None:
    with pytest.raises(DataError) as caught:
        load(write(tmp_path / "a.csv", with_splits(*values)))
    assert words in caught.value.problem
    assert "split_column=''" in caught.value.fix


def test_files_name_splits_before_columns_do(tmp_path: Path) -> None:
    write(tmp_path / "train.csv", with_splits(*["train", "test"] * 4))
    write(tmp_path / "test.csv", with_splits(*["train", "test"] * 4))
    dataset = load(tmp_path)
    assert dataset.counts() == {"train": [4, 4], "test": [4, 4]}
    assert "column split is not used, since the files name the splits" in dataset.notes[0]
    with pytest.raises(ArgumentError, match="applies to one table"):
        load(tmp_path, split_column="split")


@pytest.mark.parametrize(
    "values",
    [
        [f"{i / 7:.2f}" for i in range(60)],
        [f"{i / 7:.2f}".replace(".", ",") for i in range(60)],
        [str(i * i) for i in range(60)],
        [f"{i % 40 / 8}" for i in range(200)],
        [f"{i}e3" for i in range(40)],
    ],
    ids=["fractions", "decimal commas", "whole", "repeated", "exponents"],
)
def test_numbers_to_predict_do_not_become_classes(tmp_path: Path, values: list[str]) -> None:
    path = write(tmp_path / "a.csv", csv_text([("x", value) for value in values]))
    with pytest.raises(DataError) as caught:
        load(path)
    assert "look like numbers to predict" in caught.value.problem
    assert f"{len(set(values))} different values in {len(values)} rows" in caught.value.problem
    assert "label_column=" in caught.value.fix


def test_numbers_to_predict_are_seen_in_json_too(tmp_path: Path) -> None:
    lines = [json.dumps({"text": "x", "label": i / 7}) for i in range(60)]
    with pytest.raises(DataError, match="look like numbers to predict"):
        load(write(tmp_path / "a.jsonl", "\n".join(lines)))
    lines = [json.dumps({"text": f"text {i}", "label": i % 3 / 2}) for i in range(60)]
    assert load(write(tmp_path / "a.jsonl", "\n".join(lines))).classes == ("0.0", "0.5", "1.0")


@pytest.mark.parametrize(
    "values",
    [
        ["0", "1"],
        ["1", "2", "3", "4", "5"],
        [f"{i / 2}" for i in range(1, 11)],  # stars by halves
        [str(year) for year in range(1990, 2020)],
        ["1.0", "2.0", "n/a"],
    ],
)
def test_few_numbers_are_classes(tmp_path: Path, values: list[str]) -> None:
    rows = [(f"text {i}", value) for i, value in enumerate(values * 10)]
    assert len(load(write(tmp_path / "a.csv", csv_text(rows))).classes) == len(values)


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        ([("so dull that I left before the end", "bad"), *ROWS], "text, label"),
        ([("dull", "neg"), *ROWS], "text, label"),
        ([("1", "dull film"), ("0", "fine film"), ("1", "poor film")], "label, text"),
        (
            [("7", "neg", "dull"), ("8", "pos", "it is fine"), ("9", "neg", "poor")],
            "column_1, label, text",
        ),
    ],
)
def test_a_table_without_a_header_is_told_so(
    tmp_path: Path, rows: list[tuple[str, ...]], names: str
) -> None:
    content = csv_text(rows[1:] * 3, ",".join(f'"{value}"' for value in rows[0]))
    with pytest.raises(DataError) as caught:
        load(write(tmp_path / "a.csv", content))
    assert "looks like data" in caught.value.problem
    assert "does the file have a header?" in caught.value.problem
    assert caught.value.fix.endswith(names)


def test_a_good_table_is_never_taken_for_one_without_a_header(tmp_path: Path) -> None:
    long = "what did you think of the film that you saw last night"
    rows = [(text, label, "2") for text, label in ROWS]
    path = write(tmp_path / "a.csv", csv_text(rows, f"{long},sentiment,2"))
    assert load(path, text_column=long, label_column="sentiment").classes == ("neg", "pos")


@pytest.mark.parametrize(
    "content",
    [
        "sep=;\n" + csv_text().replace('","', '";"').replace("text,", "text;"),
        "\ufeffsep=,\r\n" + csv_text(),
        "SEP=|\n" + csv_text().replace('","', '"|"').replace("text,", "text|"),
        '"sep=;"\n' + csv_text().replace('","', '";"').replace("text,", "text;"),
        "\ufeff\ufeff" + csv_text(),
    ],
)
def test_the_line_that_says_what_separates_fields_is_read(tmp_path: Path, content: str) -> None:
    dataset = load(write(tmp_path / "a.csv", content))
    assert pairs(dataset) == sorted(ROWS)
    first = 3 if "sep=" in content.lower() else 2
    lines = {int(n.split()[-1]) for s in dataset.splits.values() for n in s.names}
    assert min(lines) == first
