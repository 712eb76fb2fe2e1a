"""Several labels for images, texts and sounds: a run trains, resumes, predicts, exports, reports."""

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

COUNT, LABELS = 80, ("left", "right")


def label_sets(generator):
    return [tuple(name for name in LABELS if generator.random() < 0.5) for _ in range(COUNT)]


def write_images(folder, generator):
    """Gray pictures, bright on the sides that the labels name."""
    rows = ["file,label"]
    for i, held in enumerate(label_sets(generator)):
        pixels = generator.integers(0, 80, (8, 8, 1))
        for k, name in enumerate(LABELS):
            pixels[:, 4 * k : 4 * k + 4] += 150 * (name in held)
        write_png(folder / f"{i}.png", pixels.astype("uint8"))
        rows.append(f"{i}.png,{';'.join(held)}")
    return rows


def write_texts(folder, generator):
    """Texts that hold the words that are their labels."""
    rows = ["text,label"]
    for held in label_sets(generator):
        words = [*held, *generator.choice(["so", "and", "then", "up"], 4)]
        rows.append(f"{' '.join(words)},{';'.join(held)}")
    return rows


def write_sounds(folder, generator):
    """A low and a high tone, by label."""
    rows, time = ["file,label"], np.arange(1600) / 8000
    for i, held in enumerate(label_sets(generator)):
        wave = generator.normal(0, 0.01, len(time))
        for name, hertz in zip(LABELS, (300, 2000), strict=True):
            wave += 0.3 * (name in held) * np.sin(2 * np.pi * hertz * time)
        write_wav(folder / f"{i}.wav", wave.astype("float32"), sample_rate_hz=8000)
        rows.append(f"{i}.wav,{';'.join(held)}")
    return rows


KINDS = {
    "image": (write_images, "cnn_small", {"widths": [4, 8]}, {}),
    "text": (write_texts, "textcnn", {"embedding_dim": 8, "num_filters": 8}, {"max_tokens": 12}),
    "speech": (write_sounds, "ds_cnn_s", {"width": 4}, {"clip_seconds": 0.2, "num_mels": 8}),
}


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """The table of each kind."""
    found = {}
    for kind, (write, *_) in KINDS.items():
        folder = tmp_path_factory.mktemp(kind)
        found[kind] = folder / "rows.csv"
        rows = write(folder, np.random.default_rng(0))
        found[kind].write_text("\n".join(rows) + "\n", encoding="utf-8")
    return found


def recipe(kind, table, **changes):
    _, model, arguments, task = KINDS[kind]
    columns = {"label_separator": ";"} | ({} if kind == "text" else {"file_column": "file"})
    values = {
        "name": f"{kind}/labels",
        "summary": "Labels.",
        "task": {"name": "multilabel_classification", "arguments": task},
        "data": {"name": str(table), "validation_fraction": 0.4, "arguments": columns},
        "model": {"name": model, "arguments": arguments},
        "regularization": {"preset": "none"},
        "optimizer": {"name": "adamw", "learning_rate": 0.02},
        "training": {"epochs": 4, "batch_size": 8, "select": "last"},
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
def test_a_run_is_complete_and_reloads_with_its_thresholds(runs, kind):
    run = runs[kind]
    again = load(run.path)
    assert again.assets == run.assets
    assert list(again.assets.extra["thresholds"]) == list(LABELS)
    assert list(run.metrics["metrics"]) == ["macro_f1", "micro_f1", "map"]
    assert again.evaluate()["metrics"] == run.metrics["metrics"]


@pytest.mark.parametrize("kind", KINDS)
def test_answers_list_labels_above_their_thresholds(runs, tables, kind):
    given = {"image": "0.png", "speech": "0.wav"}
    value = "left so" if kind == "text" else tables[kind].with_name(given[kind])
    (result,) = runs[kind].predict([value])
    for item in result["predictions"]:
        assert item["label"] in LABELS
        assert item["probability"] >= item["threshold"] > 0


@pytest.mark.parametrize("kind", KINDS)
def test_the_report_has_a_table_of_classes_and_labels_together(runs, kind):
    pictures = {path.stem for path in runs[kind].path.glob("*.png")}
    assert {"labels_together", "wrong_labels"} <= pictures
    assert not {"confusion_matrix", "reliability", "mistakes", "predictions"} & pictures
    page = (runs[kind].path / "report.html").read_text(encoding="utf-8")
    assert "Average precision" in page and "Which labels occur together" in page
    card = (runs[kind].path / "README.md").read_text(encoding="utf-8")
    assert "Labels: left, right." in card and "What it writes" not in card


def test_labels_are_learnt(runs):
    assert runs["text"].metrics["metrics"]["map"]["value"] > 0.8


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
def test_an_exported_file_gives_the_same_logits(runs, tmp_path, kind):
    facts = export(runs[kind], output=tmp_path / "out", examples=6)
    assert facts["parity"]["equal"] == facts["parity"]["of"] == 6
    assets = json.loads((tmp_path / "out" / "assets.json").read_text(encoding="utf-8"))
    assert assets["labels"] == list(LABELS) == list(assets["extra"]["thresholds"])
    page = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert '["thresholds"]' in page and "sigmoid" in page


def test_the_command_line_shows_labels_or_that_there_is_none(runs, tmp_path):
    saved = tmp_path / "all.csv"
    texts = ["left right", "so then and so"]
    told = CliRunner().invoke(app, ["predict", str(runs["text"].path), *texts, "--csv", str(saved)])
    assert told.exit_code == 0, told.output
    assert "left;right" in saved.read_text(encoding="utf-8").replace("right;left", "left;right")
    shown = CliRunner().invoke(app, ["predict", str(runs["text"].path), "so then and so"])
    assert shown.exit_code == 0
    assert any(word in shown.output for word in ("no label", *LABELS))


def test_images_are_mixed_with_their_labels(tables, tmp_path):
    changes = {"regularization.mixup_alpha": 0.4, "training.epochs": 1}
    run = train(recipe("image", tables["image"], **changes), run_dir=tmp_path / "r", progress=False)
    assert 0 <= run.metrics["metrics"]["map"]["value"] <= 1


def test_a_classifier_is_fine_tuned_to_give_several_labels(tables, tmp_path):
    run = finetune(
        "cnn_small.digits", tables["image"], "task.name=multilabel_classification",
        "data.arguments.file_column=file", "data.arguments.label_separator=;",
        run_dir=tmp_path / "run", epochs=2, progress=False,
    )  # fmt: skip
    assert run.assets.outputs == LABELS
