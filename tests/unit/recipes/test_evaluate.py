"""Predictions come in order and whole; intervals cover as often as they say."""

import keras
import numpy as np
import pytest
from scipy.stats import binomtest

import recipes.runs.evaluate
from recipes.runs.evaluate import intervals, predictions_of
from zoo.data.dataset import Split
from zoo.data.pipeline import Encoded
from zoo.tasks.base import Assets, Spec


class Share:
    """Scores the share of predictions that are right, and nothing else."""

    def score(self, predictions, truths):
        return {"accuracy": float((np.asarray(predictions) == truths["label"]).mean())}


def outcomes(count, probability, generator):
    """Predictions of which each is right with a given probability."""
    labels = np.zeros(count, "int64")
    return (generator.random(count) >= probability).astype("int64"), {"label": labels}


def test_the_interval_is_close_to_the_normal_one():
    predictions, truths = outcomes(900, 0.9, np.random.default_rng(0))
    entry = intervals(Share(), predictions, truths)["accuracy"]
    share = (predictions == 0).mean()
    half = 1.96 * np.sqrt(share * (1 - share) / 900)
    assert entry["value"] == share
    assert entry["low"] == pytest.approx(share - half, abs=0.2 * half)
    assert entry["high"] == pytest.approx(share + half, abs=0.2 * half)


def test_the_interval_covers_the_true_share_as_often_as_the_normal_one(monkeypatch):
    monkeypatch.setattr(recipes.runs.evaluate, "RESAMPLES", 200)
    generator = np.random.default_rng(1)
    truth, count, trials, ours, normal = 0.8, 150, 300, 0, 0
    for trial in range(trials):
        predictions, truths = outcomes(count, truth, generator)
        entry = intervals(Share(), predictions, truths, seed=trial)["accuracy"]
        ours += entry["low"] <= truth <= entry["high"]
        half = 1.96 * np.sqrt(entry["value"] * (1 - entry["value"]) / count)
        normal += abs(entry["value"] - truth) <= half
    assert 0.91 < ours / trials < 0.98
    assert abs(ours - normal) / trials < 0.03


def test_a_seed_gives_the_same_interval_and_another_seed_another():
    predictions, truths = outcomes(4001, 0.5, np.random.default_rng(2))
    first, again, other = (intervals(Share(), predictions, truths, seed=s) for s in (0, 0, 1))
    assert first == again != other
    assert first["accuracy"]["value"] == other["accuracy"]["value"]


def test_listed_predictions_give_the_interval_of_stacked_ones():
    predictions, truths = outcomes(40, 0.7, np.random.default_rng(3))
    stacked, listed = (intervals(Share(), p, truths) for p in (predictions, list(predictions)))
    assert stacked == listed


def test_predictions_and_targets_are_resampled_together():
    labels = np.arange(30)
    entry = intervals(Share(), labels.copy(), {"label": labels})["accuracy"]
    exact = binomtest(30, 30).proportion_ci(method="exact")
    assert entry == {"value": 1.0, "low": pytest.approx(exact.low), "high": exact.high}


class Echo(Share):
    """Predicts the input, so that every prediction can be told apart."""

    def units(self, split, assets, *, training):
        return split

    def encode(self, example, assets, seed):
        return {"value": np.asarray(example["value"])}, {"label": np.asarray(example["label"])}

    def decode(self, model, x, assets):
        return np.asarray(x["value"])


@pytest.mark.parametrize("batch_size", [1, 4, 10, 64])
def test_every_example_is_predicted_once_and_in_order_whatever_the_batch(batch_size):
    assets = Assets(x={"value": Spec((), "int64")}, y={"label": Spec((), "int64")})
    split = Split({"value": np.arange(10), "label": np.arange(10) % 3})
    encoded = Encoded(split, Echo(), assets)
    predictions, truths = predictions_of(None, Echo(), assets, encoded, batch_size=batch_size)
    np.testing.assert_array_equal(predictions, np.arange(10))
    np.testing.assert_array_equal(truths["label"], np.arange(10) % 3)


def test_targets_that_were_padded_to_other_lengths_are_joined():
    assets = Assets(x={"value": Spec((), "int64")}, y={"label": Spec((None,), "int64", padding=-1)})
    labels = [np.arange(n) for n in (1, 2, 4)]
    encoded = Encoded(Split({"value": np.arange(3), "label": labels}), Echo(), assets)
    _, truths = predictions_of(None, Echo(), assets, encoded, batch_size=1)
    assert truths["label"].shape == (3, 4)
    np.testing.assert_array_equal(truths["label"][2], [0, 1, 2, 3])


def test_evaluating_leaves_the_weights_and_their_statistics_alone():
    inputs = keras.Input((2,), name="value")
    model = keras.Model(inputs, keras.layers.BatchNormalization(name="norm")(inputs))

    class Mean(Echo):
        def decode(self, model, x, assets):
            return np.asarray(model.predict_on_batch(x["value"])).argmax(-1)

    assets = Assets(x={"value": Spec((2,), "float32")}, y={"label": Spec((), "int64")})
    values = np.random.default_rng(0).normal(size=(8, 2)).astype("float32")
    encoded = Encoded(Split({"value": values, "label": np.zeros(8, "int64")}), Mean(), assets)
    before = model.get_weights()
    predictions_of(model, Mean(), assets, encoded, batch_size=4)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
