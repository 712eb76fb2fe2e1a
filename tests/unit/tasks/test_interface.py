"""The Task interface holds problems that the package does not know."""

import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from recipes.runs.evaluate import intervals, predictions_of
from recipes.training.callbacks import Selection
from zoo.data.dataset import Split
from zoo.data.pipeline import Encoded, training_stream
from zoo.task_model import TaskModel
from zoo.testing import check_task

sys.path.insert(0, str(Path(__file__).parent))
from toys import Parity, TwoInputs, TwoOutputs


def dense_backbone(shape, name):
    data = keras.Input(shape, name="data")
    x = keras.layers.Flatten(name="flat")(data)
    features = keras.layers.Dense(16, activation="relu", name="dense")(x)
    return keras.Model(data, {"features": features}, name=name)


def token_backbone():
    ids = keras.Input((None,), dtype="int64", name="ids")
    tokens = keras.layers.Embedding(12, 8, name="embedding")(ids)
    return keras.Model(ids, {"tokens": tokens}, name="backbone")


def two_inputs():
    generator = np.random.default_rng(0)
    images = generator.normal(size=(96, 4, 4, 1)).astype("float32")
    audio = generator.normal(size=(96, 6)).astype("float32")
    labels = (images.mean((1, 2, 3)) > audio.mean(1)).astype("int64")
    split = Split({"image": images, "audio": audio, "label": labels})
    backbones = {"image": dense_backbone((4, 4, 1), "image_encoder"),
                 "audio": dense_backbone((6,), "audio_encoder")}  # fmt: skip
    return TwoInputs(), split, backbones


def parity():
    generator = np.random.default_rng(0)
    ids = [generator.integers(1, 12, size=generator.integers(2, 9)) for _ in range(96)]
    return Parity(), Split({"ids": ids}), token_backbone()


def two_outputs():
    images = np.random.default_rng(0).normal(size=(96, 4, 4, 1)).astype("float32")
    return TwoOutputs(), Split({"image": images}), dense_backbone((4, 4, 1), "backbone")


@pytest.fixture(params=[two_inputs, parity, two_outputs], ids=lambda make: make.__name__)
def problem(request):
    keras.utils.set_random_seed(1)
    task, split, backbone = request.param()
    assets = task.fit(split, features={}, classes=())
    model = TaskModel(task.build(backbone, assets), task=task)
    return task, split, assets, model


def test_toy_tasks_keep_the_contract(problem):
    task, split, assets, model = problem
    check_task(task, assets, model, split[0])


def test_toy_tasks_train_through_the_pipeline_and_fit(problem, tmp_path):
    task, split, assets, model = problem
    encoded = Encoded(split, task, assets)
    model.compile(keras.optimizers.Adam(0.02))
    selection = Selection(
        encoded, task, assets, batch_size=32, best_path=tmp_path / "best.safetensors"
    )
    before = task.score(*predictions_of(model, task, assets, encoded, batch_size=32))[task.metric]
    history = model.fit(
        training_stream(encoded, batch_size=16, seed=1),
        epochs=4, steps_per_epoch=12, shuffle=False, verbose=0, callbacks=[selection],
    ).history  # fmt: skip
    after = task.score(*predictions_of(model, task, assets, encoded, batch_size=32))[task.metric]
    assert after > before if task.mode == "max" else after < before
    assert history["loss"][-1] < history["loss"][0]
    assert {f"val_{task.metric}", *task.shown} <= set(history)
    assert (tmp_path / "best.safetensors").exists()


def test_intervals_enclose_the_value_for_stacked_and_listed_predictions(problem):
    task, split, assets, model = problem
    encoded = Encoded(split, task, assets)
    predictions, truths = predictions_of(model, task, assets, encoded, batch_size=40)
    for entry in intervals(task, predictions, truths).values():
        assert entry["low"] <= entry["value"] <= entry["high"]
        assert entry["low"] < entry["high"]
