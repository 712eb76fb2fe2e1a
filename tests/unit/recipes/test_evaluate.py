"""Predictions come in order and whole; intervals cover as often as they say."""

import keras
import numpy as np
import pytest
from scipy.stats import binomtest

from recipes.runs.evaluate import groups_of, intervals, predictions_of
from zoo.columns import Spec
from zoo.columns.assets import Assets
from zoo.data.dataset import Split
from zoo.data.pipeline import Encoded
from zoo.metrics.base import Metric
from zoo.metrics.estimators import Share
from zoo.tasks.image_classification import ImageClassification


class RightOnes:
    """Scores the share of predictions that are right, and nothing else."""

    metrics, estimators = (Metric("accuracy"),), {"accuracy": Share("right")}

    def statistics(self, predictions, truths):
        return {"right": np.asarray(predictions) == truths["label"]}


def outcomes(count, probability, generator):
    """Predictions of which each is right with a given probability."""
    labels = np.zeros(count, "int64")
    return (generator.random(count) >= probability).astype("int64"), {"label": labels}


def test_the_interval_is_close_to_the_normal_one():
    predictions, truths = outcomes(900, 0.9, np.random.default_rng(0))
    entry = intervals(RightOnes(), predictions, truths)["accuracy"]
    share = (predictions == 0).mean()
    half = 1.96 * np.sqrt(share * (1 - share) / 900)
    assert entry["value"] == share
    assert entry["low"] == pytest.approx(share - half, abs=0.2 * half)
    assert entry["high"] == pytest.approx(share + half, abs=0.2 * half)
    assert entry["method"] == "exact binomial over 900 examples"


def test_listed_predictions_give_the_interval_of_stacked_ones():
    predictions, truths = outcomes(40, 0.7, np.random.default_rng(3))
    stacked, listed = (intervals(RightOnes(), p, truths) for p in (predictions, list(predictions)))
    assert stacked == listed


def test_predictions_and_targets_belong_together():
    labels = np.arange(30)
    entry = intervals(RightOnes(), labels.copy(), {"label": labels})["accuracy"]
    exact = binomtest(30, 30).proportion_ci(method="exact")
    assert entry == {
        "value": 1.0,
        "low": pytest.approx(exact.low),
        "high": exact.high,
        "method": "exact binomial over 30 examples",
    }


@pytest.mark.parametrize("count", [2, 20])
def test_a_classifier_that_is_always_wrong_mirrors_one_that_is_always_right(count):
    probabilities = np.tile([0.9, 0.1], (count, 1))
    right, wrong = (
        intervals(ImageClassification(), probabilities, {"label": np.full(count, label)})
        for label in (0, 1)
    )
    assert right["accuracy"]["low"] == pytest.approx(1 - wrong["accuracy"]["high"])
    assert wrong["accuracy"]["low"] == 0
    assert wrong["accuracy"]["high"] == pytest.approx(1 - 0.025 ** (1 / count))


def test_the_calibration_error_has_no_interval_that_could_leave_out_its_value():
    generator = np.random.default_rng(5)
    confidence = generator.uniform(0.6, 0.95, 360)
    probabilities = np.column_stack([confidence, 1 - confidence])
    labels = (generator.uniform(size=360) >= confidence).astype(int)
    entry = intervals(ImageClassification(), probabilities, {"label": labels})["ece"]
    assert 0 < entry["value"] < 0.1
    assert (entry["low"], entry["high"]) == (None, None)


# --- groups


def test_an_interval_by_groups_says_so_and_is_wider():
    generator = np.random.default_rng(0)
    by_speaker = np.repeat(generator.beta(9, 1, size=16), 20)
    predictions = (generator.random(320) >= by_speaker).astype(int)
    truths = {"label": np.zeros(320, "int64")}
    speakers = [f"s{i // 20}" for i in range(320)]
    alone = intervals(RightOnes(), predictions, truths)["accuracy"]
    grouped = intervals(RightOnes(), predictions, truths, groups=speakers, noun="speakers")
    entry = grouped["accuracy"]
    assert entry["high"] - entry["low"] > alone["high"] - alone["low"]
    assert entry["method"].endswith("over 16 speakers")


@pytest.mark.parametrize(("known", "used"), [(["a", "b"], True), (["c", "b"], False), (None, True)])
def test_groups_count_where_training_has_not_met_them(known, used):
    test = Split({"label": np.zeros(3), "group": ["c", "c", "d"]})
    columns = {"label": np.zeros(2)} | ({"group": known} if known else {})
    found = groups_of(test, Split(columns))
    assert found == (["c", "c", "d"] if used else None)


def test_without_a_column_of_groups_examples_are_drawn_singly():
    split = Split({"label": np.zeros(3)})
    assert groups_of(split, split) is None


# --- predictions


class Echo(RightOnes):
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
