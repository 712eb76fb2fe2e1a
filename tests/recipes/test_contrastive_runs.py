"""Runs of inputs that belong together: arrays that are learned, scored by direction and used."""

import json

import numpy as np
import pytest

import zoo
from recipes.training.setup import prepare
from recipes.training.train import train
from recipes.values.schema import Recipe
from zoo.cards import DatasetCard
from zoo.columns import Label, Vector
from zoo.data.dataset import Dataset, Split
from zoo.errors import (
    ArgumentError,
    DataError,
    RecipeError,
    RepeatedCandidateWarning,
    UnknownNameError,
    ZooError,
)

WIDTHS = {"one": 6, "two": 4}
TINY_TEXTS = {"name": "textcnn", "arguments": {"num_filters": 4, "embedding_dim": 4}}


def made() -> Dataset:
    """Two noisy linear maps of the same hidden numbers; each is absent in some examples."""
    generator = np.random.default_rng(0)
    maps = {name: generator.normal(size=(3, width)) for name, width in WIDTHS.items()}
    splits = {}
    for name, count in {"train": 400, "validation": 60, "test": 80}.items():
        hidden = generator.normal(size=(count, 3))
        columns = {
            key: list(hidden @ m + 0.1 * generator.normal(size=(count, m.shape[1])))
            for key, m in maps.items()
        }
        for place, values in enumerate(columns.values()):
            for i in range(place, count, 10):
                values[i] = None
        splits[name] = Split({**columns, "label": np.arange(count) % 2})
    features = {name: Vector((width,), optional=True) for name, width in WIDTHS.items()}
    features["label"] = Label()
    return Dataset("pairs_of_arrays", splits, features, ("even", "odd"), "CC0", "made")


@pytest.fixture(scope="module", autouse=True)
def registered():
    card = DatasetCard(
        name="pairs_of_arrays",
        source="made",
        loader=f"{__name__}:made",
        modality="multimodal",
        task="contrastive_pairs",
        summary="Two arrays.",
        licence="CC0",
        homepage="",
        num_classes=2,
    )
    zoo.register(card)
    yield
    zoo.registry.SHELVES[DatasetCard].pop("pairs_of_arrays", None)


def recipe(**changes):
    values = {
        "name": "pairs-of-arrays",
        "summary": "Two arrays.",
        "task": {"name": "contrastive_pairs", "arguments": {"embedding_dim": 8}},
        "data": {"name": "pairs_of_arrays"},
        "model": {"name": "dual_encoder"},
        "optimizer": {"name": "adamw", "learning_rate": 0.01},
        "training": {"epochs": 8, "batch_size": 50, "select": "last"},
    }
    return Recipe.parse(values, source="test").with_values(changes)


@pytest.fixture(scope="module")
def run(tmp_path_factory, registered):
    return train(recipe(), run_dir=tmp_path_factory.mktemp("run") / "run", progress=False)


def test_a_run_finds_what_belongs_together_in_both_directions(run):
    metrics = json.loads((run.path / "metrics.json").read_text())
    assert metrics["metrics"]["recall_at_1"]["value"] > 0.5  # 1 / 72 by chance
    assert list(metrics["targets"]) == ["one to two", "two to one"]
    by_direction = [entry["recall_at_1"]["value"] for entry in metrics["targets"].values()]
    assert metrics["metrics"]["recall_at_1"]["value"] == pytest.approx(np.mean(by_direction))
    assert run.evaluate()["metrics"] == metrics["metrics"]


def test_a_loaded_run_gives_vectors_of_the_inputs_that_are_there(run):
    example = run.dataset().splits["test"][5]
    both, single = zoo.load(run.path).predict(
        [{name: example[name] for name in WIDTHS}, {"two": example["two"]}]
    )
    (told,) = both["predictions"]
    vectors = {name: np.array(vector) for name, vector in told["vectors"].items()}
    cosine = vectors["one"] @ vectors["two"]
    assert told["similarities"] == {"one, two": pytest.approx(cosine, abs=1e-5)}
    assert single["predictions"][0]["similarities"] == {}
    assert single["predictions"][0]["vectors"] == {"two": told["vectors"]["two"]}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"training.accumulate_steps": 2, "training.steps_per_epoch": 4}, "one large batch"),
        ({"training.noise_scale": True}, "compares the examples"),
    ],
)
def test_what_needs_a_mean_over_examples_is_refused(changes, words, tmp_path):
    with pytest.raises(RecipeError, match=words):
        train(recipe(**changes), run_dir=tmp_path / "run", progress=False)


