"""Folds and seeds: ordinary runs in one folder, which resume, with what they say together."""

import json
import math
import shutil

import numpy as np
import pytest
from scipy import stats

from recipes.repeats import repeat as module
from recipes.repeats.repeat import repeat
from recipes.repeats.report import span_of_mean
from recipes.runs.run import load
from recipes.training.train import train
from recipes.values.load import load_recipe
from zoo.errors import ArgumentError, DataError, Interrupted, RecipeError, RunError
from zoo.metrics.base import Metric

TINY = load_recipe(
    "image/digits-cnn",
    "model.arguments.widths=[4,8]",
    "schedule.warmup_epochs=0",
    "optimizer.learning_rate=0.02",
    "regularization.preset=none",
)
QUICK = {"smoke": True, "progress": False}


@pytest.fixture(scope="module")
def folds(tmp_path_factory):
    return repeat(TINY, folds=2, run_dir=tmp_path_factory.mktemp("runs") / "folds", **QUICK)


@pytest.fixture(scope="module")
def seeds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "seeds"
    return repeat(TINY, seeds=[5, 1], run_dir=folder, **QUICK)


def values(found, metric="accuracy"):
    return [run.metrics["metrics"][metric]["value"] for run in found.runs]


def test_a_fold_is_the_ordinary_run_of_its_recipe(folds, tmp_path):
    own = {"data.folds": 2, "data.test_fold": 2}
    alone = train(TINY, run_dir=tmp_path / "alone", **QUICK, **own)
    assert alone.sha256 == folds.runs[1].sha256
    assert alone.metrics["metrics"] == folds.runs[1].metrics["metrics"]
    assert [run.recipe.data.test_fold for run in folds.runs] == [1, 2]
    assert len({run.fingerprint for run in folds.runs}) == 2


def test_seeds_share_their_test_split(seeds):
    assert [run.recipe.training.seed for run in seeds.runs] == [5, 1]
    assert [run.path.name for run in seeds.runs] == ["seed-5", "seed-1"]
    assert len({run.fingerprint for run in seeds.runs}) == 1
    assert len({run.sha256 for run in seeds.runs}) == 2


def test_mean_deviation_and_interval_are_those_of_scipy(folds, seeds):
    found = seeds.summary["metrics"]["loss"]
    losses = values(seeds, "loss")
    assert found["mean"] == pytest.approx(np.mean(losses))
    assert found["deviation"] == pytest.approx(np.std(losses, ddof=1))
    theirs = stats.t.interval(0.95, 1, np.mean(losses), stats.sem(losses))
    assert (found["low"], found["high"]) == pytest.approx(theirs)
    losses, found = values(folds, "loss"), folds.summary["metrics"]["loss"]
    error = np.std(losses, ddof=1) * math.sqrt(1 / 2 + 1)  # half train, half test
    theirs = stats.t.interval(0.95, 1, np.mean(losses), error)
    assert (found["low"], found["high"]) == pytest.approx(theirs)
    assert "corrected for shared training examples" in found["method"]


def test_all_folds_together_are_the_predictions_of_each_for_its_own_part(folds):
    right = sum(run.metrics["metrics"]["accuracy"]["value"] * 160 for run in folds.runs)
    entry = folds.summary["out_of_fold"]["accuracy"]
    assert folds.summary["examples"] == 320
    assert entry["value"] == pytest.approx(right / 320)
    exact = stats.binomtest(round(right), 320).proportion_ci(method="exact")
    assert exact.low - 0.002 <= entry["low"] < entry["value"] < entry["high"] <= exact.high + 0.002
    assert entry["method"] == "exact binomial over 320 examples"


def test_the_gain_of_the_mean_prediction_is_its_lead_over_a_single_run(seeds):
    scored = [run.scored() for run in seeds.runs]
    truth = scored[0].truths["label"]
    mean = np.mean([part.predictions for part in scored], axis=0)
    accuracy = float((mean.argmax(axis=1) == truth).mean())
    assert seeds.summary["ensemble"]["accuracy"]["value"] == pytest.approx(accuracy)
    gain = seeds.summary["gain"]["accuracy"]
    assert gain["value"] == pytest.approx(accuracy - np.mean(values(seeds)))
    assert gain["low"] <= gain["value"] <= gain["high"]
    loss = seeds.summary["gain"]["loss"]
    assert loss["value"] <= 1e-12  # the logarithm is concave: Jensen's inequality
    assert seeds.summary["gain"]["ece"]["low"] is None


def test_the_page_shows_every_run_and_leads_to_it(folds, seeds):
    for found, word in ((folds, "All folds together"), (seeds, "Gain over a single run")):
        page = (found.path / "report.html").read_text(encoding="utf-8")
        assert word in page and "<svg" in page and "<script" not in page
        for run in found.runs:
            assert f'href="{run.path.name}/report.html"' in page
            assert (run.path / "report.html").is_file()
    kept = json.loads((folds.path / "summary.json").read_text())
    assert kept == folds.summary
    assert [run["name"] for run in kept["runs"]] == ["fold-1", "fold-2"]


# --- resuming


def stop_at(monkeypatch, number, error=KeyboardInterrupt):
    """Let the run of that number be interrupted: while it is prepared, or by what `train` raises."""
    names = []

    def stopped(recipe, **how):
        names.append(how["run_dir"].name)
        if len(names) == number:
            raise error
        return train(recipe, **how)

    monkeypatch.setattr(module, "train", stopped)
    return names


