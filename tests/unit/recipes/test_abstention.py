"""Abstaining by a threshold that validation chose: the same on every way to the answers."""

import numpy as np
import pytest

import zoo
from recipes.runs.abstention import Abstention, surest
from recipes.runs.run import load_run
from zoo.errors import ArgumentError, RunError
from zoo.metrics.temperature import with_temperature

ERROR = 0.011  # the smallest that 216 validation digits with two mistakes can promise


@pytest.fixture(scope="module")
def run():
    return load_run("cnn_small.digits")


@pytest.fixture(scope="module")
def images(run):
    """Sixty test digits, and sixty of noise that no class belongs to."""
    split = run.dataset().splits["test"]
    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 256, (8, 8, 1), dtype="uint8") for _ in range(60)]
    return [split[i]["image"] for i in range(60)] + noise


def test_the_threshold_is_of_probabilities_with_the_temperature_of_training(run):
    found = Abstention.of(run, ERROR)
    split = run.dataset().splits["validation"]
    answers = [
        {item["label"]: item["probability"] for item in result["predictions"]}
        for result in run.predict([split[i]["image"] for i in range(len(split))], top=10)
    ]
    probabilities = np.array([[one[name] for name in run.assets.classes] for one in answers])
    score = with_temperature(probabilities, run.metrics["temperature"]["value"]).max(axis=1)
    wrong = probabilities.argmax(axis=1) != split.labels
    accepted = score >= found.chosen.threshold
    assert abs(int(accepted.sum()) - found.chosen.accepted) <= 1  # probabilities are rounded
    assert int(wrong[accepted].sum()) == found.chosen.wrong
    assert 0 < found.chosen.accepted < found.chosen.examples == len(split)


def test_predictions_say_whether_they_abstain_and_evaluation_counts_them(run, images):
    results = zoo.predict(run, images, abstain=ERROR)
    told = Abstention.of(run, ERROR)
    abstained = [one["abstained"] for one in results]
    assert abstained == [one["abstained"] for one in run.predict(images, abstain=told)]
    assert sum(abstained[:60]) < 10 and sum(abstained[60:]) > 50
    assert "abstained" not in zoo.predict(run, images[:1])[0]
    found = zoo.evaluate(run, abstain=ERROR)["abstain"]
    assert found["validation"]["accepted"] == told.chosen.accepted
    test = found["test"]
    assert test["coverage"]["value"] == pytest.approx(test["accepted"] / test["examples"])


def test_a_temperature_that_was_asked_for_is_not_applied_twice(run, images):
    stored = Abstention.of(run, ERROR)
    asked = Abstention.of(run, ERROR, calibrated=True)
    assert asked.temperature is None and stored.temperature is not None
    assert asked.chosen == stored.chosen
    both = [run.predict(images, abstain=ERROR, calibrated=how) for how in (False, True)]
    assert [one["abstained"] for one in both[0]] == [one["abstained"] for one in both[1]]


def test_what_cannot_be_promised_names_what_can(run):
    with pytest.raises(RunError, match="smallest error that they can promise") as caught:
        Abstention.of(run, 0.001)
    assert caught.value.expected.endswith("promise is 1.1 %")


@pytest.mark.parametrize("error", [0, 1, 1.5, -0.1, True, "2%"])
def test_errors_that_are_not_shares_are_refused(run, images, error):
    with pytest.raises(ArgumentError, match="not a share"):
        zoo.predict(run, images[:1], abstain=error)


def test_models_without_classes_are_refused():
    with pytest.raises(ArgumentError, match="does not choose one of several classes"):
        zoo.evaluate("gpt_nano.pydoc", abstain=0.1)


def test_a_threshold_of_two_classes_decides_the_answer():
    predictions = np.array([[[0.7, np.nan], [0.3, 0.2]], [[0.9, np.nan], [0.1, 0.2]]])
    score, answers = surest(predictions)
    assert answers.tolist() == [1, 0] and score.tolist() == [0.3, 0.9]
