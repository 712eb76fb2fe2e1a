"""A head that is fitted on features: the right one, computed once, and a run like any other."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, LeaveOneOut, cross_val_predict
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from recipes.runs.run import load
from recipes.training import linear_probe
from recipes.training.finetune import finetune, finetuning_recipe
from recipes.training.linear_heads import (
    ABSENT,
    ALPHAS,
    STRENGTHS,
    class_head,
    label_head,
    number_head,
)
from recipes.training.setup import prepare
from recipes.training.train import train
from recipes.values.load import load_recipe
from zoo.columns.readers.images import write_png
from zoo.data.load import load_dataset
from zoo.errors import RecipeError, RunError
from zoo.weights import read_tensors, tensor_keys

SOURCE = "cnn_small.digits"


@pytest.fixture(autouse=True)
def _own_features(tmp_path, monkeypatch):
    monkeypatch.setenv("ZOO_FEATURES_DIR", str(tmp_path / "features"))


@pytest.fixture(scope="module")
def parity(tmp_path_factory):
    """Digits as even and odd: 20 of each to learn from, 40 of each to test."""
    folder = tmp_path_factory.mktemp("data") / "parity"
    for part, most in (("train", 20), ("test", 40)):
        written = {"even": 0, "odd": 0}
        for example in load_dataset("digits").splits[part]:
            name = ("even", "odd")[int(example["label"]) % 2]
            if written[name] < most:
                write_png(folder / part / name / f"{written[name]}.png", example["image"])
                written[name] += 1
    return folder


def answers(head, features):
    return (features @ head.kernel + head.bias).astype("float64")


def blobs(classes, each, size=6):
    generator = np.random.default_rng(0)
    labels = np.repeat(np.arange(classes), each)
    centres = 3 * generator.normal(size=(classes, size))
    return (5 + centres[labels] + generator.normal(size=(len(labels), size))).astype(
        "float32"
    ), labels


@pytest.mark.parametrize("classes", [2, 4])
def test_the_head_gives_scikit_learn_s_probabilities(classes):
    features, labels = blobs(classes, 20)
    features[:, 0] = 7  # a feature that never varies
    head = class_head(features, labels, classes=classes)
    strength = float(head.told.split()[2])
    assert strength in STRENGTHS
    reference = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=1000))
    logits = answers(head, features)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    expected = reference.fit(features, labels).predict_proba(features)
    np.testing.assert_allclose(shares, expected, atol=1e-4)


def test_a_class_without_examples_is_never_predicted():
    features, labels = blobs(3, 10)
    head = class_head(features, labels + 1, classes=5)
    assert set(answers(head, features).argmax(axis=1)) == {1, 2, 3}


def test_a_class_with_a_single_example_and_a_single_class_can_be_fitted():
    features, labels = blobs(2, 10)
    head = class_head(features[:11], labels[:11], classes=2)
    assert "single example" in head.told
    assert np.isfinite(head.kernel).all()
    head = class_head(features[:10], labels[:10], classes=2)
    assert head.told == "all of one class"
    assert answers(head, features).argmax(axis=1).max() == 0


@pytest.fixture(scope="module")
def several():
    """Features, three labels that they tell something of, and two numbers."""
    generator = np.random.default_rng(2)
    features = (4 + generator.normal(size=(60, 8)) * np.arange(1, 9)).astype("float32")
    scaled = (features - features.mean(axis=0)) / features.std(axis=0)
    numbers = scaled @ generator.normal(size=(8, 3)) + generator.normal(size=(60, 3))
    return features, (numbers > [-1, 0, 1]).astype("float32"), numbers[:, :2].astype("float32")


def test_the_head_of_several_labels_gives_scikit_learn_s_probabilities(several):
    features, labels, _ = several
    head = label_head(features, labels)
    costs = []
    for strength in STRENGTHS:
        logistic = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=1000))
        folds = KFold(5, shuffle=True, random_state=0)
        how = {"method": "predict_proba", "cv": folds}
        found = cross_val_predict(OneVsRestClassifier(logistic), features, labels, **how)
        costs.append(-np.log(np.where(labels == 1, found, 1 - found)).mean())
    chosen = STRENGTHS[int(np.argmin(costs))]
    assert head.told == f"C = {chosen:g} by 5-fold cross-validation"
    logistic = make_pipeline(StandardScaler(), LogisticRegression(C=chosen, max_iter=1000))
    expected = OneVsRestClassifier(logistic).fit(features, labels).predict_proba(features)
    np.testing.assert_allclose(1 / (1 + np.exp(-answers(head, features))), expected, atol=1e-4)


def test_labels_that_all_or_no_examples_have_need_no_features(several):
    features, labels, _ = several
    labels = np.hstack([labels, np.zeros((60, 1)), np.ones((60, 1))])
    head = label_head(features, labels)
    np.testing.assert_array_equal(head.bias[3:], [-ABSENT, ABSENT])
    assert not head.kernel[:, 3:].any() and head.kernel[:, :3].any()
    head = label_head(features, labels[:, 3:])
    assert "no label tells examples apart" in head.told


def test_the_head_of_numbers_gives_scikit_learn_s(several):
    features, _, numbers = several
    head = number_head(features, numbers)
    errors = []
    for alpha in ALPHAS:
        ridge = make_pipeline(StandardScaler(), Ridge(alpha=alpha))
        left_out = cross_val_predict(ridge, features, numbers, cv=LeaveOneOut())
        errors.append(np.square(left_out - numbers).mean())
    alpha = ALPHAS[int(np.argmin(errors))]
    assert head.told == f"alpha = {alpha:g} by leave-one-out cross-validation"
    ridge = make_pipeline(StandardScaler(), Ridge(alpha=alpha)).fit(features, numbers)
    np.testing.assert_allclose(answers(head, features), ridge.predict(features), atol=1e-4)


@pytest.mark.parametrize("fit", [label_head, number_head])
def test_an_example_of_weight_nothing_is_as_if_it_were_not_there(several, fit):
    features, labels, numbers = several
    targets, held = (labels if fit is label_head else numbers), np.arange(60) % 3 > 0
    fewer, zeros = fit(features[held], targets[held]), fit(features, targets, sample_weight=held)
    np.testing.assert_array_equal(fewer.kernel, zeros.kernel)
    assert fewer.told == zeros.told


def test_a_few_numbers_get_a_head_too(several):
    features, _, numbers = several
    head = number_head(features[:2], numbers[:2])
    assert "too few examples" in head.told
    assert np.isfinite(answers(head, features)).all()


def test_no_epochs_make_a_run_that_predicts_is_scored_and_loads(parity, tmp_path):
    run = finetune(SOURCE, parity, epochs=0, run_dir=tmp_path / "run", progress=False)
    assert run.recipe.initialization.head == "probe"
    assert run.metrics["metrics"]["accuracy"]["value"] > 0.9
    assert load(run.path).evaluate()["metrics"] == run.metrics["metrics"]
    card = (run.path / "README.md").read_text()
    assert "fitted by logistic regression on 36 examples and" in card
    source, own = read_tensors(load(SOURCE).weights_path)[0], tensor_keys(run.model)
    for key in source:
        if not key.startswith("head_"):
            np.testing.assert_allclose(own[key].numpy(), source[key], atol=1e-3)


@pytest.mark.parametrize(
    ("task", "metric", "least", "fitted_by"),
    [  # the mean of train has an R² of 0, and each digit is on a fifth of the pictures
        ("regression", "r2", 0.1, "ridge regression on"),
        ("multilabel_classification", "macro_f1", 0.4, "logistic regression for each label on"),
    ],
)
def test_numbers_and_several_labels_are_probed_too(task, metric, least, fitted_by, tmp_path):
    run = finetune(
        SOURCE, "digit_pairs", f"task.name={task}", "data.max_examples=400", epochs=0,
        run_dir=tmp_path / "run", progress=False,
    )  # fmt: skip
    assert run.recipe.initialization.head == "probe"
    assert run.metrics["metrics"][metric]["value"] > least
    assert load(run.path).evaluate()["metrics"] == run.metrics["metrics"]
    assert f"fitted by {fitted_by}" in (run.path / "README.md").read_text()


def test_a_probe_cannot_be_continued_and_is_told_what_can(parity, tmp_path):
    finetune(SOURCE, parity, epochs=0, run_dir=tmp_path / "run", progress=False)
    with pytest.raises(RunError, match="linear probe") as caught:
        train(tmp_path / "run", continue_run=True, **{"training.epochs": 2})
    assert f"zoo finetune {SOURCE} --data" in caught.value.fix


def test_features_are_computed_once_and_again_when_damaged(parity, tmp_path, monkeypatch):
    computed = []
    compute = linear_probe._computed
    monkeypatch.setattr(linear_probe, "_computed", lambda *a: computed.append(1) or compute(*a))
    recipe = finetuning_recipe(load(SOURCE), str(parity), epochs=0)
    first = prepare(recipe).model.get_layer("head_logits").kernel.numpy()
    again = prepare(recipe.with_values({"training.seed": 5})).model.get_layer("head_logits")
    assert len(computed) == 1
    np.testing.assert_array_equal(first, again.kernel.numpy())
    (kept,) = (tmp_path / "features").iterdir()
    kept.write_bytes(kept.read_bytes()[:-8])
    prepare(recipe)
    assert len(computed) == 2


def test_features_that_cannot_be_kept_are_computed_all_the_same(parity, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("ZOO_FEATURES_DIR", str(tmp_path / "file" / "features"))
    recipe = finetuning_recipe(load(SOURCE), str(parity), epochs=0)
    assert prepare(recipe).model.get_layer("head_logits").kernel.numpy().any()


def test_other_examples_have_other_features(parity, tmp_path):
    recipe = finetuning_recipe(load(SOURCE), str(parity), epochs=0)
    prepare(recipe)
    prepare(recipe.with_values({"data.max_examples": 20}))
    prepare(recipe.with_values({"task.arguments.image_size": 12}))
    assert len(list((tmp_path / "features").iterdir())) == 3


def test_fine_tuning_can_begin_at_the_fitted_head(parity, tmp_path):
    values = {"initialization.head": "probe", "initialization.frozen_epochs": 0}
    run = finetune(
        SOURCE,
        parity,
        epochs=1,
        run_dir=tmp_path / "run",
        progress=False,
        **values | {"training.steps_per_epoch": 2, "optimizer.learning_rate": 1e-5},
    )
    assert run.metrics["metrics"]["accuracy"]["value"] > 0.9


def test_training_nothing_is_refused():
    with pytest.raises(RecipeError, match="would train nothing"):
        load_recipe("image/digits-cnn").with_values({"training.epochs": 0})


def test_a_language_model_has_no_head_to_fit(parity, tmp_path):
    recipe = load_recipe("text/pydoc-gpt")
    start = {"weights": "gpt_nano.pydoc", "sha256": "0" * 64, "head": "probe"}
    model = recipe.with_values({"initialization": start})
    assert model.initialization.head == "probe"
    with pytest.raises(RecipeError, match="no linear head"):
        linear_probe.fit_head(load("gpt_nano.pydoc").model, load("gpt_nano.pydoc"),
                              load("gpt_nano.pydoc").assets, None)  # fmt: skip


def test_features_that_hold_rounding_only_take_no_weight():
    """all-MiniLM-L6-v2 has features of about 1e-33 beside others of 0.05."""
    random = np.random.default_rng(0)
    labels = np.arange(60) % 3
    living = (random.normal(size=(60, 4)) + labels[:, None]).astype("float32")
    dead = (1e-33 * random.normal(size=(60, 1))).astype("float32")
    features = np.hstack([living, dead])
    numbers = random.normal(size=(60, 1))
    for fit, targets in (
        (lambda x, y: class_head(x, y, classes=3), labels),
        (label_head, np.eye(3)[labels]),
        (number_head, numbers),
    ):
        found, expected = fit(features, targets), fit(living, targets)
        assert (found.kernel[4] == 0).all()
        np.testing.assert_allclose(found.kernel[:4], expected.kernel, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(found.bias, expected.bias, rtol=1e-4, atol=1e-5)
