"""Temperature scaling against scikit-learn's log loss and labels whose temperature is known."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import softmax
from sklearn.metrics import log_loss

from zoo.metrics.temperature import RANGE, fit_temperature, with_temperature


def drawn(temperature, *, count, classes=5, seed=0):
    """Probabilities of logits, and labels that are drawn with the logits divided by a temperature."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 3, (count, classes))
    true = softmax(logits / temperature, axis=1)
    labels = (true.cumsum(axis=1) < generator.uniform(size=(count, 1))).sum(axis=1)
    return softmax(logits, axis=1), labels


@pytest.mark.parametrize("temperature", [0.25, 1.0, 3.0])
def test_probabilities_are_those_of_divided_logits(temperature):
    logits = np.random.default_rng(0).normal(0, 30, (50, 4))
    found = with_temperature(softmax(logits, axis=1), temperature)
    np.testing.assert_allclose(found, softmax(logits / temperature, axis=1), atol=1e-12)
    np.testing.assert_array_equal(found.argmax(axis=1), logits.argmax(axis=1))


def test_a_probability_of_zero_stays_one():
    assert with_temperature(np.array([[1.0, 0.0]]), 4.0).tolist() == [[1.0, 0.0]]


@pytest.mark.parametrize("temperature", [0.6, 1.0, 2.5])
def test_the_temperature_of_the_labels_is_found(temperature):
    probabilities, labels = drawn(temperature, count=20_000)
    found = fit_temperature(probabilities, labels)
    assert found.value == pytest.approx(temperature, rel=0.05)
    assert found.examples == 20_000

    def loss(log_temperature):
        scaled = with_temperature(probabilities, np.exp(log_temperature))
        return log_loss(labels, scaled, labels=range(5))

    best = minimize_scalar(loss, bounds=(-2, 2), method="bounded")
    assert found.value == pytest.approx(np.exp(best.x), rel=1e-3)
    assert found.after["loss"] == pytest.approx(best.fun, abs=1e-5)
    assert found.before["loss"] == pytest.approx(log_loss(labels, probabilities), abs=1e-5)
    assert found.after["loss"] <= found.before["loss"]


def test_a_model_without_a_mistake_gets_a_temperature_that_is_not_zero():
    probabilities, _ = drawn(1.0, count=200)
    found = fit_temperature(probabilities, probabilities.argmax(axis=1))
    assert 2 * RANGE[0] < found.value < 1
    assert found.after["loss"] < found.before["loss"]


def test_few_examples_move_it_less_than_many():
    few, many = (fit_temperature(*drawn(3.0, count=count)) for count in (8, 8000))
    assert abs(np.log(few.value)) < abs(np.log(many.value))


def test_nothing_is_fitted_without_finite_probabilities():
    assert fit_temperature(np.zeros((0, 3)), np.zeros(0, "int64")) is None
    assert fit_temperature(np.array([[np.nan, 0.5]]), np.array([0])) is None