def test_the_scale_stays_within_its_limit_with_the_optimizer_of_recipes(registered):
    setup = prepare(recipe(**{"optimizer.learning_rate": 0.5, "task.arguments.temperature": 0.011}))
    scale = setup.model.get_layer("scale").log_scale
    for step in range(12):
        setup.model.train_on_batch(*setup.train.batch(np.arange(50) + step))
        assert float(scale) <= np.log(100) + 1e-6
    assert float(scale) != pytest.approx(-np.log(0.011))


def test_zero_shot_chooses_among_candidates_by_their_cosines(run):
    split = run.dataset().splits["test"]
    there = [i for i in range(30) if all(split[i][name] is not None for name in WIDTHS)]
    queries, among = [{"one": split[i]["one"]} for i in there], [split[i]["two"] for i in there]
    found = zoo.zero_shot(run, queries, among={"two": among}, top=len(there))
    vectors = run.predict([{name: split[i][name] for name in WIDTHS} for i in there])
    one, two = (
        np.array([told["predictions"][0]["vectors"][name] for told in vectors]) for name in WIDTHS
    )
    logits = np.exp(float(run.model.get_layer("scale").log_scale)) * one @ two.T
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    for row, told in zip(expected, found, strict=True):
        listed = {int(item["label"]): item["probability"] for item in told["predictions"]}
        assert [listed[k] for k in range(len(there))] == pytest.approx(row, abs=1e-3)
        assert list(listed.values()) == sorted(listed.values(), reverse=True)


def test_zero_shot_refuses_what_does_not_say_which_input_it_is(run):
    value = run.dataset().splits["test"][5]["two"]
    with pytest.raises(DataError, match="does not say which input"):
        zoo.zero_shot(run, [np.ones(6)], among=[value, -value])
    with pytest.raises(UnknownNameError, match="three"):
        zoo.zero_shot(run, [{"one": np.ones(6)}], among={"three": [value, value]})
    with pytest.raises(ArgumentError, match=r"^1 candidate: there is nothing to choose from"):
        zoo.zero_shot(run, [{"one": np.ones(6)}], among={"two": [value]})
    failed, good = zoo.zero_shot(
        run, [{"two": value}, np.ones(6)], among={"two": [value, -value]}, keep_going=True
    )
    assert failed["predictions"] == [] and "are both two" in failed["error"]["problem"]
    assert len(good["predictions"]) == 2 and good["direction"] == "one to two"


def test_candidates_are_for_the_input_that_the_query_does_not_name(run):
    values = [run.dataset().splits["test"][i]["two"] for i in (5, 6)]
    query = [{"one": np.ones(6)}]
    expected = zoo.zero_shot(run, query, among={"two": values})
    assert zoo.zero_shot(run, query, among=values) == expected
    assert zoo.zero_shot(run, query, among=[{"two": value} for value in values]) == expected
    with pytest.raises(ArgumentError, match="not all of one input"):
        zoo.zero_shot(run, query, among=[{"two": values[0]}, {"one": np.ones(6)}])


def test_equal_candidates_count_once_with_a_warning(run):
    values = [run.dataset().splits["test"][i]["two"] for i in (5, 6)]
    query = [{"one": np.ones(6)}]
    with pytest.warns(RepeatedCandidateWarning, match="'0'"):
        (found,) = zoo.zero_shot(run, query, among=[*values, values[0].copy()])
    assert found == zoo.zero_shot(run, query, among=values)[0]
    with pytest.raises(ArgumentError, match="1 candidate, repeated"):
        zoo.zero_shot(run, query, among=[values[0], values[0]])


@pytest.mark.parametrize(
    ("inputs", "among", "words"),
    [
        ([{"wrds": "three five"}], ["3 5", "5 3"], "no input named 'wrds'.*\n.*one of: words"),
        ([{"words": None}], ["3 5", "5 3"], "none of words, digits"),
        ([], ["3 5", "5 3"], "inputs is empty"),
        ([5], ["3 5", "5 3"], "inputs holds 5 .int"),
        ("three five", [], "among is empty"),
        ("three five", {}, "among is empty"),
        ("three five", "3 5,5 3", "among is one text"),
        ("three five", {"digits": "3 5,5 3"}, "among is one text"),
        ([{"words": "three five"}], [35, 53], "among holds 35 .int"),
        ([{"words": "three five"}], [np.ones(3), np.ones(3)], "does not fit any input"),
    ],
)
def test_zero_shot_names_what_is_wrong(numbers, inputs, among, words):
    with pytest.raises(ZooError, match=words):
        zoo.zero_shot(numbers / "run", inputs, among=among)


def test_embed_gives_the_vector_of_a_single_input_and_the_mean_direction_of_several(run):
    example = run.dataset().splits["test"][5]
    values = {name: example[name] for name in WIDTHS}
    (told,) = run.predict([values])
    one, two = (np.array(told["predictions"][0]["vectors"][name]) for name in WIDTHS)
    both, single = run.embed([values, {"one": values["one"]}])
    assert single == pytest.approx(one, abs=1e-5)
    assert both == pytest.approx((one + two) / np.linalg.norm(one + two), abs=1e-5)


