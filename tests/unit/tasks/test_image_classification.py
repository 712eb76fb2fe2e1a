"""Image classification: its loss and scores are those of Keras and scikit-learn."""

import math

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sklearn import metrics

from zoo.columns import Image as Images
from zoo.columns import Label
from zoo.columns.assets import Assets
from zoo.columns.image import fit_image
from zoo.data.dataset import Split
from zoo.errors import DataError
from zoo.metrics.classification import CalibrationError
from zoo.regularization import NONE, Regularization
from zoo.tasks.image_classification import ImageClassification

ASSETS = Assets(
    x={"image": Images((4, 6, 1))},
    y={"label": Label(tuple("abcdefg"))},
)


def task_with(*, label_smoothing=0.0):
    return ImageClassification(regularization=Regularization(label_smoothing=label_smoothing))


def drawn(*, count=12, num_classes=5, seed=0):
    generator = np.random.default_rng(seed)
    logits = generator.normal(size=(count, num_classes)).astype("float32") * 3
    return logits, generator.integers(num_classes, size=count)


def softmax(logits):
    exponentials = np.exp(logits - logits.max(-1, keepdims=True))
    return exponentials / exponentials.sum(-1, keepdims=True)


# --- loss


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1, 0.6])
@pytest.mark.parametrize("kind", ["integer labels", "soft labels"])
def test_the_loss_is_that_of_keras(label_smoothing, kind):
    logits, labels = drawn()
    one_hot = np.eye(5, dtype="float32")[labels]
    mixed = one_hot if kind == "integer labels" else 0.7 * one_hot + 0.3 * np.roll(one_hot, 1, 0)
    given = labels if kind == "integer labels" else mixed
    theirs = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=label_smoothing)
    ours = task_with(label_smoothing=label_smoothing).loss({"label": given}, {"logits": logits})
    assert float(ours["loss"]) == pytest.approx(float(theirs(mixed, logits)), rel=1e-5)


def test_the_loss_of_integer_labels_is_the_sparse_one_of_keras():
    logits, labels = drawn()
    theirs = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(labels, logits)
    ours = task_with().loss({"label": labels}, {"logits": logits})
    assert float(ours["loss"]) == pytest.approx(float(theirs), rel=1e-5)


def test_accuracy_in_training_counts_the_heavier_label_of_a_mixture():
    logits = np.float32([[0, 5, 0], [5, 0, 0]])
    mixed = np.float32([[0.3, 0.7, 0], [0.3, 0.7, 0]])
    assert float(task_with().loss({"label": mixed}, {"logits": logits})["accuracy"]) == 0.5


# --- score


@pytest.mark.parametrize("seed", range(5))
def test_scores_are_those_of_scikit_learn(seed):
    logits, labels = drawn(count=60, num_classes=7, seed=seed)
    labels[labels == 3] = 2  # a class that is guessed but never true
    probabilities = softmax(logits.astype("float64"))
    guesses = probabilities.argmax(-1)
    scores = task_with().score(probabilities, {"label": labels})
    assert scores["accuracy"] == pytest.approx(metrics.accuracy_score(labels, guesses))
    assert scores["macro_f1"] == pytest.approx(metrics.f1_score(labels, guesses, average="macro"))
    log_loss = metrics.log_loss(labels, probabilities, labels=range(7))
    assert scores["loss"] == pytest.approx(log_loss)
    assert all(type(value) is float for value in scores.values())


def test_a_certain_mistake_costs_much_but_not_infinitely_much():
    scores = task_with().score(np.float64([[1, 0], [1, 0]]), {"label": np.array([0, 1])})
    assert scores["accuracy"] == 0.5
    assert 10 < scores["loss"] < 20


def test_a_model_that_diverged_scores_nothing():
    scores = task_with().score(np.float64([[0.5, 0.5], [np.nan, 1]]), {"label": np.array([0, 1])})
    assert {"accuracy", "macro_f1", "balanced_accuracy", "mcc", "loss", "ece"} == set(scores)
    assert all(map(math.isnan, scores.values()))


def calibration_by_loop(confidence, right, bins=15):
    """1706.04599, equation 3, written down again: bins of equal width, the last one closed."""
    total = 0.0
    for i in range(bins):
        inside = [
            (c, r)
            for c, r in zip(confidence, right, strict=True)
            if i / bins <= c < (i + 1) / bins or (i == bins - 1 and c == 1)
        ]
        if inside:
            mean_confidence = sum(c for c, _ in inside) / len(inside)
            accuracy = sum(r for _, r in inside) / len(inside)
            total += len(inside) / len(confidence) * abs(accuracy - mean_confidence)
    return total


def calibration_error(confidence, right):
    return float(CalibrationError()({"confidence": confidence, "right": right}))


# 997 is prime: no value but 0 and 1 lies on the edge of a bin, where rounding decides.
@given(st.lists(st.tuples(st.integers(0, 997), st.booleans()), min_size=1, max_size=60))
@settings(max_examples=200, deadline=None)
def test_calibration_error_is_that_of_a_plain_loop(pairs):
    confidence, right = [c / 997 for c, _ in pairs], [r for _, r in pairs]
    ours = calibration_error(np.array(confidence), np.array(right))
    assert ours == pytest.approx(calibration_by_loop(confidence, right), abs=1e-9)


