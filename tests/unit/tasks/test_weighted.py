"""Weights of examples in losses: as scikit-learn has them, and as copies of an example."""

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.metrics import log_loss, mean_absolute_error, mean_squared_error

from zoo.columns import Weight
from zoo.errors import DataError
from zoo.tasks.image_classification import ImageClassification
from zoo.tasks.multilabel_classification import MultilabelClassification
from zoo.tasks.regression import Regression

COUNT, WIDTH = 24, 3


@pytest.fixture
def drawn():
    """Logits, and weights of which some are 0."""
    generator = np.random.default_rng(0)
    weights = generator.integers(0, 4, COUNT).astype("float32")
    return generator.normal(size=(COUNT, WIDTH)).astype("float32"), weights, generator


def loss(task, y, logits, weights):
    y = y if weights is None else {**y, "sample_weight": weights}
    return float(task.loss(y, {"logits": logits})["loss"])


def test_cross_entropy_is_scikit_learns(drawn):
    logits, weights, generator = drawn
    labels = generator.integers(WIDTH, size=COUNT)
    theirs = log_loss(
        labels, softmax(logits.astype("float64"), 1), sample_weight=weights, labels=range(WIDTH)
    )
    ours = loss(ImageClassification(), {"label": labels}, logits, weights)
    assert ours == pytest.approx(theirs, rel=1e-5)


def test_weights_of_classes_multiply_those_of_examples(drawn):
    logits, weights, generator = drawn
    labels, of_classes = generator.integers(WIDTH, size=COUNT), np.array([0.5, 3.0, 1.0])
    theirs = log_loss(
        labels,
        softmax(logits.astype("float64"), 1),
        sample_weight=weights * of_classes[labels],
        labels=range(WIDTH),
    )
    task = ImageClassification().balanced([9, 9, 9], of_classes)
    assert loss(task, {"label": labels}, logits, weights) == pytest.approx(theirs, rel=1e-5)


@pytest.mark.parametrize(
    ("name", "theirs"), [("squared", mean_squared_error), ("absolute", mean_absolute_error)]
)
def test_errors_of_numbers_are_scikit_learns(drawn, name, theirs):
    logits, weights, generator = drawn
    truth = generator.normal(size=(COUNT, WIDTH)).astype("float32")
    y = {f"t{k}": truth[:, k] for k in range(WIDTH)}
    y |= {f"t{k}.scaled": truth[:, k] for k in range(WIDTH)}
    ours = loss(Regression(loss=name), y, logits, weights)
    assert ours == pytest.approx(theirs(truth, logits, sample_weight=weights), rel=1e-5)


def test_several_labels_are_scikit_learns(drawn):
    logits, weights, generator = drawn
    truth = generator.integers(2, size=(COUNT, WIDTH))
    theirs = [
        log_loss(
            truth[:, k], expit(logits[:, k].astype("float64")), sample_weight=weights, labels=[0, 1]
        )
        for k in range(WIDTH)
    ]
    ours = loss(MultilabelClassification(), {"labels": truth.astype("float32")}, logits, weights)
    assert ours == pytest.approx(np.mean(theirs), rel=1e-5)


@pytest.mark.parametrize("arguments", [{}, {"loss": "focal"}])
@pytest.mark.parametrize("classes", [None, (0.5, 3.0, 1.0)])
def test_a_weight_of_two_is_an_example_twice(drawn, arguments, classes):
    logits, weights, generator = drawn
    labels = generator.integers(WIDTH, size=COUNT)
    task = ImageClassification(**arguments).balanced([9, 9, 9], classes)
    copies = np.repeat(np.arange(COUNT), weights.astype(int))
    alike = loss(task, {"label": labels[copies]}, logits[copies], None)
    assert loss(task, {"label": labels}, logits, weights) == pytest.approx(alike, rel=1e-5)


@pytest.mark.parametrize("classes", [None, (0.5, 3.0, 1.0)])
def test_a_batch_of_zeros_moves_nothing(drawn, classes):
    import tensorflow as tf

    logits, _, _ = drawn
    logits = tf.constant(logits)
    y = {"label": np.zeros(COUNT, "int64"), "sample_weight": np.zeros(COUNT, "float32")}
    task = ImageClassification().balanced([9, 9, 9], classes)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        value = task.loss(y, {"logits": logits})["loss"]
    assert float(value) == 0
    assert not np.any(tape.gradient(value, logits))


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
def test_weights_are_divided_by_their_mean(scale):
    fitted = Weight().fit([0, scale, 5 * scale])
    assert [float(fitted.encode(v * scale)[""]) for v in (0, 1, 5)] == [0, 0.5, 2.5]


@pytest.mark.parametrize("values", [[0, 0], [-1.0], [float("nan")], [float("inf")], ["x"], []])
def test_other_numbers_are_refused(values):
    with pytest.raises(DataError):
        Weight().fit(values)
