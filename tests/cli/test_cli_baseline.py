"""`zoo baseline`: the table, the document, and mistakes on one screen."""

import csv

import pytest


def table(folder):
    path = folder / "reviews.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream)
        rows.writerow(["review", "stars"])
        for i in range(60):
            rows.writerow([f"a {('fine', 'dull')[i % 2]} film, number {i}", ("up", "down")[i % 2]])
    return path


def test_the_table_names_each_model_with_its_interval(zoo):
    outcome = zoo("baseline", "digits")
    assert outcome.code == 0, outcome.err
    assert outcome.out.startswith("digits: 359 test examples\n")
    assert "logistic regression on pixels" in outcome.out
    assert "95 % interval" in outcome.out
    assert "chosen on 143 validation examples" in outcome.out


def test_a_users_table_takes_loader_arguments(zoo, in_tmp):
    path = table(in_tmp)
    outcome = zoo("baseline", path, "text_column=review", "label_column=stars", "--json")
    assert outcome.code == 0, outcome.err
    found = outcome.document
    assert found["split"] == "test" and found["metric"] == "accuracy"
    names = [model["name"] for model in found["models"]]
    assert names == ["majority class", "TF-IDF and logistic regression", "naive-Bayes SVM"]
    assert found["models"][1]["metrics"]["accuracy"]["value"] == 1.0


def test_training_says_when_the_network_does_not_beat_them(trained):
    found = trained[1].document["baselines"]
    assert found["outcome"] in ("beats", "within", "does not beat")
    assert found["verdict"].startswith("The network ")


@pytest.mark.slow
def test_smoke_runs_have_none(zoo, in_tmp):
    outcome = zoo("train", "image/digits-cnn", "--smoke", "--run-dir", "run", "--json")
    assert outcome.code == 0, outcome.err
    assert outcome.document["baselines"] == {}


def test_mistakes_take_one_screen(refused):
    assert "digits" in refused("baseline", "digit")
    assert "data_dir cannot be given as key=value" in refused("baseline", "digits", "data_dir=x")
    assert "zoo baseline --help" in refused("baseline", "digits", "download=true")
    assert "fold" in refused("baseline", "digits", "fold=2")


def test_files_without_labels_that_are_not_texts_are_refused(refused, in_tmp, photos):
    for path in (photos / "dog").iterdir():
        path.unlink()
    (photos / "dog").rmdir()
    assert "error" in refused("baseline", photos)