def test_calibration_error_of_a_perfect_and_of_a_boastful_model():
    right = np.arange(100) < 80
    assert calibration_error(np.full(100, 0.8), right) == pytest.approx(0)
    assert calibration_error(np.full(100, 1.0), right) == pytest.approx(0.2)


# --- decode and describe


class Answers:
    """Stands for a model that answers with given logits."""

    def __init__(self, logits):
        self.logits = logits

    def predict_on_batch(self, x):
        return {"logits": self.logits}


@pytest.mark.parametrize("scale", [1.0, 1e4, 3e38])
def test_probabilities_sum_to_one_however_large_the_logits(scale):
    logits = np.float32([[1, -1, 0.5], [0, 0, 0]]) * np.float32(scale)
    before = logits.copy()
    probabilities = task_with().decode(Answers(logits), {}, ASSETS)
    assert probabilities.sum(-1) == pytest.approx([1, 1], abs=1e-12)
    assert probabilities[0].argmax() == 0
    assert probabilities[1] == pytest.approx([1 / 3] * 3)
    np.testing.assert_array_equal(logits, before)


def test_probabilities_are_the_softmax_of_the_logits():
    logits, _ = drawn()
    ours = task_with().decode(Answers(logits), {}, ASSETS)
    assert ours == pytest.approx(softmax(logits.astype("float64")))


def test_a_description_names_the_five_likeliest_classes_in_order():
    probabilities = np.array([0.05, 0.4, 0.1, 0.05, 0.2, 0.15, 0.05])
    items = task_with().describe(probabilities, ASSETS)
    assert [item["label"] for item in items] == ["b", "e", "f", "c", "a"]  # ties by class order
    assert [item["probability"] for item in items] == [0.4, 0.2, 0.15, 0.1, 0.05]


def test_a_description_of_few_classes_names_them_all():
    assets = ASSETS.with_classes(("no", "yes"))
    assert len(task_with().describe(np.array([0.25, 0.75]), assets)) == 2


# --- examples


def picture(*shape, seed=0):
    return np.random.default_rng(seed).integers(256, size=shape, dtype="uint8")


def test_gray_becomes_rgb_by_repetition():
    gray = picture(5, 7, 1)
    np.testing.assert_array_equal(fit_image(gray, (5, 7, 3)), np.repeat(gray, 3, axis=-1))
    np.testing.assert_array_equal(fit_image(gray[..., 0], (5, 7, 3)), np.repeat(gray, 3, axis=-1))


def test_rgb_becomes_gray_by_luma():
    color = picture(5, 7, 3)
    gray = fit_image(color, (5, 7, 1))
    np.testing.assert_array_equal(gray[..., 0], np.asarray(Image.fromarray(color).convert("L")))
    luma = color @ np.array([0.299, 0.587, 0.114])  # ITU-R 601
    assert gray[..., 0] == pytest.approx(luma, abs=1)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(4, 9), (20, 11)])
def test_resizing_is_bilinear_with_antialiasing(channels, size):
    image = picture(12, 10, channels)
    resized = fit_image(image, (*size, channels))
    assert resized.shape == (*size, channels)
    assert resized.dtype == np.uint8
    flat = Image.fromarray(image[..., 0] if channels == 1 else image)
    theirs = np.asarray(flat.resize(size[::-1], Image.Resampling.BILINEAR))
    np.testing.assert_array_equal(resized, theirs.reshape(*size, channels))


def test_an_image_that_fits_is_left_as_it_is():
    image = picture(4, 6, 1)
    assert fit_image(image, (4, 6, 1)) is image


@pytest.mark.parametrize(
    "image",
    [
        picture(4, 6, 1) / np.float32(255),
        picture(4, 6, 4),
        picture(2, 4, 6, 3),
        picture(0, 6, 3),
        np.array("seven.png"),
    ],
    ids=["float", "four channels", "a batch", "no pixels", "a path"],
)
def test_what_is_no_image_of_bytes_is_refused(image):
    with pytest.raises(DataError, match="uint8"):
        fit_image(image, (4, 6, 1))


def test_encoding_gives_what_the_assets_declare():
    x, y = task_with().encode({"image": picture(9, 9, 3), "label": 3}, ASSETS, None)
    assert x["image"].shape == (4, 6, 1)
    assert x["image"].dtype == np.uint8
    assert y["label"] == 3
    assert y["label"].dtype == np.int64


def test_an_example_without_a_label_can_be_encoded():
    x, y = task_with().encode({"image": picture(4, 6, 1)}, ASSETS, None)
    assert set(x) == {"image"}
    assert y == {}


@pytest.mark.parametrize(
    ("shape", "image_size", "expected"),
    [
        ((28, 30, 1), None, (28, 30, 1)),
        ((28, 30, 1), 32, (32, 32, 1)),
        ((None, None, 3), None, (224, 224, 3)),
        ((None, None, None), 64, (64, 64, 3)),
    ],
)
def test_the_size_is_the_datas_own_unless_it_varies_or_another_is_asked_for(
    shape, image_size, expected
):
    split = Split({"image": [picture(4, 4, 1)], "label": np.array([0])})
    task = ImageClassification(image_size=image_size, regularization=NONE)
    assets = task.fit(split, features={"image": Images(shape)}, classes=("one", "two"))
    assert assets.x["image"].shape == expected
    assert assets.classes == ("one", "two")
