"""A task with a metric of its own is reported in that metric's unit everywhere."""

import dataclasses

import numpy as np
import pytest
import typer.testing

from recipes.records.publish import expects_of
from recipes.records.verify import same_machine
from recipes.runs.run import load
from recipes.runs.trained import read_json
from recipes.training.train import train
from zoo import registry
from zoo.catalog.metrics import CLASSIFICATION
from zoo.cli import output
from zoo.cli.main import app
from zoo.docs import tables
from zoo.metrics.base import Metric
from zoo.metrics.classification import ESTIMATORS
from zoo.metrics.estimators import Ratio
from zoo.tasks.image_classification import ImageClassification

POINTS = Metric("merit", unit="points", label="Merit", digits=1)
NAME = "image/digits-cnn"


class Merit(ImageClassification):
    """Digits by merit: 100 points for a true class of probability 1, and 90 for being there."""

    metrics = (POINTS, *CLASSIFICATION)
    estimators = {"merit": Ratio("merit"), **ESTIMATORS}  # noqa: RUF012

    def statistics(self, predictions, truths):
        of_truth = np.asarray(predictions)[np.arange(len(predictions)), truths["label"]]
        return super().statistics(predictions, truths) | {"merit": 90 + 10 * of_truth}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A short run of it; the task is in the registry, and no file of the package is changed."""
    card = dataclasses.replace(
        registry.task_card("image_classification"),
        task=f"{__name__}:Merit",
        metrics=Merit.metrics,
    )
    before = registry.TASKS
    registry.TASKS = {**before, card.name: card}
    try:
        yield train(NAME, smoke=True, run_dir=tmp_path_factory.mktemp("merit") / "run")
    finally:
        registry.TASKS = before


def test_the_run_is_selected_and_scored_by_it(run):
    entry = run.metrics["metrics"]["merit"]
    assert 90 < entry["low"] < entry["value"] < entry["high"] < 100
    assert entry["method"].startswith("Hall's t over")
    assert run.metrics["selection"]["best"] == max(row["val_merit"] for row in run.history)
    assert load(run.path).task.metric == "merit"


def test_report_and_card_write_its_unit(run):
    value = POINTS.text(run.metrics["metrics"]["merit"]["value"])
    assert value.endswith(" points")
    for file in ("report.html", "README.md"):
        text = (run.path / file).read_text()
        assert value in text
        assert "Merit" in text
        assert POINTS.span(run.metrics["metrics"]["merit"]) in text
    assert "Hall's t over" in (run.path / "README.md").read_text()


def test_the_command_line_writes_its_unit(run):
    shown = typer.testing.CliRunner().invoke(
        app, ["evaluate", str(run.path)], env={"COLUMNS": "200"}
    )
    assert shown.exit_code == 0, shown.output
    line = next(line for line in shown.output.splitlines() if line.startswith("merit"))
    assert line.count("points") == 2
    assert "%" not in line


def test_a_metric_without_an_interval_is_shown_by_its_value(run, capsys, monkeypatch):
    monkeypatch.setattr(output.console, "_file", None)  # sys.stdout of now
    output.show_metrics({"ece": {"value": 0.25, "low": None, "high": None}}, CLASSIFICATION)
    output.show_metrics({"accuracy": {"value": 0.25, "low": 0.2, "high": 0.3}}, CLASSIFICATION)
    shown = capsys.readouterr().out
    assert "25.00 %" in shown and "20.00–30.00 %" in shown
    assert shown.count("bootstrap over examples") == 1  # an entry of 0.1.0


def test_records_and_their_tables_keep_its_unit(run, monkeypatch):
    runs = []
    for seed, value in ((1, 97.0), (2, 99.9), (3, 95.5)):
        recipe = run.recipe.with_values({"training.seed": seed})
        entry = {"merit": {"value": value}}
        metrics = dict(run.metrics, metrics=entry)
        made = load(run.path)
        made.recipe, made.metrics = recipe, metrics
        runs.append(made)
    monkeypatch.setattr("recipes.records.publish.load_recipe", lambda name: run.recipe)
    expects = expects_of(runs)
    assert expects.metric == "merit"
    assert expects.high > 100 or expects.low < 95  # cut at neither 1 nor 0
    recipe = run.recipe.with_values({"expects": expects.model_dump()})
    monkeypatch.setattr(tables, "_recipes", lambda: {NAME: recipe})
    assert "merit 97.5 points" in tables.recipes()
    assert "99.9 points (2)" in tables.recipe_details()
    assert recipe.unstable
    assert same_machine(expects, read_json(run.path / "environment.json"))
