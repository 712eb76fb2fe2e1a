"""Numbers from images, texts and sounds: a run trains, resumes, predicts, exports and reports."""

import json
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from recipes.export.export import export
from recipes.runs.run import load
from recipes.training.finetune import finetune
from recipes.training.setup import prepare
from recipes.training.train import fit, train
from recipes.values.schema import Recipe
from zoo.cli.main import app
from zoo.columns.readers.audio import write_wav
from zoo.columns.readers.images import write_png
from zoo.weights import tensor_keys

COUNT = 60


def write_images(folder, generator):
    """Gray pictures of a brightness."""
    rows = ["file,brightness,double"]
    for i in range(COUNT):
        value = int(generator.integers(0, 200))
        noise = generator.integers(0, 30, (8, 8, 1))
        write_png(folder / f"{i}.png", (value + noise).astype("uint8"))
        rows.append(f"{i}.png,{value},{2 * value - 100}")
    return rows


def write_texts(folder, generator):
    """Texts with as many times the word "more"."""
    rows = ["text,brightness,double"]
    for _ in range(COUNT):
        value = int(generator.integers(0, 9))
        rows.append(f"{'more ' * value}{'less ' * (9 - value)},{value * 10},{value}")
    return rows


def write_sounds(folder, generator):
    """Tones of a loudness."""
    rows, time = ["file,brightness,double"], np.arange(1600) / 8000
    for i in range(COUNT):
        value = float(generator.uniform(0.05, 0.9))
        wave = value * np.sin(2 * np.pi * 440 * time)
        write_wav(folder / f"{i}.wav", wave.astype("float32"), sample_rate_hz=8000)
        rows.append(f"{i}.wav,{100 * value:.3f},{value:.5f}")
    return rows


KINDS = {
    "image": (write_images, "cnn_small", {"widths": [4, 8]}, {}),
    "text": (write_texts, "textcnn", {"embedding_dim": 4, "num_filters": 3}, {"max_tokens": 12}),
    "speech": (write_sounds, "ds_cnn_s", {"width": 4}, {"clip_seconds": 0.2, "num_mels": 8}),
}


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """The table of each kind."""
    found = {}
    for kind, (write, *_) in KINDS.items():
        folder = tmp_path_factory.mktemp(kind)
        rows = write(folder, np.random.default_rng(0))
        found[kind] = folder / "rows.csv"
        found[kind].write_text("\n".join(rows) + "\n", encoding="utf-8")
    return found


def recipe(kind, table, *, targets="brightness", **changes):
    _, model, arguments, task = KINDS[kind]
    columns = {"target_column": targets} | ({} if kind == "text" else {"file_column": "file"})
    values = {
        "name": f"{kind}/numbers",
        "summary": "Numbers.",
        "task": {"name": "regression", "arguments": {"loss": "huber", **task}},
        "data": {"name": str(table), "validation_fraction": 0.3, "arguments": columns},
        "model": {"name": model, "arguments": arguments},
        "regularization": {"preset": "none"},
        "optimizer": {"name": "adamw", "learning_rate": 0.02},
        "training": {"epochs": 3, "batch_size": 8, "select": "last"},
    }
    made = Recipe.parse(values, source="test")
    return made.with_values(changes) if changes else made


