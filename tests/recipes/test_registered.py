"""A model and a data set of a user's own file go the whole way: train, load, predict, search."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import zoo

OWN = """
import dataclasses
import keras
import zoo
from zoo.cards import DatasetCard, FeatureSpec, ImagePreprocessing, ModelCard

def tiny_net(*, input_shape=(8, 8, 1), width: int = 4):
    image = keras.Input(input_shape, name="image")
    x = keras.layers.Conv2D(width, 3, strides=2, padding="same", name="conv")(image)
    return keras.Model(image, {"stride_2": x}, name="backbone")

def numerals():
    return dataclasses.replace(zoo.load_dataset("digits"), name="numerals")

zoo.register(ModelCard(
    name="tiny_net", builder=f"{__name__}:tiny_net", family="tiny_net", modality="image",
    tasks=("image_classification",), summary="", paper="", arxiv="", year=2026,
    input_shape=(8, 8, 1), num_classes=10, features=(FeatureSpec("stride_2", 2, 8),),
    head_feature="stride_2", arguments={"width": 8},
    preprocessing=ImagePreprocessing(scale=1 / 255, mean=(0.5,), deviation=(0.25,)),
))
zoo.register(DatasetCard(
    name="numerals", source="own", loader=f"{__name__}:numerals", modality="image",
    task="image_classification", summary="", licence="none stated", homepage="", num_classes=10,
))
VALUES = ("model.name=tiny_net", "model.arguments={}", "data.name=numerals")
"""
TRAIN = """
    run = zoo.train("image/digits-cnn", *VALUES, smoke=True, run_dir="run", progress=False)
    image = run.dataset().splits["test"][0]["image"]
    again = zoo.load("run")
    assert again.predict([image]) == run.predict([image])
    layer = again.model.get_layer("preprocessing")
    assert (layer.scale, layer.offset) == (1 / 255 / 0.25, -2.0)
    assert again.assets.x["image"].preprocessing["deviation"] == [0.25]
    assert run.model.get_layer("backbone").get_layer("conv").filters == 8
    print("trained", run.recipe.data.name)
"""
TUNE = """
    study = zoo.tune(
        "image/digits-cnn", *VALUES, "training.epochs=1", "data.max_examples=160",
        "training.steps_per_epoch=2", "schedule.warmup_epochs=0", oracle="random", max_trials=1,
        study="study", progress=False,
    )
    print("searched", study.best.value >= 0)
"""


# A type of column, a task that takes it beside an image, and a model of both.
TYPES = """
import dataclasses
from typing import ClassVar
import keras
import numpy as np
import zoo
from zoo.cards import DatasetCard, FeatureSpec, ModelCard, TaskCard
from zoo.columns import Column, Image, Label, Spec
from zoo.columns.assets import Assets
from zoo.data.dataset import Dataset, Split
from zoo.metrics.base import Metric
from zoo.metrics.estimators import Share
from zoo.heads.inputs import keras_inputs
from zoo.tasks.base import Task

@dataclasses.dataclass(frozen=True)
class Wind(Column):
    kind: ClassVar[str] = "wind"
    word: ClassVar[str] = "winds"
    points: tuple[str, ...] = ("N", "E", "S", "W")

    def specs(self):
        return {"": Spec((2,), "float32")}

    def encode(self, value):
        angle = np.pi / 2 * self.points.index(value)
        return {"": np.array([np.sin(angle), np.cos(angle)], "float32")}

class Weather(Task):
    name, metrics, estimators = "weather", (Metric("accuracy"),), {"accuracy": Share("right")}

    def fit(self, train, *, features, classes):
        wind = dataclasses.replace(features["wind"], optional=True)
        return Assets(x={"image": features["image"], "wind": wind}, y={"label": Label(classes)})

    def build(self, backbone, assets, fronts=None, head_feature=None):
        inputs = keras_inputs(assets)
        joined = backbone({name: inputs[name] for name in assets.x})[head_feature]
        present = keras.ops.expand_dims(inputs["wind.present"], -1)
        joined = keras.layers.Concatenate(name="head_join")([joined, present])
        return keras.Model(inputs, keras.layers.Dense(2, name="head_logits")(joined))

    def loss(self, y, y_pred):
        losses = keras.losses.sparse_categorical_crossentropy(
            y["label"], y_pred["logits"], from_logits=True)
        return {"loss": keras.ops.mean(losses)}

    def decode(self, model, x, assets):
        return np.asarray(model.predict_on_batch(x)["logits"]).argmax(-1)

    def statistics(self, predictions, truths):
        return {"right": predictions == truths["label"]}

    def describe(self, prediction, assets):
        return [{"label": assets.classes[int(prediction)]}]

