"""AAM-softmax and GE2E against PyTorch as the papers write them, with their gradients."""

import math

import keras
import numpy as np
import pytest
from keras import ops

from tests.parity.timm_models import torch
from zoo.tasks.speaker_loss import aam_softmax, ge2e_softmax

tf = pytest.importorskip("tensorflow")


def gradient_of(function, values):
    variable = keras.Variable(values)
    with tf.GradientTape() as tape:
        losses = function(variable.value)
        total = ops.sum(losses)
    return np.asarray(losses), np.asarray(tape.gradient(total, variable.value))


@pytest.mark.parametrize("margin, smoothing", [(0.0, 0.0), (0.2, 0.0), (0.5, 0.1), (1.0, 0.0)])
def test_aam_softmax_equals_pytorch(margin, smoothing):
    generator = np.random.default_rng(0)
    cosines = generator.uniform(-0.999, 0.999, (40, 7)).astype("float32")
    cosines[:5] = -0.98  # angles that pass π with a margin
    labels = generator.integers(7, size=40)

    given = torch.tensor(cosines, dtype=torch.float64, requires_grad=True)
    own = given[torch.arange(40), torch.tensor(labels)]
    angle = torch.acos(own)
    wider = torch.where(
        angle + margin < math.pi, torch.cos(angle + margin), own - margin * math.sin(margin)
    )
    logits = given.clone()
    logits[torch.arange(40), torch.tensor(labels)] = wider
    expected = torch.nn.functional.cross_entropy(
        30 * logits, torch.tensor(labels), reduction="none", label_smoothing=smoothing
    )
    expected.sum().backward()

    how = {"margin": margin, "scale": 30.0, "label_smoothing": smoothing}
    losses, gradient = gradient_of(lambda c: aam_softmax(c, labels, **how), cosines)
    np.testing.assert_allclose(losses, expected.detach(), rtol=2e-4, atol=2e-4)
    np.testing.assert_allclose(gradient, given.grad, rtol=2e-3, atol=2e-3)


def ge2e_of_the_paper(vectors, scale, offset):
    """1710.10467 eq. 5, 6, 8 and 9 for N speakers by M utterances each, (N, M, D)."""
    speakers, utterances, _ = vectors.shape
    losses = []
    for j in range(speakers):
        for i in range(utterances):
            similarity = []
            for k in range(speakers):
                others = [m for m in range(utterances) if k != j or m != i]
                centre = vectors[k, others].mean(0)
                cosine = torch.nn.functional.cosine_similarity(vectors[j, i], centre, dim=0)
                similarity.append(scale * cosine + offset)
            similarity = torch.stack(similarity)
            losses.append(torch.logsumexp(similarity, 0) - similarity[j])
    return torch.stack(losses)


def test_ge2e_equals_pytorch_in_any_order():
    generator = np.random.default_rng(1)
    raw = generator.normal(size=(5, 4, 6)).astype("float32")
    given = torch.tensor(raw, dtype=torch.float64, requires_grad=True)
    expected = ge2e_of_the_paper(given / given.norm(dim=-1, keepdim=True), 10.0, -5.0)
    expected.sum().backward()

    order = generator.permutation(20)
    labels = np.repeat([3, 8, 0, 5, 40], 4)[order]

    def loss(shuffled):
        return ge2e_softmax(ops.normalize(shuffled, axis=-1), labels, scale=10.0)[0]

    losses, gradient = gradient_of(loss, raw.reshape(20, 6)[order])
    np.testing.assert_allclose(losses, expected.detach().numpy()[order], rtol=1e-4, atol=1e-4)
    wanted = given.grad.numpy().reshape(20, 6)[order]
    np.testing.assert_allclose(gradient, wanted, rtol=1e-3, atol=1e-3)


def test_a_speaker_with_one_utterance_is_a_stranger_to_others_and_has_no_loss():
    generator = np.random.default_rng(2)
    vectors = generator.normal(size=(5, 6)).astype("float32")
    vectors /= np.linalg.norm(vectors, axis=-1, keepdims=True)
    labels = np.array([0, 0, 1, 1, 2])
    losses, counts = ge2e_softmax(vectors, labels, scale=10.0)
    assert np.asarray(counts).tolist() == [1, 1, 1, 1, 0] and float(losses[4]) == 0
    without, _ = ge2e_softmax(vectors[:4], labels[:4], scale=10.0)
    assert (np.asarray(losses)[:4] > np.asarray(without)).all()
    _, gradient = gradient_of(lambda v: ge2e_softmax(v, labels, scale=10.0)[0], vectors)
    assert np.isfinite(gradient).all()