def test_what_was_stopped_resumes_and_ends_as_if_it_had_not_been(seeds, tmp_path, monkeypatch):
    folder = shutil.copytree(seeds.path, tmp_path / "parts")
    shutil.rmtree(folder / "seed-1")
    for name in ("summary.json", "ensemble.json", "report.html"):
        (folder / name).unlink()
    how = {"seeds": [5, 1], "run_dir": folder, **QUICK}
    for error in (KeyboardInterrupt, Interrupted("Stopped. seed-1 holds the run up to epoch 1.")):
        stop_at(monkeypatch, 2, error)
        with pytest.raises(Interrupted, match="holds 1 of 2 finished runs") as caught:
            repeat(TINY, resume=True, **how)
        monkeypatch.undo()
    recipe = folder / "recipe.yaml"
    assert caught.value.fix == (
        f"continue with: zoo train {recipe} --seeds 5,1 --run-dir {folder} --resume"
    )
    with pytest.raises(RunError, match="not all trained yet"):
        load(folder)
    first = (folder / "seed-5" / "weights.safetensors").stat().st_mtime_ns
    with pytest.raises(RunError, match="already holds a set of runs"):
        repeat(TINY, **how)
    again = repeat(recipe, resume=True, **how)
    assert (folder / "seed-5" / "weights.safetensors").stat().st_mtime_ns == first
    assert without_seconds(again.summary) == without_seconds(seeds.summary)


def without_seconds(summary):
    return summary | {"runs": [run | {"seconds": 0} for run in summary["runs"]]}


def test_a_finished_set_is_read_and_not_trained_again(folds, monkeypatch):
    names = stop_at(monkeypatch, 1)
    again = repeat(TINY, folds=2, run_dir=folds.path, resume=True, **QUICK)
    assert again.summary == folds.summary and names == []


def test_other_values_are_not_mixed_into_a_set(folds):
    for changes, given in (
        ({}, {"folds": 4}),
        ({}, {"seeds": [1, 2, 3]}),
        ({"training.batch_size": 8}, {"folds": 2}),
    ):
        with pytest.raises(RunError, match="values other than those given now") as caught:
            repeat(TINY, run_dir=folds.path, resume=True, **given, **QUICK, **changes)
        assert "--folds 2" in caught.value.fix


def test_a_set_that_never_began_leaves_nothing_behind(in_tmp):
    with pytest.raises(RecipeError, match="seed"):
        repeat(TINY, seeds=[1, -2], **QUICK)
    with pytest.raises(DataError, match=r"for 500 folds"):
        repeat(TINY, folds=500, **QUICK)
    assert list(in_tmp.iterdir()) == []


@pytest.mark.parametrize(
    "given",
    [{}, {"folds": 3, "seeds": [1, 2]}, {"folds": 1}, {"folds": 2.0}, {"seeds": [1]},
     {"seeds": [1, 1]}, {"seeds": ["1", "2"]}],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(given, in_tmp):
    with pytest.raises(ArgumentError):
        repeat(TINY, **given, **QUICK)
    assert list(in_tmp.iterdir()) == []


def test_one_fold_needs_its_number():
    for changes in (
        {"data.folds": 3},
        {"data.test_fold": 1},
        {"data.folds": 3, "data.test_fold": 4},
    ):
        with pytest.raises(RecipeError, match="test_fold"):
            TINY.with_values(changes)


@pytest.mark.slow
def test_a_fold_is_found_again_where_its_data_has_moved(tmp_path):
    rows = "text,label\n" + "".join(
        f"word{i} {'good' if i % 2 else 'bad'},{i % 2}\n" for i in range(60)
    )
    (tmp_path / "a.csv").write_text(rows)
    recipe = load_recipe("text/docstrings-textcnn").with_values(
        {
            "data.name": str(tmp_path / "a.csv"),
            "model.arguments": {"embedding_dim": 4, "num_filters": 4},
            "task.arguments.vocabulary_size": 300,
            "data.folds": 3,
            "data.test_fold": 2,
        }
    )
    run = train(recipe, run_dir=tmp_path / "run", **QUICK)
    before = run.evaluate()
    assert before["data_as_trained"] and before["examples"] == 20
    shutil.move(tmp_path / "a.csv", tmp_path / "b.csv")
    moved = run.evaluate(data=tmp_path / "b.csv")
    assert moved["data_as_trained"] and moved["metrics"] == before["metrics"]
    other = tmp_path / "c.csv"  # too few for three folds
    texts = ("fine", "so", "very")
    other.write_text("text,label\n" + "".join(f"{w} good,1\n{w} bad,0\n" for w in texts))
    found = run.evaluate(data=other)
    assert not found["data_as_trained"] and found["examples"] == 6


def test_equal_runs_have_no_interval():
    entry = {"mean": 0.8, "deviation": 0.0, "low": 0.8, "high": 0.8}
    assert span_of_mean(entry, Metric("accuracy")) == "– (all alike)"
    other = entry | {"deviation": 0.1, "low": 0.7, "high": 0.9}
    assert span_of_mean(other, Metric("accuracy")) == "70.00–90.00 %"
