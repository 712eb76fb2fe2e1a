"""Several labels: losses as their papers have them, thresholds, and what an answer lists."""

import json

import numpy as np
import pytest

from zoo import testing
from zoo.columns import Image, Label, Labels
from zoo.columns.assets import Assets
from zoo.data.dataset import Split
from zoo.errors import DataError, UnknownNameError
from zoo.regularization import Regularization
from zoo.tasks.multilabel_classification import MultilabelClassification

CLASSES = ("cat", "dog", "indoors")
FEATURES = {"image": Image((4, 4, 1)), "tags": Labels(CLASSES)}


def split(count=6):
    tags = [("cat",), ("dog", "indoors"), ()] * (count // 3)
    return Split({"image": np.zeros((count, 4, 4, 1), "uint8"), "tags": tags})


def fitted(**arguments):
    task = MultilabelClassification(**arguments)
    return task, task.fit(split(), features=FEATURES, classes=())


def log_loss(truth, p):
    return -np.log(p) if truth else -np.log(1 - p)


def focal(truth, p):
    weight, right = (0.25, p) if truth else (0.75, 1 - p)
    return weight * (1 - right) ** 2 * -np.log(right)


def asymmetric(truth, p):
    shifted = max(p - 0.05, 0)
    return -np.log(p) if truth else -(shifted**4) * np.log(1 - shifted)


@pytest.mark.parametrize(
    ("loss", "of"), [(None, log_loss), ("focal", focal), ("asymmetric", asymmetric)]
)
def test_losses_are_those_of_the_papers(loss, of):
    logits = np.array([[0.3, -2.0, 4.0], [-4.0, 1.0, 0.0]], "float32")
    truth = np.array([[1, 0, 1], [0, 0, 1]], "float32")
    probability = 1 / (1 + np.exp(-logits))
    expected = np.mean([of(t, p) for t, p in zip(truth.flat, probability.flat, strict=True)])
    task = MultilabelClassification(loss=loss)
    found = float(task.loss({"labels": truth}, {"logits": logits})["loss"])
    assert found == pytest.approx(float(expected), rel=1e-4)


@pytest.mark.parametrize("loss", MultilabelClassification.losses)
def test_no_logit_is_too_large_for_a_loss(loss):
    import tensorflow as tf

    logits = tf.Variable([[1000.0, -1000.0, 1000.0, -1000.0]])
    with tf.GradientTape() as tape:
        truth = {"labels": np.array([[1, 0, 0, 1]], "float32")}
        value = MultilabelClassification(loss=loss).loss(truth, {"logits": logits})["loss"]
    assert np.isfinite(float(value))
    assert np.isfinite(tape.gradient(value, logits).numpy()).all()


def test_smoothing_moves_both_answers_and_the_divergence_is_symmetric():
    task = MultilabelClassification(regularization=Regularization(label_smoothing=0.2))
    logits = {"logits": np.array([[2.0, -1.0]], "float32")}
    p = 1 / (1 + np.exp(-logits["logits"][0]))
    expected = np.mean(
        [0.9 * log_loss(1, p[0]) + 0.1 * log_loss(0, p[0]),
         0.1 * log_loss(1, p[1]) + 0.9 * log_loss(0, p[1])]
    )  # fmt: skip
    found = task.loss({"labels": np.array([[1, 0]], "float32")}, logits)["loss"]
    assert float(found) == pytest.approx(float(expected), rel=1e-5)
    other = {"logits": np.zeros((1, 2), "float32")}
    one, two = task.divergence(logits, other), task.divergence(other, logits)
    assert 0 < float(one) == pytest.approx(float(two))


def test_labels_are_encoded_and_assets_survive_json():
    task, assets = fitted()
    assert assets.outputs == CLASSES
    assert assets.classes == ()  # of one class for each example
    assert task.encode(split()[1], assets, None)[1]["labels"].tolist() == [0, 1, 1]
    assert Assets.from_dict(json.loads(json.dumps(assets.to_dict()))) == assets
    with pytest.raises(DataError, match=r"no class 'dgo'[^§]*dog"):
        task.encode({**split()[1], "tags": ("dgo",)}, assets, None)


def test_the_task_keeps_the_contract_and_lists_what_reaches_its_threshold():
    task, assets = fitted()
    generator = np.random.default_rng(0)
    truths = {"labels": (generator.random((40, 3)) < 0.5).astype("float32")}
    scores = np.clip(0.5 * truths["labels"] + 0.5 * generator.random((40, 3)), 0, 1)
    predictions = np.stack([scores, np.full_like(scores, 0.5)], axis=-1)
    testing.check_metrics(task, predictions, truths)
    noise = np.stack([generator.random((40, 3)), np.full_like(scores, 0.5)], axis=-1)
    testing.check_mode(task, predictions, noise, truths)
    found = task.calibrated(predictions, truths, assets).extra["thresholds"]
    assert list(found) == list(CLASSES)
    assert all(0 < value < 1 for value in found.values())
    prediction = np.array([[0.4, 0.3], [0.9, 0.5], [0.2, 0.5]])
    assert task.describe(prediction, assets) == [
        {"label": "dog", "probability": 0.9, "threshold": 0.5},
        {"label": "cat", "probability": 0.4, "threshold": 0.3},
    ]
    assert task.describe(np.array([[0.1, 0.5]] * 3), assets) == []


def test_what_has_no_label_sets_is_refused():
    with pytest.raises(DataError, match=r"several labels[^§]*label \(labels\)[^§]*label_separator"):
        MultilabelClassification().fit(
            split(), features={"image": Image((4, 4, 1)), "label": Label(("a", "b"))}, classes=()
        )
    with pytest.raises(DataError, match="1 label"):
        MultilabelClassification().fit(
            split(), features={"image": Image((4, 4, 1)), "tags": Labels(("a",))}, classes=()
        )
    with pytest.raises(UnknownNameError, match="asymmetric"):
        MultilabelClassification(loss="asymetric")
