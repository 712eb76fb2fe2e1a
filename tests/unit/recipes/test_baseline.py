"""Simple models beside a network: each number equals scikit-learn's, called by hand."""

import json
import shutil

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, log_loss
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from recipes.baseline import fit, images, shallow, sounds, texts
from recipes.baseline.beside import baseline
from recipes.baseline.verdict import verdict
from recipes.runs.run import load
from recipes.training.train import train
from zoo.columns import Audio, Image, Label, Text
from zoo.data.dataset import Dataset, Split
from zoo.data.load import load_dataset
from zoo.errors import DataError
from zoo.layers.log_mel import LogMel
from zoo.metrics.base import Metric
from zoo.words import split_words

ACCURACY, LOSS = Metric("accuracy"), Metric("loss", "min", "nats")


def data_of(features, splits, classes=("a", "b")):
    labels = {"label": Label(classes)} if classes else {}
    return Dataset(
        name="made up",
        splits=splits,
        features=features | labels,
        classes=classes,
        licence="none stated",
        source="own",
    )


def reviews(count, seed, classes=2):
    """Texts in which one word in three speaks for the class."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, count)
    words = np.array(["film", "plot", "actor", "scene", "!"])
    told = np.array(["good", "bad", "strange", "long"])
    lines = []
    for label in labels:
        own = told[[label if random.random() < 0.7 else random.integers(classes) for _ in range(2)]]
        lines.append(" ".join(random.permutation([*own, *random.choice(words, 4)])))
    return Split({"text": lines, "label": labels})


def of_reviews(classes=2):
    names = ("good", "bad", "strange", "long")[:classes]
    splits = {name: reviews(n, s, classes) for s, (name, n) in enumerate(COUNTS.items())}
    return data_of({"text": Text()}, splits, names)


COUNTS = {"train": 80, "validation": 30, "test": 40}


def by_hand(make, strengths, train, validation, test):
    """Choose C by the cross-entropy on validation, fit on train, and return answers on test."""
    losses = []
    for strength in strengths:
        model = make(strength).fit(*train)
        found = model.predict_proba(validation[0])
        losses.append(log_loss(validation[1], found, labels=model.classes_))
    model = make(strengths[int(np.argmin(losses))]).fit(*train)
    return model.predict_proba(test[0])


def check(entry, expected, truth):
    """Compare the metrics of a simple model with those of scikit-learn on the same answers."""
    values = {name: metric["value"] for name, metric in entry["metrics"].items()}
    assert values["accuracy"] == pytest.approx(accuracy_score(truth, expected.argmax(axis=1)))
    macro = f1_score(truth, expected.argmax(axis=1), average="macro")
    assert values["macro_f1"] == pytest.approx(macro)
    assert values["loss"] == pytest.approx(log_loss(truth, expected), rel=1e-6)


def test_the_majority_class_equals_scikit_learns():
    dataset = load_dataset("digits")
    entry = baseline(dataset)["models"][0]
    labels, truth = (dataset.with_validation(fraction=0.1, seed=0).splits[k].labels for k in SIDES)
    expected = DummyClassifier(strategy="prior").fit(labels[:, None], labels)
    check(entry, expected.predict_proba(truth[:, None]), truth)


SIDES = ("train", "test")


def test_pixels_equal_scikit_learn():
    dataset = load_dataset("digits").with_validation(fraction=0.1, seed=0).limited(200)
    entry = baseline(dataset)["models"][1]
    assert entry["name"] == "logistic regression on pixels"
    parts = [
        (split.columns["image"].reshape(len(split), -1) / np.float32(255), split.labels)
        for split in (dataset.splits[name] for name in COUNTS)
    ]
    expected = by_hand(
        lambda c: LogisticRegression(C=c, max_iter=300), (1e-3, 1e-2, 1e-1, 1, 10, 100), *parts
    )
    check(entry, expected, parts[-1][1])


def test_gradients_point_where_the_brightness_changes():
    picture = np.zeros((1, 16, 16, 1), "uint8")
    picture[:, :, 8:] = 255  # an edge: brighter to the right, orientation 0
    found = images.gradients(picture).reshape(-1, 4, 9)
    assert found[..., 1:].max() == 0
    assert found[..., 0].max() > 0.3
    turned = images.gradients(picture.transpose(0, 2, 1, 3)).reshape(-1, 4, 9)
    assert set(np.flatnonzero(turned.max(axis=(0, 1)))) <= {4, 5}  # 90 degrees: between two bins
    np.testing.assert_allclose(turned[..., 4], turned[..., 5])


def test_gradients_ignore_contrast_and_know_colours():
    random = np.random.default_rng(0)
    gray = random.integers(0, 120, (3, 20, 20, 1), dtype="uint8")
    np.testing.assert_allclose(images.gradients(gray), images.gradients(gray * 2), atol=1e-3)
    red = np.zeros((1, 20, 20, 3), "uint8")
    red[..., 0] = 255
    colours = images.gradients(red)[0, -64:]
    assert colours[48] == 1 and colours.sum() == 1


@pytest.mark.parametrize("shape", [(1, 1, 1), (15, 42, 3), (16, 31, 1), (3, 50, 3), (32, 32, 3)])
def test_gradients_of_any_size_are_finite_and_of_one_length(shape):
    pictures = np.random.default_rng(0).integers(0, 256, (3, *shape), dtype="uint8")
    found = images.gradients(pictures)
    assert np.isfinite(found).all()
    side = 4 if min(shape[:2]) >= 16 else 2
    rows, columns = (max(2, -(-size // side)) for size in shape[:2])
    assert found.shape == (3, 36 * (rows - 1) * (columns - 1) + 64 * (shape[2] == 3))


def test_gradients_of_many_images_are_those_of_each(monkeypatch):
    pictures = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 1), dtype="uint8")
    whole = images.gradients(pictures)
    monkeypatch.setattr(images, "AT_ONCE", 2)
    np.testing.assert_array_equal(images.gradients(pictures), whole)


def test_images_of_many_sizes_are_brought_to_one():
    pictures = [np.full((20 + i, 50, 3), 10 * i, "uint8") for i in range(4)]
    split = Split({"image": pictures, "label": np.zeros(4, "int64")})
    values = images.values_of(split, Image(), "image", [0, 3])
    assert values.shape == (2, 32, 32, 3)
    assert values[1].max() == 30


@pytest.mark.parametrize("classes", [2, 4])
def test_tf_idf_equals_scikit_learn(classes):
    dataset = of_reviews(classes)
    entry = baseline(dataset)["models"][1]
    assert entry["name"] == "TF-IDF and logistic regression"
    vectors = TfidfVectorizer(
        sublinear_tf=True, tokenizer=split_words, token_pattern=None, ngram_range=(1, 2)
    ).fit(dataset.splits["train"].columns["text"])
    parts = [
        (vectors.transform(split.columns["text"]), split.labels)
        for split in (dataset.splits[name] for name in COUNTS)
    ]
    expected = by_hand(
        lambda c: OneVsRestClassifier(LogisticRegression(C=c, solver="liblinear", max_iter=300)),
        (0.1, 1, 10, 100),
        *parts,
    )
    check(entry, expected, parts[-1][1])


def test_the_naive_bayes_svm_equals_scikit_learn():
    dataset = of_reviews()
    entry = baseline(dataset)["models"][2]
    assert entry["name"] == "naive-Bayes SVM"
    known = {"accuracy", "macro_f1", "balanced_accuracy", "mcc"}
    assert set(entry["metrics"]) == known  # it has no probabilities
    vectors = CountVectorizer(
        binary=True, tokenizer=split_words, token_pattern=None, ngram_range=(1, 2)
    )
    train, validation, test = (dataset.splits[name] for name in COUNTS)
    counts = vectors.fit_transform(train.columns["text"]).toarray()
    p, q = (1 + counts[train.labels == label].sum(axis=0) for label in (1, 0))
    r = np.log((p / p.sum()) / (q / q.sum()))

    def answers(strength, texts):
        svm = LinearSVC(C=strength, max_iter=300, random_state=0).fit(counts * r, train.labels)
        w = svm.coef_[0]
        w = 0.75 * np.abs(w).mean() + 0.25 * w
        return (vectors.transform(texts).toarray() * r) @ w + svm.intercept_[0] > 0

    errors = [
        np.mean(answers(c, validation.columns["text"]) != validation.labels)
        for c in (0.01, 0.1, 1.0)
    ]
    chosen = (0.01, 0.1, 1.0)[int(np.argmin(errors))]
    expected = np.mean(answers(chosen, test.columns["text"]) == test.labels)
    assert entry["metrics"]["accuracy"]["value"] == pytest.approx(expected)
    assert entry["told"].startswith(f"C = {chosen:g}, ")


def clips(count, seed):
    """Tones of two pitches amid noise, of different lengths."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, count)
    waves = []
    for label in labels:
        t = np.arange(random.integers(1500, 4000)) / 8000
        tone = np.sin(2 * np.pi * (400, 1200)[label] * t)
        waves.append((0.1 * tone + random.normal(0, 0.2, len(t))).astype("float32"))
    return Split({"audio": waves, "label": labels})


