"""What a shift measures, beside the same thing by hand."""

from dataclasses import fields

import numpy as np
import pytest

import zoo
from recipes.runs.run import load_run
from recipes.shift.advice import advice
from recipes.shift.measure import chosen_for
from zoo.columns import Audio, Image, Text
from zoo.errors import ArgumentError, UnknownNameError
from zoo.metrics.base import Metric
from zoo.regularization import Regularization
from zoo.transforms.corruptions import SEVERITIES, corruptions

DIGITS = "cnn_small.digits"


def test_accuracy_falls_with_noise_on_the_shipped_digits():
    found = zoo.evaluate(DIGITS, shift=["gaussian_noise"])["shift"]
    cells = found["corruptions"]["gaussian_noise"]["severities"]
    values = [found["clean"]["accuracy"]["value"]] + [c["accuracy"]["value"] for c in cells]
    assert values == sorted(values, reverse=True)
    assert values[0] > 0.98 and values[-1] < 0.7
    assert cells[-1]["ece"]["value"] > found["clean"]["ece"]["value"]
    difference = found["corruptions"]["gaussian_noise"]["difference"]
    assert difference["low"] < difference["value"] < difference["high"] < 0


def test_a_cell_is_the_accuracy_of_predictions_for_corrupted_examples():
    run, corruption = load_run(DIGITS), corruptions(Image())["translation"]
    test = run.dataset().splits["test"]
    images = [
        corruption(test[i]["image"], severity=4, seed=(0, i))  # as measured: by seed and place
        for i in range(len(test))
    ]
    answers = [found["predictions"][0]["label"] for found in run.predict(images)]
    right = np.mean([run.assets.classes[k] for k in test.labels] == np.array(answers))
    found = zoo.evaluate(DIGITS, shift="translation")["shift"]["corruptions"]["translation"]
    assert found["severities"][3]["accuracy"]["value"] == pytest.approx(right)


def test_some_examples_are_corrupted_as_they_are_among_all():
    whole = zoo.evaluate(DIGITS, shift="rotation", examples=10_000)["shift"]
    assert whole["examples"] == 359
    assert whole == zoo.evaluate(DIGITS, shift="rotation")["shift"]
    some = zoo.evaluate(DIGITS, shift="rotation", examples=30)["shift"]
    assert some["examples"] == 30
    with pytest.raises(ArgumentError, match="examples=0"):
        zoo.evaluate(DIGITS, shift="rotation", examples=0)


def test_texts_are_corrupted_before_they_are_tokenized():
    found = zoo.evaluate("textcnn.docstrings", shift="typos", examples=60)["shift"]
    values = [c["accuracy"]["value"] for c in found["corruptions"]["typos"]["severities"]]
    assert len(values) == len(SEVERITIES) and values[-1] < found["clean"]["accuracy"]["value"]


def test_sounds_of_any_length_are_corrupted():
    found = zoo.evaluate("ds_cnn_s.vowels", shift="speed,noise", examples=20)["shift"]
    assert list(found["corruptions"]) == ["noise", "speed"]


def test_names_are_checked_first():
    with pytest.raises(UnknownNameError, match="synonyms"):
        chosen_for(load_run("textcnn.docstrings"), "synonims")
    with pytest.raises(ArgumentError, match="pieces"):
        zoo.evaluate("gpt_nano.pydoc", shift="typos")


def test_every_knob_of_the_hints_exists_and_takes_its_setting():
    known = {field.name for field in fields(Regularization)}
    for column in (Image(), Audio(8000), Text()):
        for corruption in corruptions(column).values():
            assert corruption.knob in known
            assert Regularization(**{corruption.knob: corruption.setting}) != Regularization()


def test_the_hint_depends_on_what_training_had_and_on_what_is_certain():
    noise, metric = corruptions(Audio(8000))["noise"], Metric("accuracy")
    certain = {"value": -0.2, "low": -0.3, "high": -0.1}
    assert "noise_probability=0.8 shows" in advice(noise, certain, metric, Regularization())
    used = Regularization(noise_probability=0.5)
    assert "already trained with regularization.noise_probability=0.5" in advice(
        noise, certain, metric, used
    )
    masked = corruptions(Audio(8000))["sample_rate"]  # masks without a width hide nothing
    both = "frequency_masks=2 regularization.frequency_mask_width=7 shows"
    assert both in advice(masked, certain, metric, Regularization(frequency_masks=2))
    wide = Regularization(frequency_masks=2, frequency_mask_width=5)
    assert "already trained with" in advice(masked, certain, metric, wide)
    unsure = {"value": -0.2, "low": -0.3, "high": 0.0}
    assert "certain to cost" in advice(noise, unsure, metric, used)
