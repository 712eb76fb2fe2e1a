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
    assert again.assets.extra["preprocessing"]["image"]["deviation"] == [0.25]
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


def run(folder: Path, text: str) -> str:
    (folder / "own.py").write_text(f'{OWN}\nif __name__ == "__main__":{text}')
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
    assert "no model named 'tiny_net'" in said and "zoo.register before loading" in said


@pytest.mark.slow
def test_what_a_script_registers_is_searched(tmp_path):
    assert "searched True" in run(tmp_path, TUNE)
