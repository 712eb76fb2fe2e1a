"""The losses of classes are those of PyTorch, and of their papers' formulas."""

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from zoo.errors import ArgumentError, UnknownNameError
from zoo.regularization import Regularization
from zoo.tasks.class_loss import ClassLoss
from zoo.tasks.image_classification import ImageClassification

WEIGHTS = (0.5, 4.0, 1.0, 2.5)
COUNTS = (60, 30, 9, 1)


def drawn(*, count=24, classes=4, seed=0):
    generator = np.random.default_rng(seed)
    logits = (3 * generator.normal(size=(count, classes))).astype("float32")
    return logits, generator.integers(classes, size=count)


def loss_of(labels, logits, *, smoothing=0.0, weights=None, counts=COUNTS, **arguments):
    regularization = Regularization(label_smoothing=smoothing)
    task = ImageClassification(regularization=regularization, **arguments)
    found = task.balanced(counts, weights).loss({"label": labels}, {"logits": logits})
    return float(found["loss"])


def mixed(labels, share=0.7):
    one_hot = np.eye(4, dtype="float32")[labels]
    return share * one_hot + (1 - share) * np.roll(one_hot, 1, axis=0)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_labels_are_weighed_as_in_pytorch(smoothing, weights):
    torch = pytest.importorskip("torch")
    logits, labels = drawn()
    theirs = torch.nn.CrossEntropyLoss(
        weight=None if weights is None else torch.tensor(weights), label_smoothing=smoothing
    )(torch.from_numpy(logits), torch.from_numpy(labels))
    ours = loss_of(labels, logits, smoothing=smoothing, weights=weights)
    assert ours == pytest.approx(float(theirs), rel=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_mixed_labels_are_pytorchs_sum_over_the_weights_of_the_labels(smoothing):
    torch = pytest.importorskip("torch")
    logits, labels = drawn()
    soft = mixed(labels)
    total = torch.nn.CrossEntropyLoss(
        weight=torch.tensor(WEIGHTS), label_smoothing=smoothing, reduction="sum"
    )(torch.from_numpy(logits), torch.from_numpy(soft))
    ours = loss_of(soft, logits, smoothing=smoothing, weights=WEIGHTS)
    assert ours == pytest.approx(float(total) / (soft @ np.float32(WEIGHTS)).sum(), rel=1e-5)


def test_an_example_mixed_with_itself_counts_as_it_does_alone():
    logits, labels = drawn()
    alone = loss_of(labels, logits, weights=WEIGHTS)
    assert loss_of(mixed(labels, 1.0), logits, weights=WEIGHTS) == pytest.approx(alone, rel=1e-6)


def test_equal_weights_change_nothing():
    logits, labels = drawn()
    plain = loss_of(labels, logits)
    assert loss_of(labels, logits, weights=(3.0,) * 4) == pytest.approx(plain, rel=1e-6)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0, 5.0])
@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_the_focal_loss_is_its_formula(gamma, weights):
    logits, labels = drawn()
    log_p = log_softmax(logits.astype("float64"), axis=-1)[np.arange(24), labels]
    terms = -((1 - np.exp(log_p)) ** gamma) * log_p
    own = np.ones(24) if weights is None else np.array(weights)[labels]
    found = loss_of(labels, logits, weights=weights, loss="focal", focal_gamma=gamma)
    assert found == pytest.approx((own * terms).sum() / own.sum(), rel=1e-4)


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0])
def test_the_focal_loss_has_a_finite_gradient_where_an_answer_is_certain(gamma):
    import tensorflow as tf

    loss = ClassLoss.of("focal", focal_gamma=gamma, logit_tau=None, label_smoothing=0.0)
    logits = tf.constant([[200.0, 0.0], [-200.0, 0.0]])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        value = loss({"label": tf.constant([0, 0])}, {"logits": logits})["loss"]
    assert np.isfinite(float(value))
    assert np.isfinite(tape.gradient(value, logits).numpy()).all()


@pytest.mark.parametrize("tau", [0.0, 1.0, 1.5])
def test_logits_are_adjusted_by_the_log_of_the_classes_shares(tau):
    logits, labels = drawn()
    adjusted = logits + tau * np.log(np.array(COUNTS) / sum(COUNTS))
    expected = -log_softmax(adjusted, axis=-1)[np.arange(24), labels].mean()
    found = loss_of(labels, logits, loss="logit_adjusted", logit_tau=tau)
    assert found == pytest.approx(expected, rel=1e-5)


def test_adjusted_logits_of_a_bayes_model_answer_as_if_classes_were_equally_frequent():
    # Where the adjusted softmax equals the posterior, the logits are those of equal priors.
    shares = np.array(COUNTS) / sum(COUNTS)
    likelihood = np.random.default_rng(0).dirichlet(np.ones(4), size=5)
    posterior = likelihood * shares / (likelihood * shares).sum(axis=1, keepdims=True)
    logits = np.log(posterior) - np.log(shares)
    equal = likelihood / likelihood.sum(axis=1, keepdims=True)
    assert softmax(logits, axis=1) == pytest.approx(equal)
    loss = loss_of(posterior.astype("float32"), logits.astype("float32"), loss="logit_adjusted")
    entropy = -(posterior * np.log(posterior)).sum(axis=1).mean()
    assert loss == pytest.approx(entropy, rel=1e-4)  # which no other logits undercut


def test_a_class_without_examples_leaves_the_adjusted_loss_finite():
    logits, labels = drawn()
    found = loss_of(labels % 3, logits, smoothing=0.1, counts=(9, 9, 9, 0), loss="logit_adjusted")
    assert np.isfinite(found)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"loss": "focl"}, "focal"),
        ({"loss": "focal", "focal_gamma": -1}, "0 to 100"),
        ({"loss": "focal", "focal_gamma": True}, "0 to 100"),
        ({"focal_gamma": 2.0}, "belongs to the loss focal; the loss is cross_entropy"),
        ({"loss": "focal", "logit_tau": 1.0}, "belongs to the loss logit_adjusted"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, words):
    with pytest.raises((ArgumentError, UnknownNameError), match=words):
        ImageClassification(**arguments)


def test_the_task_that_was_made_keeps_its_own_loss():
    task = ImageClassification()
    assert task.balanced(COUNTS, WEIGHTS).class_loss.weights == WEIGHTS
    assert task.class_loss.weights is None
