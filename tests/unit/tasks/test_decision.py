"""A threshold of two classes is chosen on validation, kept, and decides the answers."""

import json

import numpy as np
import pytest

from zoo.columns import Image, Label
from zoo.columns.assets import Assets
from zoo.errors import ArgumentError, DataError
from zoo.tasks.decision import THRESHOLD
from zoo.tasks.image_classification import ImageClassification
from zoo.testing import check_metrics

ASSETS = Assets(x={"image": Image((4, 4, 1))}, y={"label": Label(("ill", "well"))})


class Answers:
    """Stands for a model with given probabilities of the first class."""

    def __init__(self, first):
        self.logits = np.stack([np.log(first), np.log1p(-np.asarray(first))], axis=-1)

    def predict_on_batch(self, x):
        return {"logits": self.logits}


def rarely_ill(count=200):
    """Probabilities that tell the ill from the well at 0.3, not at 0.5; labels."""
    first = np.linspace(0.01, 0.6, count)
    return first, np.where(first > 0.3, 0, 1)


def calibrated(goal, positive="ill", **arguments):
    task = ImageClassification(threshold_goal=goal, positive_class=positive, **arguments)
    first, labels = rarely_ill()
    found = task.decode(Answers(first), {}, ASSETS)
    return task, task.calibrated(found, {"label": labels}, ASSETS)


def test_the_threshold_is_kept_as_json_and_decides():
    task, assets = calibrated("f1")
    kept = json.loads(json.dumps(assets.to_dict(), allow_nan=False))["extra"][THRESHOLD]
    assert kept["value"] == pytest.approx(0.3, abs=0.01)
    assert kept["positive"] == "ill" and kept["met"] and kept["cost"] is None
    first, labels = rarely_ill()
    found = task.decode(Answers(first), {}, Assets.from_dict(assets.to_dict()))
    assert task.score(found, {"label": labels})["accuracy"] == 1
    plain = ImageClassification().decode(Answers(first), {}, ASSETS)
    assert task.score(plain, {"label": labels})["accuracy"] < 0.8
    check_metrics(task, found, {"label": labels})


@pytest.mark.parametrize(("positive", "value"), [("ill", 0.3), ("well", 0.7)])
def test_either_class_may_be_the_positive_one(positive, value):
    _, assets = calibrated("f1", positive)
    assert assets.extra[THRESHOLD]["value"] == pytest.approx(value, abs=0.01)


def test_the_answer_comes_first_also_where_it_is_less_likely():
    task, assets = calibrated("f1")
    found = task.decode(Answers([0.4, 0.1]), {}, assets)
    ill, well = (task.describe(each, assets) for each in found)
    assert [item["label"] for item in ill] == ["ill", "well"]
    assert ill[0]["probability"] == pytest.approx(0.4)
    assert ill[0]["positive_threshold"] == pytest.approx(assets.extra[THRESHOLD]["value"], abs=1e-6)
    assert [item["label"] for item in well] == ["well", "ill"]


def test_a_probability_that_reaches_the_threshold_is_positive():
    task = ImageClassification(threshold_goal="f1", positive_class="well")
    extra = {THRESHOLD: {"value": 0.5, "positive": "well"}}
    assets = Assets(ASSETS.x, ASSETS.y, extra)
    found = task.decode(Answers([0.5]), {}, assets)
    assert task.describe(found[0], assets)[0]["label"] == "well"


def test_without_a_goal_nothing_is_chosen():
    task = ImageClassification()
    assert not task.calibrates
    assert task.calibrated(np.eye(2), {"label": np.array([0, 1])}, ASSETS) is ASSETS


def test_a_model_that_diverged_scores_nothing():
    task, assets = calibrated("f1")
    found = task.decode(Answers([0.2, np.nan]), {}, assets)
    assert np.isnan(task.score(found, {"label": np.array([0, 1])})["accuracy"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"threshold_goal": "f1"}, "without positive_class"),
        ({"positive_class": "ill"}, "without threshold_goal"),
        ({"threshold_goal": "f3", "positive_class": "ill"}, "is not a goal"),
    ],
)
def test_half_a_decision_is_refused(arguments, words):
    with pytest.raises(ArgumentError, match=words):
        ImageClassification(**arguments)


@pytest.mark.parametrize(
    ("classes", "words"),
    [(("a", "b", "c"), "two classes; the data has 3"), (("ills", "well"), "nearest|one of: ills")],
)
def test_data_without_the_two_classes_is_refused(classes, words):
    task = ImageClassification(threshold_goal="f1", positive_class="ill")
    with pytest.raises(DataError, match=words):
        task.targets(None, features={}, classes=classes)
