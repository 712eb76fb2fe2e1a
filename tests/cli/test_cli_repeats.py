"""`zoo train --folds` and `--seeds`, `zoo ensemble` and `zoo compare` from the command line."""

import pytest
from shell import DIGITS, TINY


@pytest.fixture(scope="module")
def trained_seeds(zoo, tmp_path_factory):
    folder = tmp_path_factory.mktemp("seeds") / "runs"
    outcome = zoo(
        "train", DIGITS, *TINY, "--seeds", "1,2", "--smoke", "--run-dir", folder, "--json"
    )
    assert outcome.code == 0, outcome.err
    return folder, outcome


def test_seeds_print_one_document(trained_seeds):
    folder, outcome = trained_seeds
    document = outcome.document
    assert document["path"] == str(folder)
    assert document["kind"] == "seeds"
    assert [run["value"] for run in document["runs"]] == [1, 2]
    assert {"mean", "deviation", "low", "high"} <= set(document["metrics"]["accuracy"])
    assert "note: seed 2 (2 of 2)" in outcome.err


@pytest.mark.slow
def test_folds_print_a_table_and_where_to_look(zoo, in_tmp):
    outcome = zoo("train", DIGITS, *TINY, "--folds", "2", "--smoke")
    assert outcome.code == 0, outcome.err
    for word in ("fold-1", "fold-2", "mean", "deviation", "all folds together", "report.html"):
        assert word in outcome.out
    assert "runs/image-digits-cnn-folds-1" in outcome.out
    assert (in_tmp / "runs" / "image-digits-cnn-folds-1" / "fold-2" / "report.html").is_file()


def test_the_folder_predicts_and_is_evaluated_and_compared(zoo, trained_seeds, digit_png, tmp_path):
    folder, _ = trained_seeds
    (result,) = zoo("predict", folder, digit_png, "--json").document
    assert sum(item["probability"] for item in result["predictions"]) <= 1.000001
    assert zoo("evaluate", folder, "--json").document["split"] == "test"
    made = zoo("ensemble", folder / "seed-1", folder / "seed-2", "--output", tmp_path / "two")
    assert made.code == 0 and f"zoo evaluate {tmp_path / 'two'}" in made.out
    outcome = zoo("compare", folder / "seed-1", folder)
    assert outcome.code == 0, outcome.err
    assert "exact McNemar p = " in outcome.out and "95 % interval" in outcome.out
    document = zoo("compare", folder / "seed-1", tmp_path / "two", "--json").document
    assert document["pairs"][0]["verdict"]


def test_mistakes_take_one_screen(refused, photos):
    table = photos.parent / "speakers.csv"
    rows = [f"text {i},{i % 2},{'ann' if i < 30 else f'p{i}'}" for i in range(50)]
    table.write_text("text,label,who\n" + "\n".join(rows) + "\n")
    text = ("train", "text/docstrings-textcnn", f"data.name={table}")
    grouped = "data.arguments={group_column: who}"
    for words, given, fix in (
        (("train", DIGITS, f"data.name={photos}", "--folds", "20"), "Class cat has 12", "12 folds"),
        ((*text, grouped, "--folds", "4"), "Group ann has 30 of 50 examples", "leave examples"),
        (("train", DIGITS, "--folds", "1"), "folds=1", "5 or 10"),
        (("train", DIGITS, "--seeds", "1,x"), "'1,x'", "--seeds 1,2,3"),
        (("train", DIGITS, "--seeds", "4"), "seeds 4", "--seeds 1,2,3"),
        (
            ("train", DIGITS, "--folds", "3", "--seeds", "1,2"),
            "fold or in their seed",
            "training.seed",
        ),
        (("train", DIGITS, "--folds", "3", "--continue"), "--continue", "leave one"),
        (("train", DIGITS, "--folds", "3", "--resume"), "no runs to resume", "--run-dir"),
        (("train", DIGITS, "data.folds=3"), "needs test_fold", "--folds 3"),
        (("compare", "cnn_small.digits"), "two models or more", "RUN RUN"),
        (("compare", "cnn_small.digits", "textcnn.docstrings"), "differ in their task", "same"),
        (("ensemble", "cnn_small.digits", "--output", "made"), "of 1 model", "RUN RUN"),
    ):
        message = refused(*words)
        assert given in message, message
        assert fix in message, message