@pytest.fixture(scope="module")
def runs(tables, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return {
        kind: train(recipe(kind, table), run_dir=folder / kind, progress=False)
        for kind, table in tables.items()
    }


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_is_complete_and_reloads(runs, kind):
    run = runs[kind]
    again = load(run.path)
    assert again.assets == run.assets
    metrics = run.metrics["metrics"]
    assert list(metrics) == ["mae", "rmse", "r2", "spearman"]
    assert metrics["mae"]["low"] < metrics["mae"]["value"] < metrics["mae"]["high"]
    assert "targets" not in run.metrics  # there is one
    assert again.evaluate()["metrics"] == metrics
    made = run.assets.extra["intervals"]
    assert made["half_width"]["brightness"] > 0 and made["examples"] >= 9


@pytest.mark.parametrize("kind", KINDS)
def test_predictions_have_an_interval_in_the_unit_of_the_data(runs, tables, kind):
    given = {"image": "0.png", "speech": "0.wav"}
    value = "more more more less" if kind == "text" else tables[kind].with_name(given[kind])
    ((item,),) = [result["predictions"] for result in runs[kind].predict([value])]
    width = runs[kind].assets.extra["intervals"]["half_width"]["brightness"]
    assert item["target"] == "brightness"
    assert item["high"] - item["value"] == pytest.approx(width) == item["value"] - item["low"]
    assert runs[kind].embed([value]).shape[0] == 1


@pytest.mark.parametrize("kind", KINDS)
def test_the_report_has_the_pictures_of_numbers_and_none_of_classes(runs, kind):
    pictures = {path.stem for path in runs[kind].path.glob("*.png")}
    assert {"predictions", "largest_errors", "learning_curves"} <= pictures
    assert not {"confusion_matrix", "reliability", "mistakes"} & pictures
    page = (runs[kind].path / "report.html").read_text(encoding="utf-8")
    assert "predicted against true" in page and "Covered on test" in page
    assert "Confusion" not in page and "Calibration" not in page
    card = (runs[kind].path / "README.md").read_text(encoding="utf-8")
    assert "Predicts brightness for inputs like those of" in card
    assert "What it writes" not in card


def test_numbers_are_learnt(runs):
    assert runs["image"].metrics["metrics"]["r2"]["value"] > 0.3


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_resumes_bit_for_bit(tables, tmp_path, kind):
    made = recipe(kind, tables[kind], **{"training.epochs": 2})
    whole = prepare(made)
    fit(whole, tmp_path / "whole", resume=False, progress=False)
    training = made.training.model_copy(update={"epochs": 1})
    short = replace(prepare(made), recipe=made.model_copy(update={"training": training}))
    fit(short, tmp_path / "parts", resume=False, progress=False)
    resumed = prepare(made)
    fit(resumed, tmp_path / "parts", resume=True, progress=False)
    expected, found = tensor_keys(whole.model), tensor_keys(resumed.model)
    for key, variable in expected.items():
        np.testing.assert_array_equal(found[key].numpy(), variable.numpy())


@pytest.mark.parametrize("kind", KINDS)
def test_an_exported_file_gives_the_same_numbers(runs, tmp_path, kind):
    facts = export(runs[kind], output=tmp_path / "out", examples=6)
    assert facts["parity"]["equal"] == facts["parity"]["of"] == 6
    assert facts["parity"]["word"] == "numbers"
    assets = json.loads((tmp_path / "out" / "assets.json").read_text(encoding="utf-8"))
    assert assets["targets"] == ["brightness"]
    assert assets["y"]["brightness"]["deviation"] > 0
    page = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert '["deviation"]' in page and "standardised" in page


def test_several_targets_are_scored_together_and_one_by_one(tables, tmp_path):
    made = recipe("image", tables["image"], targets=["double", "brightness"])
    run = train(made, run_dir=tmp_path / "run", progress=False)
    assert list(run.metrics["targets"]) == ["brightness", "double"]
    parts = [entry["mae"]["value"] for entry in run.metrics["targets"].values()]
    assert run.metrics["metrics"]["mae"]["value"] == pytest.approx(np.mean(parts))
    assert run.evaluate()["targets"] == run.metrics["targets"]
    (result,) = run.predict([tables["image"].with_name("3.png")])
    assert [item["target"] for item in result["predictions"]] == ["brightness", "double"]
    page = (run.path / "report.html").read_text(encoding="utf-8")
    assert "double: residuals" in page
    shown = CliRunner().invoke(app, ["predict", str(run.path), str(tables["image"].parent)])
    assert shown.exit_code == 0 and "double" in shown.output
    saved = tmp_path / "all.csv"
    picture = str(tables["image"].with_name("3.png"))
    told = CliRunner().invoke(app, ["predict", str(run.path), picture, "--csv", str(saved)])
    assert told.exit_code == 0, told.output
    header = saved.read_text(encoding="utf-8").splitlines()[0]
    assert "brightness,brightness_low,brightness_high,double" in header


def test_too_few_validation_examples_give_no_interval_and_say_so(tables, tmp_path):
    made = recipe("text", tables["text"], **{"data.validation_fraction": 0.1, "training.epochs": 1})
    run = train(made, run_dir=tmp_path / "run", progress=False)
    assert run.assets.extra["intervals"]["examples"] < 9
    ((item,),) = [result["predictions"] for result in run.predict(["more"])]
    assert (item["low"], item["high"]) == (None, None)
    page = (run.path / "report.html").read_text(encoding="utf-8")
    assert "There are no prediction intervals" in page and "9 or more" in page


@pytest.mark.slow
def test_a_fine_tune_takes_new_targets_or_keeps_the_head(runs, tables, tmp_path):
    folder = tmp_path / "other"
    folder.mkdir()
    rows = write_images(folder, np.random.default_rng(5))
    (folder / "rows.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    how = {"epochs": 2, "progress": False, "training.batch_size": 8}
    columns = ["data.arguments.file_column=file"]
    same = finetune(
        runs["image"], folder / "rows.csv", *columns, "data.arguments.target_column=brightness",
        run_dir=tmp_path / "same", **how,
    )  # fmt: skip
    assert same.assets.y == runs["image"].assets.y
    new = finetune(
        runs["image"], folder / "rows.csv", *columns, "data.arguments.target_column=double",
        run_dir=tmp_path / "new", **how,
    )  # fmt: skip
    assert list(new.assets.y) == ["double"]
    assert new.assets.y["double"].mean != runs["image"].assets.y["brightness"].mean


def test_a_classifier_is_fine_tuned_to_predict_numbers(tables, tmp_path):
    run = finetune(
        "cnn_small.digits", tables["image"], "task.name=regression",
        "data.arguments.file_column=file", "data.arguments.target_column=brightness",
        run_dir=tmp_path / "run", epochs=2, progress=False,
    )  # fmt: skip
    assert run.task.name == "regression" and list(run.assets.numbers) == ["brightness"]
