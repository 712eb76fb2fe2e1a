"""Regression: targets are standardised on train, losses are as their papers have them."""

import json
import math

import keras
import numpy as np
import pytest

from zoo import testing
from zoo.columns import Audio, Image, Label, Number, Text
from zoo.columns.assets import Assets
from zoo.data.dataset import Split
from zoo.errors import ArgumentError, DataError, UnknownNameError
from zoo.tasks.image_classification import ImageClassification
from zoo.tasks.regression import Regression

FEATURES = {"image": Image((4, 4, 1)), "width": Number(), "height": Number()}


def split(count=12, **columns):
    generator = np.random.default_rng(0)
    return Split(
        {
            "image": generator.integers(0, 256, (count, 4, 4, 1), dtype="uint8"),
            "width": np.linspace(100, 300, count),
            "height": np.linspace(5, -1, count),
            **columns,
        }
    )


def fitted(**arguments):
    task = Regression(**arguments)
    return task, task.fit(split(), features=FEATURES, classes=())


def model_of(task, assets):
    image = keras.Input((4, 4, 1))
    flat = keras.layers.Flatten()(image)
    backbone = keras.Model(image, {"flat": keras.layers.Dense(3)(flat)}, name="backbone")
    return task.build(backbone, assets)


def test_a_target_is_standardised_by_train_and_comes_back():
    _, assets = fitted()
    assert list(assets.y) == ["height", "width"] == list(assets.outputs)
    width = assets.y["width"]
    assert width.mean == pytest.approx(200)
    assert width.deviation == pytest.approx(np.linspace(100, 300, 12).std())
    values = np.linspace(100, 300, 12)
    scaled = np.array([width.encode(value)["scaled"] for value in values])
    assert (scaled.mean(), scaled.std()) == (pytest.approx(0, abs=1e-6), pytest.approx(1))
    np.testing.assert_allclose(width.restored(scaled), values, rtol=1e-6)
    assert Assets.from_dict(json.loads(json.dumps(assets.to_dict()))) == assets


def test_predictions_are_in_the_unit_of_the_data():
    task, assets = fitted()
    model = model_of(task, assets)
    x, y = task.encode(split()[3], assets, None)
    assert (float(y["width"]), set(y)) == (
        pytest.approx(split()[3]["width"]),
        {"width", "width.scaled", "height", "height.scaled"},
    )
    batch = {"image": x["image"][None]}
    logits = np.asarray(model.predict_on_batch(batch["image"]))
    model = keras.Model({"image": model.input}, {"logits": model.output})
    (found,) = task.decode(model, batch, assets)
    for t, column in enumerate(assets.numbers.values()):
        assert found[t] == pytest.approx(logits[0, t] * column.deviation + column.mean, rel=1e-5)


@pytest.mark.parametrize(
    ("loss", "of"),
    [
        (None, lambda e: e**2),
        ("absolute", abs),
        ("huber", lambda e: e**2 / 2 if abs(e) <= 1 else abs(e) - 0.5),
    ],
)
def test_losses_are_those_of_the_papers(loss, of):
    task = Regression(loss=loss)
    errors = [[0.3, -2.0], [1.0, 4.0]]
    y = {"a": np.zeros(2), "a.scaled": np.zeros(2), "b": np.zeros(2), "b.scaled": np.ones(2)}
    logits = np.add(errors, [0, 1]).astype("float32")
    expected = np.mean([of(error) for row in errors for error in row])
    assert float(task.loss(y, {"logits": logits})["loss"]) == pytest.approx(expected)
    apart = task.divergence({"logits": logits}, {"logits": logits + 0.5})
    assert float(apart) == pytest.approx(0.25)


def test_the_task_keeps_the_contract():
    task, _ = fitted()
    generator = np.random.default_rng(0)
    truth = {"height": generator.normal(size=20), "width": generator.normal(size=20)}
    truths = truth | {f"{name}.scaled": values for name, values in truth.items()}
    right = np.stack([truth["height"], truth["width"]], axis=-1)
    testing.check_metrics(task, right + generator.normal(size=right.shape), truths)
    testing.check_mode(task, right + 0.1, right + 0.5, truths)
    parts = task.parts(right, truths)
    assert list(parts) == ["height", "width"]
    assert task.score(*parts["width"])["mae"] == 0
    one = {key: truths[key] for key in ("width", "width.scaled")}
    assert task.parts(right[:, 1:], one) == {}


def test_intervals_come_from_validation_or_are_left_out():
    task, assets = fitted()
    truths = {"height": np.zeros(9), "width": np.zeros(9)}
    truths |= {f"{name}.scaled": values for name, values in truths.items()}
    errors = np.stack([np.arange(1.0, 10), np.arange(10.0, 100, 10)], axis=-1)
    found = task.calibrated(errors, truths, assets)
    assert found.extra["intervals"] == {
        "level": 0.9,
        "half_width": {"height": 9.0, "width": 90.0},
        "examples": 9,
    }
    assert task.describe(np.array([1.0, 200.0]), found)[1] == {
        "target": "width",
        "value": 200.0,
        "low": 110.0,
        "high": 290.0,
    }
    few = task.calibrated(errors[:8], {k: v[:8] for k, v in truths.items()}, assets)
    assert task.describe(np.array([1.0, 2.0]), few)[0] | {"low": None, "high": None} == {
        "target": "height",
        "value": 1.0,
        "low": None,
        "high": None,
    }


def test_what_cannot_be_predicted_is_refused():
    task = Regression()
    labelled = {"image": Image((4, 4, 1)), "label": Label(("a", "b"))}
    with pytest.raises(DataError, match=r"needs numbers.*label \(labels\)[^§]*target_column"):
        task.fit(split(), features=labelled, classes=("a", "b"))
    with pytest.raises(DataError, match=r"Target width: All 12 numbers .* 7"):
        task.fit(split(width=np.full(12, 7.0)), features=FEATURES, classes=())
    with pytest.raises(DataError, match=r"Target width: .*nan.* is not a number"):
        task.fit(split(width=np.full(12, math.nan)), features=FEATURES, classes=())
    with pytest.raises(DataError, match="takes one input"):
        task.fit(split(), features=FEATURES | {"text": Text()}, classes=())
    with pytest.raises(DataError, match=r"task.name=regression"):
        ImageClassification().fit(split(), features=FEATURES, classes=())


def test_arguments_are_checked_and_must_fit_the_input():
    with pytest.raises(UnknownNameError, match="huber"):
        Regression(loss="hubber")
    with pytest.raises(ArgumentError, match="image_size"):
        Regression(image_size=0)
    with pytest.raises(ArgumentError, match=r"max_tokens=9 applies to texts.* holds images"):
        Regression(max_tokens=9).fit(split(), features=FEATURES, classes=())
    sounds = {"audio": Audio(8000), "width": Number()}
    clips = Split({"audio": [np.zeros(100, "float32")] * 3, "width": np.arange(3.0)})
    assets = Regression(clip_seconds=0.5).fit(clips, features=sounds, classes=())
    assert assets.x["audio"].shape == (4000,)
