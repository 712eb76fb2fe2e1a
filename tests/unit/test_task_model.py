"""The loss that `fit` minimises: the task's, penalties, and the divergence between two passes."""

import keras
import numpy as np
import pytest
from scipy.special import log_softmax

from zoo.task_model import TaskModel, divergence


class Squares:
    """Stands for a task."""

    shown = ()

    def loss(self, y, y_pred):
        return {"loss": keras.ops.mean((y["target"] - y_pred["logits"]) ** 2)}

    def divergence(self, y_pred, others):
        return divergence(y_pred["logits"], others["logits"])


def model_of(**arguments):
    x = keras.Input((4,), name="x")
    y = keras.layers.Dense(3, kernel_regularizer="l2", name="dense")(
        keras.layers.Dropout(0.5, seed=1, name="dropout")(x)
    )
    return TaskModel(keras.Model(x, y), task=Squares(), **arguments)


def kl(p, q):
    return (np.exp(p) * (p - q)).sum(-1)


def test_divergence_is_the_mean_of_both_kullback_leibler_divergences():
    one, other = np.random.default_rng(0).normal(size=(2, 5, 2, 3))
    p, q = log_softmax(one, axis=-1), log_softmax(other, axis=-1)
    expected = (kl(p, q) + kl(q, p)).mean() / 2
    assert float(divergence(one, other)) == pytest.approx(expected, rel=1e-5)
    assert float(divergence(other, one)) == pytest.approx(expected, rel=1e-5)


def test_two_passes_are_compared_in_training_alone():
    model = model_of(r_drop_alpha=2.0)
    generator = np.random.default_rng(0)
    x = {"x": generator.normal(size=(8, 4)).astype("float32")}
    y = {"target": generator.normal(size=(8, 3)).astype("float32")}
    penalty = float(model.losses[0])
    whole = model(x, training=False)
    plain = float(Squares().loss(y, whole)["loss"])
    found = float(model.compute_loss(x, y, whole, training=False))
    assert found == pytest.approx(plain + penalty, rel=1e-6)
    state = model.get_layer("dropout").seed_generator.state
    before = np.array(state)
    first = model(x, training=True)
    between = np.array(state)
    found = float(model.compute_loss(x, y, first, training=True))
    state.assign(between)
    second = model(x, training=True)
    assert not np.array_equal(first["logits"], second["logits"])
    assert not np.array_equal(before, between)
    losses = [float(Squares().loss(y, one)["loss"]) for one in (first, second)]
    apart = float(divergence(first["logits"], second["logits"]))
    assert apart > 0
    assert found == pytest.approx(np.mean(losses) + 2 * apart + penalty, rel=1e-5)


def test_fit_brings_passes_together_where_it_is_asked_to():
    generator = np.random.default_rng(1)
    x = {"x": generator.normal(size=(64, 4)).astype("float32")}
    y = {"target": 3 * generator.normal(size=(64, 3)).astype("float32")}
    apart = []
    for alpha in (0.0, 5.0):
        keras.utils.set_random_seed(1)
        model = model_of(r_drop_alpha=alpha)
        model.compile("adam")
        model.optimizer.learning_rate = 0.05
        model.fit(x, y, epochs=20, batch_size=32, verbose=0)
        passes = [model(x, training=True)["logits"] for _ in range(2)]
        apart.append(float(divergence(*passes)))
    assert apart[1] < apart[0] / 2