def test_log_mel_equals_the_layer_and_scikit_learn():
    splits = {name: clips(n, s) for s, (name, n) in enumerate(COUNTS.items())}
    entry = baseline(data_of({"audio": Audio(8000)}, splits))["models"][1]
    layer = LogMel(8000, fft_size=512)
    parts = []
    for split in splits.values():
        bins = [np.asarray(layer(clip[None]))[0] for clip in split.columns["audio"]]
        values = [np.concatenate([each.mean(axis=0), each.std(axis=0)]) for each in bins]
        parts.append((np.stack(values), split.labels))
    scaler = StandardScaler().fit(parts[0][0])
    parts = [(scaler.transform(values), labels) for values, labels in parts]
    expected = by_hand(
        lambda c: LogisticRegression(C=c, max_iter=300), (1e-3, 1e-2, 1e-1, 1, 10, 100), *parts
    )
    assert entry["metrics"]["loss"]["value"] == pytest.approx(
        log_loss(parts[-1][1], expected), abs=1e-3
    )
    assert entry["metrics"]["accuracy"]["value"] == accuracy_score(
        parts[-1][1], expected.argmax(axis=1)
    )


@pytest.mark.parametrize("rate", [1_000, 8_000, 44_100])
def test_sounds_of_any_rate_and_shorter_than_a_window_have_features(rate):
    for samples in (3, rate):
        found = sounds.log_mel(np.ones(samples, "float32"), sample_rate_hz=rate)
        assert np.isfinite(found).all() and found.shape[1] == 40


