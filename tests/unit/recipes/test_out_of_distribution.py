"""Scores of how well an input belongs, against torch and SciPy; the interval of AUROC by simulation."""

import numpy as np
import pytest

import zoo
from recipes.out_of_distribution.answers import Network
from recipes.out_of_distribution.detection import auroc_interval, detection
from recipes.out_of_distribution.energy import negative_energy
from recipes.out_of_distribution.mahalanobis import Mahalanobis
from recipes.out_of_distribution.max_softmax import max_softmax
from recipes.runs.run import load_run
from zoo.errors import ArgumentError, DataError


def test_scores_of_logits_are_those_of_torch():
    torch = pytest.importorskip("torch")
    logits = np.random.default_rng(0).normal(0, 30, (50, 7))
    tensor = torch.tensor(logits)
    assert max_softmax(logits) == pytest.approx(torch.softmax(tensor, 1).amax(1).numpy())
    assert negative_energy(logits) == pytest.approx(torch.logsumexp(tensor, 1).numpy())
    # Softmax forgets a constant that all logits share; the energy is moved by it.
    assert max_softmax(logits + 5) == pytest.approx(max_softmax(logits))
    assert negative_energy(logits + 5) == pytest.approx(negative_energy(logits) + 5)


def test_mahalanobis_distances_are_those_of_scipy():
    from scipy.spatial.distance import mahalanobis
    from sklearn.covariance import LedoitWolf

    rng = np.random.default_rng(1)
    labels = rng.integers(0, 3, 60)
    features = rng.normal(size=(60, 4)) @ rng.normal(size=(4, 4)) + 3 * labels[:, None]
    means = [features[labels == k].mean(axis=0) for k in range(3)]
    centred = features - np.array(means)[labels]
    covariance = LedoitWolf(assume_centered=True).fit(centred).covariance_
    points = rng.normal(0, 5, (9, 4))
    expected = [
        -min(mahalanobis(point, mean, np.linalg.inv(covariance)) ** 2 for mean in means)
        for point in points
    ]
    assert Mahalanobis.fitted(features, labels)(points) == pytest.approx(expected)


def test_mahalanobis_takes_fewer_examples_than_features_and_refuses_those_that_are_all_alike():
    rng = np.random.default_rng(2)
    found = Mahalanobis.fitted(rng.normal(size=(20, 64)), np.repeat([4, 9], 10))
    assert found.shrinkage > 0 and np.isfinite(found(rng.normal(size=(3, 64)))).all()
    with pytest.raises(DataError, match="no covariance"):
        Mahalanobis.fitted(np.ones((6, 2)), np.array([0, 0, 0, 1, 1, 1]))


def test_detection_counts_pairs_and_thresholds():
    rng = np.random.default_rng(3)
    own, others = rng.normal(1, 1, 80).round(1), rng.normal(0, 1, 50).round(1)  # with ties
    found = detection(own, others)
    pairs = np.mean((own[:, None] > others) + 0.5 * (own[:, None] == others))
    assert found["auroc"]["value"] == pytest.approx(pairs)
    passing = [np.mean(others >= t) for t in own if np.mean(own >= t) >= 0.95]
    assert found["fpr_at_95_tpr"]["value"] == pytest.approx(min(passing))
    assert found["aupr"]["chance"] == pytest.approx(80 / 130)


def test_the_interval_of_auroc_holds_the_truth_as_often_as_it_says():
    from scipy.stats import norm

    rng, held = np.random.default_rng(4), 0
    truth = norm.cdf(1 / np.sqrt(2))
    for _ in range(1000):
        found = auroc_interval(rng.normal(1, 1, 60), rng.normal(0, 1, 40))
        held += found["low"] <= truth <= found["high"]
    assert 0.93 < held / 1000 < 0.97


def test_an_interval_without_overlap_is_not_a_point():
    found = auroc_interval(np.arange(5.0, 15), np.arange(5.0))
    assert found["high"] == 1 and found["low"] == pytest.approx(0.025 ** (1 / 5))
    assert auroc_interval(np.arange(3.0), np.array([7.0]))["low"] is None


def test_other_digits_are_told_apart_and_the_same_are_not():
    found = zoo.evaluate("cnn_small.digits", against=["digit_pairs", "digits"])["against"]
    assert found["examples"] == 359 and found["notes"] == []
    other, same = (found["sets"][name]["scores"] for name in ("digit_pairs", "digits"))
    assert set(other) == {"max_softmax", "energy", "mahalanobis"}
    for score in other:
        assert other[score]["auroc"]["low"] > 0.95
        assert same[score]["auroc"]["value"] == pytest.approx(0.5)  # the very same examples


def test_the_network_gives_the_logits_and_the_vectors_of_a_run():
    run = load_run("cnn_small.digits")
    split = run.dataset().splits["test"].take(np.arange(6))
    found = Network(run, batch_size=4).of_split(split)
    images = [split[i]["image"] for i in range(6)]
    assert found.features == pytest.approx(run.embed(images), abs=1e-5)
    answers = [item["predictions"][0] for item in run.predict(images)]
    assert max_softmax(found.logits) == pytest.approx(
        [one["probability"] for one in answers], abs=1e-5
    )
    assert found.labels.tolist() == split.labels.tolist()


def test_models_without_classes_are_refused():
    with pytest.raises(ArgumentError, match="has no classes"):
        zoo.evaluate("gpt_nano.pydoc", against="pydoc")
