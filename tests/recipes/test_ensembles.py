"""An ensemble answers with the mean of its members, in Python and as a file of another runtime."""

import importlib.util
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from recipes.ensembles.chosen import ensemble
from recipes.ensembles.ensemble import Ensemble, mean_prediction
from recipes.ensembles.graph import combined_assets, combined_model
from recipes.export.export import export
from recipes.export.runtimes import open_exported
from recipes.objects import make_model, make_task
from recipes.repeats.repeat import repeat
from recipes.runs.generate import generate
from recipes.runs.run import Run, load
from recipes.training.finetune import finetune
from recipes.values.load import load_recipe
from zoo.columns import Label, Labels, Number, Spec
from zoo.columns.assets import Assets
from zoo.data.load import load_dataset
from zoo.errors import ArgumentError, RunError
from zoo.tasks.base import Task
from zoo.tasks.decision import THRESHOLD
from zoo.weights import save_model_weights

TINY = load_recipe(
    "image/digits-cnn",
    "model.arguments.widths=[4,8]",
    "schedule.warmup_epochs=0",
    "optimizer.learning_rate=0.02",
    "regularization.preset=none",
)
QUICK = {"smoke": True, "progress": False}


@pytest.fixture(scope="module")
def seeds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "seeds"
    return repeat(TINY, seeds=[1, 2], run_dir=folder, **QUICK)


@pytest.fixture(scope="module")
def images():
    return [load_dataset("digits").splits["test"][i]["image"] for i in range(12)]


def by_label(results):
    return [{p["label"]: p["probability"] for p in result["predictions"]} for result in results]


def all_probabilities(run, images):
    """What a run says of each image, (N, 10)."""
    x = {"image": np.stack(images).astype("float32")}
    return run.task.decode(run.model, x, run.assets)


def test_the_folder_of_seeds_loads_as_the_mean_of_its_runs(seeds, images):
    found = load(seeds.path)
    assert isinstance(found, Ensemble) and found.kind == "seeds"
    assert [member.sha256 for member in found.members] == [run.sha256 for run in seeds.runs]
    mean = np.mean([all_probabilities(run, images) for run in seeds.runs], axis=0)
    for row, said in zip(mean, by_label(found.predict(images)), strict=True):
        assert list(said) == [str(k) for k in np.argsort(-row, kind="stable")[:5]]
        assert list(said.values()) == pytest.approx(np.sort(row)[::-1][:5], abs=1e-6)


def test_one_graph_of_all_members_says_what_their_mean_says(seeds, images):
    found = load(seeds.path)
    mean = np.mean([all_probabilities(run, images) for run in seeds.runs], axis=0)
    np.testing.assert_allclose(all_probabilities(found, images), mean, atol=2e-6)
    assert found.sha256 != seeds.runs[0].sha256


@pytest.mark.parametrize("format", ["saved_model", "onnx", "litert"])
def test_an_export_equals_the_predictions(seeds, images, tmp_path, format):
    needed = {"onnx": "onnxruntime", "litert": "ai_edge_litert"}.get(format)
    if needed and importlib.util.find_spec(needed) is None:
        pytest.skip(f"{needed} is not installed")
    facts = export(seeds.path, format=format, output=tmp_path / "file", examples=40)
    assert facts["parity"]["equal"] == facts["parity"]["of"] == 40
    assert facts["parity"]["max_difference"] < 1e-4
    logits = open_exported(tmp_path / "file" / facts["file"], format)(
        {"image": np.stack(images).astype("float32")}
    )["logits"]
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
    mean = np.mean([all_probabilities(run, images) for run in seeds.runs], axis=0)
    np.testing.assert_allclose(probabilities, mean, atol=1e-5)
    page = (tmp_path / "file" / "README.md").read_text(encoding="utf-8")
    assert "an ensemble of 2 networks (cnn_small, trained with image/digits-cnn)" in page


def test_views_and_lists_work_and_a_temperature_is_refused(seeds, images):
    both = load(seeds.path)
    each = [
        by_label(run.predict(images[:3], tta=2, top=10))
        for run in (load(run.path) for run in seeds.runs)
    ]
    for i, said in enumerate(by_label(both.predict(images[:3], tta=2, top=10))):
        assert said == pytest.approx(
            {k: (each[0][i][k] + each[1][i][k]) / 2 for k in said}, abs=2e-6
        )
    (result,) = both.predict(images[:1], top=1, threshold=1.0)
    assert len(result["predictions"]) == 1 and result["uncertain"] is True
    plain = both.evaluate()["metrics"]["loss"]["value"]
    assert both.evaluate(tta=1)["metrics"]["loss"]["value"] != plain
    for ask in (both.evaluate, lambda **how: both.predict(images[:1], **how)):
        with pytest.raises(ArgumentError, match="an ensemble, for which no temperature"):
            ask(calibrated=True)
    with pytest.raises(ArgumentError, match="an ensemble, for which no temperature"):
        export(seeds.path, calibrated=True)