def test_a_unigram_costs_the_entropy_of_the_frequencies():
    documents = {"train": ["abab abab"], "validation": ["ab ab ab"], "test": ["aabb" * 30 + "?"]}
    splits = {name: Split({"text": lines}) for name, lines in documents.items()}
    result = baseline(data_of({"text": Text()}, splits, ()))
    assert result["metric"] == "loss"
    [entry] = result["models"]
    assert entry["name"] == "unigram of characters"
    # Vocabulary: unknown, newline, blank, a, b; one more of each than train has.
    likely = {"unknown": 1 / 14, "a": 5 / 14, "b": 5 / 14}
    unknown = -np.log(likely["unknown"]) + np.log(0x110000 - 4)
    expected = (-59 * np.log(likely["a"]) - 60 * np.log(likely["b"]) + unknown) / 120
    assert entry["metrics"]["loss"]["value"] == pytest.approx(expected, rel=1e-6)


def test_the_same_data_gives_the_same_numbers():
    first, second = (baseline(of_reviews(4)) for _ in range(2))
    for result in (first, second):
        for entry in result["models"]:
            entry.pop("seconds")
    assert first == second


def test_of_large_data_a_part_is_fitted_and_the_table_says_so(monkeypatch):
    monkeypatch.setattr(images, "MOST_EXAMPLES", 150)
    result = baseline("digits")
    assert result["models"][1]["examples"] == 150
    assert result["models"][0]["examples"] > 1000  # the majority class takes all
    assert "fitted on 150 of 1,295 training examples, spread evenly" in result["notes"][0]
    monkeypatch.setattr(shallow, "MOST_WORK", 64 * 10 * 20)
    result = baseline("digits")
    assert [entry["name"] for entry in result["models"]] == ["majority class"]
    assert "left out, as 10 classes take too long" in result["notes"][0]


def test_training_examples_of_one_class_give_the_majority_class_alone():
    splits = of_reviews().splits
    ones = splits["train"].take(np.flatnonzero(splits["train"].labels == 1))
    result = baseline(data_of({"text": Text()}, dict(splits, train=ones)))
    assert [entry["name"] for entry in result["models"]] == ["majority class"]
    assert "one class" in result["notes"][0]


def test_a_class_that_train_lacks_has_no_probability():
    splits = of_reviews().splits
    answers = list(
        fit.fit_baselines(data_of({"text": Text()}, splits, ("good", "bad", "x")), notes=[])
    )
    for each in answers:
        assert each.answers.shape == (40, 3)
        assert each.answers[:, 2].max() == 0
        np.testing.assert_allclose(each.answers.sum(axis=1), 1)


@pytest.mark.parametrize("text", [None, "", " \n"])
def test_absent_and_blank_texts_are_data_errors(text):
    split = Split({"text": ["some words", text], "label": np.array([0, 1])})
    with pytest.raises(DataError, match="example #1 is empty or absent"):
        texts.values_of(split, Text(), "text", [0, 1])


def test_texts_of_marks_alone_are_fitted():
    marks = Split({"text": ["?!", "\N{ZERO WIDTH SPACE}"] * 20, "label": np.array([0, 1] * 20)})
    result = baseline(data_of({"text": Text()}, dict.fromkeys(COUNTS, marks)))
    assert [entry["metrics"]["accuracy"]["value"] for entry in result["models"][1:]] == [1, 1]