def test_the_report_shows_each_direction_and_its_chance(run):
    page = (run.path / "report.html").read_text(encoding="utf-8")
    assert "What belongs together" in page and "Recall at 1 by chance" in page
    for direction in ("one to two", "two to one"):
        assert f">{direction}</td>" in page
    assert page.count("✓ right") + page.count("✗ wrong") == 2 * 6 * 3


@pytest.fixture(scope="module")
def numbers(tmp_path_factory, registered):
    """A folder with a table of numbers as words and as digits, and a run that was trained on it."""
    folder = tmp_path_factory.mktemp("numbers")
    names = ["zero", "one", "two", "three", "four", "five", "six", "seven"]
    rows = [f"{one} {two},{a} {b}" for a, one in enumerate(names) for b, two in enumerate(names)]
    (folder / "numbers.csv").write_text("\n".join(["words,digits", *rows]))
    data = {"input_columns": ["words", "digits"], "label_column": ""}
    changes = {"data": {"name": str(folder / "numbers.csv"), "arguments": data}}
    changes |= {"training.epochs": 1}
    changes["model.arguments"] = {"encoders": dict.fromkeys(("words", "digits"), TINY_TEXTS)}
    train(recipe(**changes), run_dir=folder / "run", progress=False)
    return folder


def test_a_candidate_may_be_longer_than_the_name_of_a_file(numbers):
    long = "3 5 " * 900
    for among in ([long, "5 3"], {"digits": [f"{long}.csv", "5 3"]}):
        (told,) = zoo.zero_shot(numbers / "run", [{"words": "three five"}], among=among)
        assert told["direction"] == "words to digits" and len(told["predictions"]) == 2


@pytest.fixture
def answer(numbers, monkeypatch):
    from typer.testing import CliRunner

    from zoo.cli.main import app

    monkeypatch.chdir(numbers)
    return lambda *words: CliRunner().invoke(app, ["predict", "run", *words])


def test_the_command_line_chooses_among_words(answer):
    told = answer("three five", "--among", "digits=3 5,5 3", "--json")
    found = json.loads(told.stdout)[0]["predictions"]
    assert told.exit_code == 0 and {one["label"] for one in found} == {"3 5", "5 3"}
    assert sum(one["probability"] for one in found) == pytest.approx(1, abs=1e-5)
    assert "say which input" in str(answer("three five", "--among", "3 5,5 3").exception)
    assert "among is empty" in str(answer("three five", "--among", "").exception)
    both = answer("x", "--among", "3 5,5 3", "--enrol", "a.wav", "--test", "b.wav")
    assert "both given" in str(both.exception)


def test_results_say_which_input_the_query_is_and_which_the_candidates_are(answer, tmp_path):
    reverse = answer("three five", "--among", "words=3 5,5 3", "--csv", str(tmp_path / "a.csv"))
    assert "digits to words" in reverse.stdout
    assert "digits to words" in (tmp_path / "a.csv").read_text()
    for among in ("3 5,5 3", "digits=3 5,5 3"):
        (told,) = json.loads(answer("words=three five", "--among", among, "--json").stdout)
        assert told["text"] == "three five" and told["direction"] == "words to digits"
    same = answer("digits=3 5", "--among", "digits=3 5,5 3").exception
    assert "are both digits" in str(same)
    assert "no input named 'wrds'" in str(answer("wrds=three", "--among", "3 5,5 3").exception)


def test_a_table_of_the_runs_inputs_gives_queries_and_candidates(answer, numbers):
    few = numbers / "few.csv"
    few.write_text("words,digits\nthree five,3 5\nsix one,6 1\n,7 7\n")
    told = answer("few.csv", "--among", "digits=3 5,5 3", "--json")
    *found, blank = json.loads(told.stdout)
    assert [one["text"] for one in found] == ["three five", "six one"]
    assert [one["row"] for one in found] == ["line 2", "line 3"]
    assert told.exit_code == 1 and "are both digits" in blank["error"]["problem"]
    for one in found:
        (alone,) = json.loads(answer(one["text"], "--among", "digits=3 5,5 3", "--json").stdout)
        assert alone["predictions"] == one["predictions"]
    (first,) = json.loads(answer("three five", "--among", "digits=few.csv", "--json").stdout)
    assert {one["label"] for one in first["predictions"]} == {"3 5", "6 1", "7 7"}
    named = json.loads(answer("words=few.csv", "--among", "1 2,2 1", "--json").stdout)
    assert named[0]["text"] == "three five" and "none of words" in named[2]["error"]["problem"]
