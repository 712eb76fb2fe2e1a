"""Simple models of numbers and of several labels: each figure equals scikit-learn's, called by hand."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import (
    average_precision_score,
    f1_score,
    log_loss,
    mean_absolute_error,
    r2_score,
)
from sklearn.multiclass import OneVsRestClassifier

from recipes.baseline import label_sets, numbers, texts
from recipes.baseline.beside import baseline
from recipes.training.train import train
from zoo.columns import Image, Labels, Number, Text
from zoo.data.dataset import Dataset, Split
from zoo.data.load import load_dataset
from zoo.errors import DataError
from zoo.metrics.multilabel import best_threshold
from zoo.words import split_words

COUNTS = {"train": 80, "validation": 40, "test": 50}
TOLD = np.array(["good", "bad", "long", "short"])


def reviews(count, seed):
    """Texts of words, each of which says something of the numbers and is a label."""
    random = np.random.default_rng(seed)
    chosen = random.random((count, len(TOLD))) < 0.5
    lines = [" ".join(random.permutation([*TOLD[row], "film", "plot"])) for row in chosen]
    marks = chosen @ [3.0, -2.0, 0.5, 0.0] + random.normal(0, 0.2, count)
    minutes = 90 + chosen @ [0.0, 0.0, 40.0, -30.0]
    return Split(
        {
            "text": lines,
            "marks": marks.tolist(),
            "minutes": minutes.tolist(),
            "tags": [TOLD[row].tolist() for row in chosen],
        }
    )


def data_of(**targets):
    splits = {name: reviews(n, s) for s, (name, n) in enumerate(COUNTS.items())}
    kept = {
        name: Split({key: split.columns[key] for key in ("text", *targets)})
        for name, split in splits.items()
    }
    features = {"text": Text(), **targets}
    licence = {"licence": "none stated", "source": "own", "classes": ()}
    return Dataset(name="made up", splits=kept, features=features, **licence)


def tfidf(dataset):
    """Return TF-IDF features of each split, fitted on train."""
    how = {"tokenizer": split_words, "token_pattern": None, "ngram_range": (1, 2)}
    made = TfidfVectorizer(sublinear_tf=True, max_features=texts.MOST_NGRAMS, **how)
    made.fit(dataset.splits["train"].columns["text"])
    return {name: made.transform(s.columns["text"]) for name, s in dataset.splits.items()}


def test_numbers_equal_scikit_learn():
    dataset = data_of(marks=Number(), minutes=Number())
    found = {model["name"]: model["metrics"] for model in baseline(dataset)["models"]}
    truth = {
        name: np.stack([split.columns[key] for key in ("marks", "minutes")], axis=-1)
        for name, split in dataset.splits.items()
    }
    mean, deviation = truth["train"].mean(axis=0), truth["train"].std(axis=0)
    features = tfidf(dataset)
    scaled = {name: (values - mean) / deviation for name, values in truth.items()}
    errors = []
    for alpha in numbers.STRENGTHS:
        model = Ridge(alpha=alpha, tol=1e-8).fit(features["train"], scaled["train"])
        guess = model.predict(features["validation"])
        errors.append(((guess - scaled["validation"]) ** 2).mean())
    alpha = numbers.STRENGTHS[int(np.argmin(errors))]
    model = Ridge(alpha=alpha, tol=1e-8).fit(features["train"], scaled["train"])
    guess = model.predict(features["test"]) * deviation + mean
    ridge = found["ridge regression on TF-IDF"]
    assert ridge["mae"]["value"] == pytest.approx(mean_absolute_error(truth["test"], guess))
    assert ridge["r2"]["value"] == pytest.approx(r2_score(truth["test"], guess))
    constant = np.tile(mean, (COUNTS["test"], 1))
    assert found["mean of train"]["mae"]["value"] == pytest.approx(
        mean_absolute_error(truth["test"], constant)
    )
    assert ridge["mae"]["value"] < 0.5 * found["mean of train"]["mae"]["value"]


def test_several_labels_equal_scikit_learn():
    dataset = data_of(tags=Labels(tuple(TOLD)))
    found = {model["name"]: model["metrics"] for model in baseline(dataset)["models"]}
    truth = {
        name: np.array([[label in row for label in TOLD] for row in split.columns["tags"]], int)
        for name, split in dataset.splits.items()
    }
    features, losses, made = tfidf(dataset), [], {}
    for strength in texts.REGRESSION_STRENGTHS:
        binary = LogisticRegression(C=strength, solver="liblinear", max_iter=300)
        made[strength] = OneVsRestClassifier(binary).fit(features["train"], truth["train"])
        scores = made[strength].predict_proba(features["validation"])
        columns = [
            log_loss(truth["validation"][:, k], scores[:, k], labels=[0, 1]) for k in range(4)
        ]
        losses.append(np.mean(columns))
    model = made[texts.REGRESSION_STRENGTHS[int(np.argmin(losses))]]
    compared, scores = (model.predict_proba(features[name]) for name in ("validation", "test"))
    thresholds = [best_threshold(compared[:, k], truth["validation"][:, k]) for k in range(4)]
    metrics = found["TF-IDF and logistic regression, one for each label"]
    expected = f1_score(truth["test"], scores >= thresholds, average="macro")
    assert metrics["macro_f1"]["value"] == pytest.approx(expected)
    expected = average_precision_score(truth["test"], scores, average="macro")
    assert metrics["map"]["value"] == pytest.approx(expected)
    frequent = found["frequencies of the labels"]
    assert frequent["map"]["value"] == pytest.approx(truth["test"].mean(axis=0).mean())


def test_the_cross_entropy_of_several_labels_equals_scikit_learns():
    random = np.random.default_rng(0)
    scores, truth = random.random((30, 3)), random.integers(0, 2, (30, 3))
    expected = np.mean([log_loss(truth[:, k], scores[:, k], labels=[0, 1]) for k in range(3)])
    assert label_sets.cross_entropy(scores, truth) == pytest.approx(expected)


def test_a_label_that_train_never_or_always_has_is_no_obstacle():
    splits = {name: reviews(n, s) for s, (name, n) in enumerate(COUNTS.items())}
    for split in splits.values():
        split.columns["tags"] = [["always", *tags] for tags in split.columns["tags"]]
    columns = {
        name: Split({k: s.columns[k] for k in ("text", "tags")}) for name, s in splits.items()
    }
    features = {"text": Text(), "tags": Labels((*TOLD, "always", "never"))}
    facts = {"classes": (), "licence": "none stated", "source": "own"}
    dataset = Dataset(name="made up", splits=columns, features=features, **facts)
    assert [model["metrics"]["macro_f1"]["value"] > 0.5 for model in baseline(dataset)["models"]]


def test_images_without_labels_have_no_simple_model():
    image = np.zeros((4, 8, 8, 1), "uint8")
    splits = {name: Split({"image": image}) for name in COUNTS}
    facts = {"classes": (), "licence": "none stated", "source": "own"}
    dataset = Dataset(name="x", splits=splits, features={"image": Image((8, 8, 1))}, **facts)
    with pytest.raises(DataError, match="no simple model"):
        baseline(dataset)


@pytest.mark.parametrize(
    ("recipe", "constant", "fitted"),
    [
        ("image/digit_pairs-cnn-sum", "mean of train", "ridge regression on pixels"),
        pytest.param(
            "image/digit_pairs-cnn",
            "frequencies of the labels",
            "logistic regression on pixels, one for each label",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_run_has_them_beside_its_network(tmp_path, recipe, constant, fitted):
    values = {"data.max_examples": 200, "training.epochs": 1, "schedule.warmup_epochs": 0}
    run = train(recipe, run_dir=tmp_path / "run", progress=False, **values)
    found = run.metrics["baselines"]
    names = [model["name"] for model in found["models"]]
    assert names[:2] == [constant, fitted]
    assert found["outcome"] in ("beats", "within", "does not beat")
    assert fitted in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")


def test_digit_pairs_alone_are_taken_as_several_labels():
    dataset = load_dataset("digit_pairs").with_validation(fraction=0.1, seed=0).limited(150)
    result = baseline(dataset)
    assert result["metric"] == "macro_f1"
    assert len(result["models"]) == 3