def test_data_that_no_simple_model_takes_is_refused():
    split = Split({"audio": [np.ones(9, "float32")] * 3})
    dataset = data_of({"audio": Audio(8000)}, dict.fromkeys(COUNTS, split), ())
    with pytest.raises(DataError, match="no simple model for made up, which holds sounds"):
        baseline(dataset)
    with pytest.raises(DataError, match="no test split"):
        baseline(data_of({"audio": Audio(8000)}, {"train": split}, ()))


def shallow_entry(value, low, high, name="logistic regression"):
    return {"name": name, "metrics": {"accuracy": {"value": value, "low": low, "high": high}}}


MODELS = [shallow_entry(0.1, 0.05, 0.2, "majority class"), shallow_entry(0.9, 0.85, 0.94)]


@pytest.mark.parametrize(
    "value, outcome, words",
    [
        (0.95, "beats", "The network beats the best simple model, logistic regression: accuracy "
         "95.00 % against 90.00 %, 95 % interval 85.00–94.00 %."),
        (0.94, "within", "lies within the interval of the best simple model"),
        (0.85, "within", "may be chance"),
        (0.84, "does not beat", "Take the simple model, or find out"),
        (float("nan"), "does not beat", "not a number against 90.00 %"),
    ],
)  # fmt: skip
def test_the_verdict_says_whether_the_network_is_worth_it(value, outcome, words):
    found = verdict(MODELS, {"value": value}, ACCURACY)
    assert found.outcome == outcome
    assert words in found.sentence


@pytest.mark.parametrize(
    "value, outcome", [(1.0, "beats"), (2.0, "within"), (3.0, "does not beat")]
)
def test_smaller_is_better_where_the_metric_says_so(value, outcome):
    entry = {"value": 2.1, "low": 1.9, "high": 2.3}
    worse = {"value": 9.0, "low": 8.9, "high": 9.3}
    models = [{"name": k, "metrics": {"loss": v}} for k, v in (("bad", worse), ("unigram", entry))]
    found = verdict(models, {"value": value}, LOSS)
    assert found.outcome == outcome
    assert "unigram" in found.sentence


def test_without_an_interval_the_value_decides_and_without_models_nothing():
    models = [shallow_entry(0.9, None, None)]
    assert verdict(models, {"value": 0.91}, ACCURACY).outcome == "beats"
    assert verdict(models, {"value": 0.89}, ACCURACY).outcome == "does not beat"
    assert verdict([], {"value": 0.89}, ACCURACY) is None


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A short run, long enough to have simple models beside it."""
    values = {
        "data.max_examples": 240,
        "model.arguments": {"widths": [4, 8]},
        "training.epochs": 1,
        "training.steps_per_epoch": 2,
        "training.batch_size": 16,
        "schedule.warmup_epochs": 0,
    }
    folder = tmp_path_factory.mktemp("beside") / "run"
    return train("image/digits-cnn", run_dir=folder, progress=False, **values)


def test_a_run_keeps_and_shows_its_simple_models(run):
    found = run.metrics["baselines"]
    names = [entry["name"] for entry in found["models"]]
    assert names == [
        "majority class",
        "logistic regression on pixels",
        "logistic regression on gradients",
    ]
    assert found["outcome"] == "does not beat"
    page = (run.path / "report.html").read_text(encoding="utf-8")
    card = (run.path / "README.md").read_text(encoding="utf-8")
    for text in (page, card):
        assert "logistic regression on pixels" in text
        assert "The network does not beat the best simple model" in text
    dataset = run.dataset()
    again = baseline(dataset)["models"]
    for old, new in zip(found["models"], again, strict=True):
        assert old["metrics"] == new["metrics"]


def test_a_run_without_them_loads(run, tmp_path):
    folder = tmp_path / "old"
    shutil.copytree(run.path, folder)
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    del metrics["baselines"]
    (folder / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    old = load(folder)
    assert "baselines" not in old.metrics
    assert old.evaluate()["metrics"] == run.metrics["metrics"]


def test_a_file_that_is_gone_does_not_end_a_run(run, monkeypatch):
    from recipes.baseline import beside
    from recipes.objects import make_task

    def gone(*arguments, **keywords):
        raise DataError("a.png can no longer be read.")

    monkeypatch.setattr(beside, "fit_baselines", gone)
    how = {"network": run.metrics["metrics"], "progress": False}
    task = make_task(run.recipe)
    found = beside.beside(run.dataset(), task, run.assets, **how)
    assert found == {
        "models": [],
        "notes": ["There is no simple model: a.png can no longer be read."],
    }

    def fault(*arguments, **keywords):
        raise TypeError("ours")

    monkeypatch.setattr(beside, "fit_baselines", fault)
    with pytest.raises(TypeError):  # a fault of kerazoo is not hidden
        beside.beside(run.dataset(), task, run.assets, **how)