def test_seeds_are_scored_by_their_mean_on_the_test_split(seeds):
    result = load(seeds.path).evaluate()
    assert result["split"] == "test" and result["data_as_trained"]
    assert result["metrics"] == seeds.summary["ensemble"]


def test_inputs_that_cannot_be_read_have_an_error_and_the_others_a_mean(seeds, images, tmp_path):
    results = load(seeds.path).predict([images[0], tmp_path / "no.png"], keep_going=True)
    assert results[0]["predictions"] and "error" not in results[0]
    assert results[1]["predictions"] == [] and "no.png" in results[1]["error"]["problem"]


# --- folds of texts: each has a vocabulary of its own


@pytest.fixture(scope="module")
def text_folds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("texts")
    generator = np.random.default_rng(0)
    words = [f"word{i}" for i in range(40)]
    rows = [
        f"{' '.join(generator.choice(words, 4))} {'good' if i % 2 else 'bad'},{i % 2}"
        for i in range(90)
    ]
    (folder / "rows.csv").write_text("text,label\n" + "\n".join(rows) + "\n")
    recipe = load_recipe("text/docstrings-textcnn").with_values(
        {
            "data.name": str(folder / "rows.csv"),
            "model.arguments": {"embedding_dim": 4, "num_filters": 4},
            "task.arguments.vocabulary_size": 300,
        }
    )
    return repeat(recipe, folds=2, run_dir=folder / "folds", **QUICK)


def test_folds_are_scored_where_they_have_not_trained(text_folds):
    result = load(text_folds.path).evaluate()
    assert (result["split"], result["examples"]) == ("out of fold", 90)
    assert result["metrics"] == text_folds.summary["out_of_fold"]
    assert any("not of their mean" in note for note in result["notes"])


def test_members_with_their_own_vocabularies_predict_and_are_not_exported(text_folds, tmp_path):
    vocabularies = {json.dumps(run.assets.to_dict()["x"]) for run in text_folds.runs}
    assert len(vocabularies) == 2
    found = load(text_folds.path)
    text = "word1 word2 good"
    singly = [by_label(run.predict([text]))[0] for run in text_folds.runs]
    together = by_label(found.predict([text]))[0]
    for label in together:
        assert together[label] == pytest.approx(np.mean([one[label] for one in singly]), abs=2e-6)
    with pytest.raises(RunError, match="encode text differently") as caught:
        export(text_folds.path, output=tmp_path / "file")
    assert "--seeds" in caught.value.fix
    assert not (tmp_path / "file").exists()


def test_folds_are_scored_by_their_mean_on_other_data(text_folds, tmp_path):
    rows = [f"{word} {'good' if label else 'bad'},{label}" for word in "abcd" for label in (0, 1)]
    (tmp_path / "more.csv").write_text("text,label\n" + "\n".join(rows) + "\n")
    result = load(text_folds.path).evaluate(data=tmp_path / "more.csv")
    assert (result["split"], result["examples"], result["data_as_trained"]) == ("test", 8, False)


# --- of runs that the user names


def test_an_ensemble_names_its_members_and_moves_with_them(seeds, images, tmp_path):
    runs = [shutil.copytree(run.path, tmp_path / "place" / run.path.name) for run in seeds.runs]
    made = ensemble(*runs, output=tmp_path / "place" / "both")
    before = made.predict(images)
    shutil.move(tmp_path / "place", tmp_path / "moved")
    again = load(tmp_path / "moved" / "both")
    assert by_label(again.predict(images)) == by_label(before)
    assert again.evaluate()["metrics"].keys() == seeds.summary["ensemble"].keys()
    with_weight = ensemble(again, "cnn_small.digits", output=tmp_path / "three")
    assert len(with_weight.members) == 3
    assert load(tmp_path / "three").members[2].name == "cnn_small.digits"


def test_a_member_that_was_trained_again_is_refused(seeds, tmp_path):
    runs = [shutil.copytree(run.path, tmp_path / run.path.name) for run in seeds.runs]
    ensemble(*runs, output=tmp_path / "both")
    shutil.rmtree(runs[0])
    shutil.copytree(seeds.runs[1].path, runs[0])
    with pytest.raises(RunError, match="has other weights than"):
        load(tmp_path / "both")


def test_members_must_answer_the_same_question(seeds, tmp_path):
    for others, problem in (
        (["textcnn.docstrings"], "differ in their task"),
        ([], "of 1 model"),
    ):
        with pytest.raises(RunError, match=problem):
            ensemble(seeds.runs[0].path, *others, output=tmp_path / "made")
    with pytest.raises(RunError, match="language_modeling cannot be averaged"):
        ensemble("gpt_nano.pydoc", "gpt_nano.tiny_shakespeare", output=tmp_path / "made")
    with pytest.raises(ArgumentError, match="named twice"):
        ensemble(seeds.runs[0].path, seeds.runs[0].path, output=tmp_path / "made")
    assert not (tmp_path / "made").exists()


