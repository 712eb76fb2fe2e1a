"""`zoo tune` as the shell sees it: one short real study, and every mistake on one screen."""

import json

import pytest
from shell import DIGITS, TINY

from recipes.values.load import load_recipe

SPACE = """
optimizer.learning_rate: {low: 0.005, high: 0.05, sampling: log}
model.arguments.widths: {choices: [[4, 8], [8, 8]]}
"""
RATE = "optimizer.learning_rate: {low: 0.1, high: 0.2}"
SHORT = (*TINY, "training.steps_per_epoch=10")


@pytest.fixture(scope="module")
def study(zoo, tmp_path_factory):
    """The folder of a study of two trials, and what the command printed."""
    folder = tmp_path_factory.mktemp("tune")
    (folder / "space.yaml").write_text(SPACE)
    options = ("--space", folder / "space.yaml", "--study", folder / "study", "--max-trials", 2)
    outcome = zoo("tune", DIGITS, *SHORT, *options, "--json")
    assert outcome.code == 0, outcome.err
    return folder / "study", outcome


def test_a_study_ends_with_one_json_document(study):
    folder, outcome = study
    document = outcome.document
    assert [trial["status"] for trial in document["trials"]] == ["completed", "completed"]
    first, second = document["trials"]
    assert first["values"]["model.arguments.widths"] == [4, 8]
    assert 0.005 <= second["values"]["optimizer.learning_rate"] <= 0.05
    assert document["best"]["value"] == max(first["value"], second["value"])
    assert 0 <= document["test"]["accuracy"]["value"] <= 1
    assert document["best_recipe"] == str(folder / "best_recipe.yaml")


def test_it_shows_a_line_for_each_trial_on_stderr(study):
    lines = study[1].err.splitlines()
    assert "trial   1/2  val_accuracy" in lines[0]
    assert "the recipe as it is" in lines[0]
    assert "learning_rate=" in lines[1]
    assert "completed and tested" in lines[2]


def test_its_folder_holds_table_recipe_and_report(study):
    folder, outcome = study
    lines = (folder / "trials.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == outcome.document["trials"]
    assert len((folder / "trials.csv").read_text().splitlines()) == 3
    recipe = load_recipe(folder / "best_recipe.yaml")
    assert recipe.name == f"{DIGITS}-tuned"
    best = outcome.document["best"]["values"]
    assert recipe.optimizer.learning_rate == best["optimizer.learning_rate"]
    assert "kerazoo · search report" in (folder / "report.html").read_text()
    assert not list(folder.rglob("*.part"))


def test_a_finished_study_is_shown_again_without_training(zoo, study):
    folder, first = study
    outcome = zoo("tune", folder / "recipe.yaml", "--study", folder, "--resume")
    assert outcome.code == 0, outcome.err
    assert "trial   " not in outcome.err
    assert f"zoo train {folder}/best_recipe.yaml" in outcome.out
    value = first.document["test"]["accuracy"]["value"]
    assert f"{100 * value:.2f} %" in outcome.out
    rows = [line.split() for line in outcome.out.splitlines()]
    assert ["", "the", "recipe", "best"] in rows or ["the", "recipe", "best"] in rows


def test_a_folder_with_a_study_and_other_values_are_refused(zoo, study):
    folder, _ = study
    for arguments, words in [
        (("tune", DIGITS, "--study", folder), "already holds a study"),
        (("tune", DIGITS, "--study", folder, "--resume"), "a different recipe"),
        (
            ("tune", folder / "recipe.yaml", "--study", folder, "--resume", "--seed", 5),
            "a different seed",
        ),
        (
            ("tune", folder / "recipe.yaml", "--study", folder, "--resume", "--oracle", "bayesian"),
            "a different oracle",
        ),
    ]:  # fmt: skip
        outcome = zoo(*arguments)
        assert outcome.code == 2
        assert words in outcome.err
        assert "to fix:" in outcome.err
    other = folder.parent / "other.yaml"
    other.write_text("optimizer.learning_rate: {low: 0.1, high: 0.2}\n")
    outcome = zoo("tune", folder / "recipe.yaml", "--study", folder, "--resume", "--space", other)
    assert "a different space" in outcome.err


@pytest.mark.parametrize(
    ("line", "options", "words"),
    [
        ("optimizer.learning_rte: {low: 0.1, high: 0.2}", (), ("nearest: optimizer.learning_rate",)),
        ("regularization.dropout_rate: {low: 0.0, high: 1.5}", (), ("dropout_rate", "0 <= value < 1")),
        ("training.epochs: {low: 0, high: 5}", (), ("training.epochs=0", "would train nothing")),
        ("optimizer.learning_rate: {low: 0.1, hihg: 0.2}", (), ("hihg", "nearest: high")),
        ("optimizer.learning_rate: {low: 0.1}", (), ("needs low and high",)),
        ("training.seed: {low: 1, high: 5}", (), ("cannot be searched",)),
        ("", (), ("mine.yaml holds no field",)),
        ("a: [1, 2", (), ("mine.yaml, line",)),
        (RATE, ("--oracle", "grid"), ("grid needs steps", "learning_rate")),
        ("training.epochs: {low: 2, high: 5}", ("--oracle", "hyperband"), ("hyperband decides",)),
        (RATE, ("--oracle", "bayes"), ("'bayes'", "bayesian")),
        (RATE, ("--max-trials", "0"), ("max_trials=0",)),
        (RATE, ("--max-minutes", "-1"), ("max_minutes=-1",)),
        (RATE, ("--seed", "-1"), ("seed=-1",)),
        (RATE, ("--resume",), ("no study to resume",)),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)  # fmt: skip
def test_spaces_and_options_that_do_not_fit(refused, in_tmp, line, options, words):
    (in_tmp / "mine.yaml").write_text(line)
    message = refused("tune", DIGITS, "--space", "mine.yaml", *options)
    for word in words:
        assert word in message


def test_other_mistakes_are_those_of_train(refused, in_tmp):
    assert DIGITS in refused("tune", "image/digit-cnn")
    assert "optimizer.learning_rate" in refused("tune", DIGITS, "optimizer.learning_rte=1")
    assert "nowhere.yaml" in refused("tune", DIGITS, "--space", "nowhere.yaml")
    (in_tmp / "file").write_text("mine")
    assert "file is a file" in refused("tune", DIGITS, "--study", "file")
    (in_tmp / "full").mkdir()
    (in_tmp / "full" / "mine").write_text("mine")
    assert "full holds other files" in refused("tune", DIGITS, "--study", "full")
    assert "holds no study" in refused("tune", DIGITS, "--study", "new", "--resume")


def test_data_that_is_not_there_leaves_no_study_behind(refused):
    message = refused("tune", DIGITS, "data.name=./nowhere")
    assert "nowhere" in message


@pytest.mark.parametrize(
    ("words", "wanted"),
    [("zoo tune image/di", DIGITS), (f"zoo tune {DIGITS} --oracle bay", "bayesian")],
)
def test_completion_knows_recipes_and_oracles(zoo, monkeypatch, words, wanted):
    monkeypatch.setenv("_ZOO_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
    assert wanted in zoo().out.split()


def test_help_shows_examples_and_a_space(zoo):
    out = zoo("tune", "--help").out
    assert "zoo tune image/digits-cnn" in out
    assert "{low: 1e-4, high: 1e-2, sampling: log}" in out
    assert "{choices: [32, 64, 128]}" in out
    assert "--json" in out