def sky_and_wind(*, input_shapes):
    image, wind = (keras.Input(input_shapes[name], name=name) for name in ("image", "wind"))
    x = keras.layers.Concatenate(name="join")([keras.layers.Flatten(name="flat")(image), wind])
    x = keras.layers.Dense(8, activation="relu", name="dense")(x)
    return keras.Model({"image": image, "wind": wind}, {"joined": x}, name="backbone")

def skies():
    generator = np.random.default_rng(0)
    splits = {}
    for split, count in (("train", 48), ("validation", 16), ("test", 16)):
        winds = [None if i % 4 == 0 else "NESW"[i % 4] for i in range(count)]
        images = generator.integers(0, 256, (count, 4, 4, 1), dtype="uint8")
        splits[split] = Split({"image": images, "wind": winds, "label": np.arange(count) % 2})
    features = {"image": Image((4, 4, 1)), "wind": Wind(), "label": Label()}
    return Dataset("skies", splits, features, ("wet", "dry"), "CC0", "own")

zoo.register(ModelCard(
    name="sky_and_wind", builder=f"{__name__}:sky_and_wind", family="sky", modality="weather",
    tasks=("weather",), summary="", paper="", arxiv="", year=2026, input_shape=(4, 4, 1),
    num_classes=2, features=(FeatureSpec("joined", None, 8),), head_feature="joined",
))
zoo.register(TaskCard(
    name="weather", task=f"{__name__}:Weather", modality="weather", metrics=Weather.metrics,
    summary="",
))
zoo.register(DatasetCard(
    name="skies", source="own", loader=f"{__name__}:skies", modality="weather", task="weather",
    summary="", licence="CC0", homepage="", num_classes=2,
))
"""
TUNE_TYPES = """
    from pathlib import Path
    Path("space.yaml").write_text("optimizer.learning_rate: {low: 0.001, high: 0.1, sampling: log}")
    study = zoo.tune(
        "weather.yaml", oracle="random", max_trials=2, space="space.yaml", study="study",
        progress=False,
    )
    print("searched", 0 <= study.best.value <= 1)
"""
WEATHER = """
name: weather
summary: The weather from an image and the wind.
task: {name: weather}
data: {name: skies}
model: {name: sky_and_wind}
regularization: {preset: none}
optimizer: {name: adamw, learning_rate: 0.01}
training: {epochs: 1, batch_size: 8, select: last}
"""


def run(folder: Path, text: str, own: str = OWN) -> str:
    (folder / "own.py").write_text(f'{own}\nif __name__ == "__main__":{text}')
    result = subprocess.run(
        [sys.executable, "own.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=900,
        env=os.environ | {"PYTHONPATH": str(Path(zoo.__file__).parents[1])},
    )
    assert result.returncode == 0, result.stderr[-3000:]
    return result.stdout


def test_what_a_script_registers_trains_loads_and_predicts(tmp_path):
    assert "trained numerals" in run(tmp_path, TRAIN)
    code = "import zoo; zoo.load('run').model"
    said = subprocess.run(
        [sys.executable, "-c", f"import zoo\ntry:\n    {code}\nexcept zoo.ZooError as e: print(e)"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | {"PYTHONPATH": str(Path(zoo.__file__).parents[1])},
    ).stdout
    assert "no model named 'tiny_net'" in said and "registered with zoo.register first" in said


@pytest.mark.slow
def test_a_task_with_a_type_of_column_of_its_own_is_searched(tmp_path):
    (tmp_path / "weather.yaml").write_text(WEATHER)
    assert "searched True" in run(tmp_path, TUNE_TYPES, TYPES)


@pytest.mark.slow
def test_what_a_script_registers_is_searched(tmp_path):
    assert "searched True" in run(tmp_path, TUNE)