def test_what_takes_one_model_refuses_an_ensemble(seeds, tmp_path):
    from recipes.runs.by_name import embed

    for call in (
        lambda: finetune(seeds.path, "digits", run_dir=tmp_path / "fine"),
        lambda: generate(seeds.path, "a"),
        lambda: embed(seeds.path, [np.zeros((8, 8, 1), "uint8")]),
    ):
        with pytest.raises(RunError, match="is an ensemble of 2 models") as caught:
            call()
        assert "seed-1" in caught.value.fix


# --- the graph, for each kind of answer


def members_of(task, assets, count=3):
    """Models of random weights with the inputs of a task."""
    import keras

    keras.utils.set_random_seed(0)
    shape = (6,)
    models = []
    for _ in range(count):
        x = keras.Input(shape, name="numbers")
        logits = keras.layers.Dense(len(assets.outputs))(keras.layers.Dense(8, "tanh")(x))
        models.append(keras.Model({"numbers": x}, {"logits": 3 * logits}))
    return models


def kinds():
    from zoo.tasks.image_classification import ImageClassification
    from zoo.tasks.multilabel_classification import MultilabelClassification
    from zoo.tasks.regression import Regression

    x = {"numbers": Spec((6,), "float32")}
    number = [Number(mean=m, deviation=d) for m, d in ((3.0, 2.0), (5.0, 0.5), (-1.0, 4.0))]
    sets = Labels(("a", "b", "c"))
    thresholds = [
        dict(zip("abc", values, strict=True))
        for values in ((0.2, 0.5, 0.9), (0.4, 0.5, 0.7), (0.3, 0.2, 0.8))
    ]
    return {
        "classes": (ImageClassification(), [Assets(x, {"label": Label(("a", "b"))})] * 3),
        "two classes, by a threshold": (
            ImageClassification(),
            [
                Assets(x, {"label": Label(("a", "b"))}, {THRESHOLD: {"value": v, "positive": "b"}})
                for v in (0.1, 0.3, 0.35)
            ],
        ),
        "labels": (
            MultilabelClassification(),
            [Assets(x, {"labels": sets}, {"thresholds": one}) for one in thresholds],
        ),
        "numbers": (
            Regression(),
            [
                Assets(
                    x, {"far": one, "near": number[0]}, {"intervals": {"half_width": {"far": 1}}}
                )
                for one in number
            ],
        ),
    }


def test_the_mean_threshold_decides_over_the_mean_probability():
    task, assets = kinds()["two classes, by a threshold"]
    found = mean_prediction(
        [[[[0.7, np.nan], [0.3, one.extra[THRESHOLD]["value"]]]] for one in assets]
    )
    together = combined_assets(assets)
    assert together.extra[THRESHOLD]["value"] == pytest.approx(0.25)
    assert task.describe(found[0], together)[0]["label"] == "b"


@pytest.mark.parametrize("kind", ["classes", "two classes, by a threshold", "labels", "numbers"])
def test_the_graph_decodes_to_the_mean_of_the_members(kind):
    task, assets = kinds()[kind]
    models = members_of(task, assets[0])
    x = {"numbers": np.random.default_rng(1).normal(0, 3, (20, 6)).astype("float32")}
    singly = [task.decode(model, x, one) for model, one in zip(models, assets, strict=True)]
    whole, together = combined_model(models, assets), combined_assets(assets)
    np.testing.assert_allclose(
        task.decode(whole, x, together), mean_prediction(singly), rtol=1e-5, atol=2e-6
    )
    assert "intervals" not in together.extra


def test_certain_members_stay_finite_in_the_graph():
    import keras

    task, assets = kinds()["classes"]
    models = []
    for sign in (1, -1):
        x = keras.Input((6,), name="numbers")
        weights = keras.layers.Dense(2, kernel_initializer="ones")(x)
        models.append(
            keras.Model({"numbers": x}, {"logits": weights * np.array([sign, -sign]) * 1e3})
        )
    found = task.decode(
        combined_model(models, assets), {"numbers": np.ones((1, 6), "float32")}, assets[0]
    )
    np.testing.assert_allclose(found, [[0.5, 0.5]], atol=1e-6)


def test_another_precision_is_exported_in_float32(tmp_path):
    members = []
    for seed in (1, 2):
        recipe = TINY.with_values({"training.precision": "mixed_bfloat16", "training.seed": seed})
        task: Task = make_task(recipe)
        data = load_dataset("digits")
        assets = task.fit(data.splits["train"], features=data.features, classes=data.classes)
        path = tmp_path / f"{seed}.safetensors"
        sha256 = save_model_weights(path, make_model(recipe, task, assets))
        members.append(
            Run(name=f"run {seed}", recipe=recipe, assets=assets, metrics={}, weights_path=path,
                sha256=sha256)
        )  # fmt: skip
    found = Ensemble(members, kind="seeds", path=tmp_path)
    layers = found.float32_model()._flatten_layers()
    assert {one.compute_dtype for one in layers} == {"float32"}
    with pytest.raises(RunError, match="encode image differently"):
        other = members[1].assets
        bigger = replace(other, x={"image": other.x["image"].shaped((16, 16, 1))})
        members[1].assets = bigger
        Ensemble(members, kind="seeds", path=tmp_path).model  # noqa: B018
