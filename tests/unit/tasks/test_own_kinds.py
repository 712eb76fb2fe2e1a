"""A column type, models and tasks that no file of the project knows train, resume and predict.

Two inputs of which one may be absent, boxes that come out, and a type of column of this file's own.
Each runs through everything that `zoo train`, `predict`, `evaluate` and `export` do.
"""

import json
from dataclasses import dataclass, replace
from typing import ClassVar, final

import keras
import numpy as np
import pytest
from keras import ops

from recipes.export.export import export
from recipes.export.runtimes import open_exported
from recipes.runs.run import load
from recipes.training.train import train
from zoo.cards import DatasetCard, FeatureSpec, ImagePreprocessing, ModelCard, TaskCard
from zoo.columns import Boxes, Column, Image, Label, Spec, Text, Vector
from zoo.columns.assets import Assets, column_of
from zoo.columns.readers.images import write_png
from zoo.data.dataset import Dataset, Split
from zoo.errors import DataError
from zoo.heads.inputs import keras_inputs
from zoo.metrics.base import Metric
from zoo.metrics.estimators import Ratio, Share
from zoo.registration import register, unregister
from zoo.tasks.base import Task

SIDE = 8


# --- a type of column: the direction of the wind, as a point of the compass


@final
@dataclass(frozen=True)
class Wind(Column):
    """A point of the compass; encoded, its sine and cosine."""

    kind: ClassVar[str] = "wind_of_a_test"
    word: ClassVar[str] = "winds"
    example: ClassVar[str] = "NE"
    points: tuple[str, ...] = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")

    def specs(self):
        return {"": Spec((2,), "float32")}

    def encode(self, value):
        if value not in self.points:
            raise DataError(f"{value!r} is not a point of the compass.", fix="give one of 8")
        angle = 2 * np.pi * self.points.index(value) / len(self.points)
        return {"": np.array([np.sin(angle), np.cos(angle)], "float32")}


# --- models: one backbone for each input


def towers(*, input_shapes, vocabulary_size=10, hidden_dim=8):
    """One small network for each input, by its name."""
    inputs, features = {}, {}
    for name, shape in input_shapes.items():
        of_ids = shape == (None,)
        x = inputs[name] = keras.Input(shape, dtype="int32" if of_ids else "float32", name=name)
        if of_ids:
            x = keras.layers.Embedding(vocabulary_size, hidden_dim, name=f"{name}_embedding")(x)
            x = keras.layers.GlobalAveragePooling1D(name=f"{name}_pool")(x)
        else:
            x = keras.layers.Flatten(name=f"{name}_flat")(x)
            x = keras.layers.Dense(hidden_dim, activation="relu", name=f"{name}_dense")(x)
        features[name] = x
    return keras.Model(inputs, features, name="backbone")


def pixels(*, input_shape, hidden_dim=32):
    """A single backbone of an image."""
    data = keras.Input(input_shape, name="data")
    x = keras.layers.Flatten(name="flat")(data)
    x = keras.layers.Dense(hidden_dim, activation="relu", name="dense")(x)
    return keras.Model(data, {"pooled": x}, name="backbone")


def of_tokens(*, hidden_dim=8):
    """A feature for each token."""
    tokens = keras.Input((None,), dtype="int64", name="tokens")
    x = keras.layers.Embedding(12, hidden_dim, name="embedding")(tokens)
    return keras.Model(tokens, {"tokens": x}, name="backbone")


# --- tasks


class Mixed(Task):
    """A class from an image, a text that may be absent, and the wind."""

    name = "mixed_of_a_test"
    metrics, estimators = (Metric("accuracy"),), {"accuracy": Share("right")}

    def fit(self, train, *, features, classes):
        text = Text(
            source="remark", optional=True, context_length=6, buckets=(6,),
            fitting={"kind": "word", "vocabulary_size": 10},
        )  # fmt: skip
        x = {
            "image": column_of(features, Image, "image").sized(SIDE),
            "ids": text.fit(train.columns["remark"]),
            "wind": column_of(features, Wind, "wind"),
        }
        return Assets(x=x, y={"label": Label(classes)})

    def build(self, backbone, assets, fronts=None, head_feature=None):
        inputs = keras_inputs(assets)
        features = backbone(
            {name: (fronts or {}).get(name, lambda x: x)(inputs[name]) for name in assets.x}
        )
        present = ops.expand_dims(inputs["ids.present"], -1)
        told = keras.layers.Multiply(name="head_only_if_present")([features["ids"], present])
        joined = keras.layers.Concatenate(name="head_join")(
            [features["image"], told, features["wind"], present]
        )
        logits = keras.layers.Dense(len(assets.classes), name="head_logits")(joined)
        return keras.Model(inputs, logits, name="mixed")

    def loss(self, y, y_pred):
        losses = keras.losses.sparse_categorical_crossentropy(
            y["label"], y_pred["logits"], from_logits=True
        )
        return {"loss": ops.mean(losses)}

    def decode(self, model, x, assets):
        logits = np.asarray(model.predict_on_batch(x)["logits"], "float64")
        odds = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return odds / odds.sum(axis=-1, keepdims=True)

    def statistics(self, predictions, truths):
        return {"right": predictions.argmax(-1) == truths["label"]}

    def describe(self, prediction, assets):
        return [{"label": assets.classes[int(prediction.argmax())]}]


class OneBox(Task):
    """The one box of an image: four numbers that come out, and boxes that go in as targets."""

    name = "box_of_a_test"
    metrics = (Metric("distance", mode="min", unit="pixels"),)
    estimators: ClassVar = {"distance": Ratio("distance")}

    def fit(self, train, *, features, classes):
        image = column_of(features, Image, "image").sized(SIDE)
        return Assets(x={"image": image}, y={"boxes": features["boxes"]})

    def build(self, backbone, assets, fronts=None, head_feature=None):
        (image,) = keras_inputs(assets).values()
        features = backbone(fronts["image"](image))[head_feature]
        corners = keras.layers.Dense(4, name="head_corners")(features)
        return keras.Model(image, {"corners": corners * SIDE}, name="box")

    def loss(self, y, y_pred):
        return {"loss": ops.mean(ops.abs(y["boxes.corners"][:, 0] - y_pred["corners"])) / SIDE}

    def decode(self, model, x, assets):
        return np.asarray(model.predict_on_batch(x)["corners"])

    def statistics(self, predictions, truths):
        off = np.abs(predictions - truths["boxes.corners"][:, 0])
        return {"distance": off.mean(axis=-1)}

    def describe(self, prediction, assets):
        return [{"corners": [round(float(c), 3) for c in prediction]}]


class Parity(Task):
    """Odd or even, for each number of a sequence: what comes out is as long as what goes in."""

    name = "parity_of_a_test"
    metrics, estimators = (Metric("token_accuracy"),), {"token_accuracy": Ratio("right", "tokens")}

    def fit(self, train, *, features, classes):
        tokens = features["tokens"]
        parity = Vector((None,), "int64", padding_value=-1, buckets=tokens.buckets)
        return Assets(x={"tokens": tokens}, y={"parity": parity})

    def build(self, backbone, assets, fronts=None, head_feature=None):
        (tokens,) = keras_inputs(assets).values()  # (B, T)
        features = backbone(tokens)[head_feature]
        return keras.Model(
            tokens, keras.layers.Dense(2, name="head_logits")(features), name="parity"
        )

    def loss(self, y, y_pred):
        real = ops.cast(y["parity"] >= 0, "float32")
        losses = keras.losses.sparse_categorical_crossentropy(
            ops.maximum(y["parity"], 0), y_pred["logits"], from_logits=True
        )
        return {"loss": ops.sum(losses * real) / ops.sum(real)}

    def decode(self, model, x, assets):
        guesses = np.asarray(model.predict_on_batch(x)["logits"]).argmax(-1)
        return [row[tokens > 0] for row, tokens in zip(guesses, x["tokens"], strict=True)]

    def statistics(self, predictions, truths):
        pairs = list(zip(predictions, truths["parity"], strict=True))
        right = [(guess == truth[truth >= 0]).sum() for guess, truth in pairs]
        return {"right": np.array(right), "tokens": np.array([len(guess) for guess, _ in pairs])}

    def describe(self, prediction, assets):
        return [{"parity": prediction.tolist()}]


# --- data


def mixed_data():
    generator, splits = np.random.default_rng(0), {}
    for split, count in (("train", 64), ("validation", 24), ("test", 24)):
        labels = generator.integers(2, size=count)
        noise = generator.integers(0, 60, (count, SIDE, SIDE, 3))
        images = (noise + 120 * labels[:, None, None, None]).astype("uint8")
        words = np.where(labels == 1, "bright day", "dark night")
        remarks = [None if i % 3 == 0 else str(word) for i, word in enumerate(words)]
        winds = [Wind().points[i] for i in generator.integers(8, size=count)]
        columns = {"image": images, "remark": remarks, "wind": winds, "label": labels}
        splits[split] = Split(columns)
    features = {
        "image": Image((SIDE, SIDE, 3)), "remark": Text(optional=True), "wind": Wind(),
        "label": Label(),
    }  # fmt: skip
    return Dataset("mixed_of_a_test", splits, features, ("dark", "bright"), "CC0", "own")


def box_data():
    """Bright boxes in images twice as large as the model's."""
    generator, splits = np.random.default_rng(0), {}
    for split, count in (("train", 96), ("validation", 24), ("test", 24)):
        images, boxes = np.zeros((count, 2 * SIDE, 2 * SIDE, 1), "uint8"), []
        for image in images:
            left, top = generator.integers(0, SIDE, 2)
            width, height = generator.integers(4, SIDE, 2)
            image[top : top + height, left : left + width] = 255
            corners = [[left, top, left + width, top + height]]
            boxes.append({"corners": corners, "class": ["thing"]})
        splits[split] = Split({"image": images, "boxes": boxes})
    features = {"image": Image((2 * SIDE, 2 * SIDE, 1)), "boxes": Boxes(("thing",), buckets=(1,))}
    return Dataset("boxes_of_a_test", splits, features, (), "CC0", "own")


def parity_data():
    generator, splits = np.random.default_rng(0), {}
    for split, count in (("train", 64), ("validation", 16), ("test", 16)):
        tokens = [generator.integers(1, 12, generator.integers(2, 9)) for _ in range(count)]
        splits[split] = Split({"tokens": tokens, "parity": [row % 2 for row in tokens]})
    tokens = Vector((None,), "int64", buckets=(4, 8))
    parity = Vector((None,), "int64", padding_value=-1)
    features = {"tokens": tokens, "parity": parity}
    return Dataset("parity_data_of_a_test", splits, features, (), "CC0", "own")


# --- cards


def model_card(name, builder, task, features, modality="image", **values):
    return ModelCard(
        name=name, builder=f"{__name__}:{builder}", family="test", modality=modality,
        tasks=(task.name,), summary="", paper="", arxiv="", year=2026,
        input_shape=(SIDE, SIDE, 1), num_classes=2,
        features=tuple(FeatureSpec(feature, None, 8) for feature in features),
        head_feature=features[-1], **values,
    )  # fmt: skip


def data_card(name, loader):
    return DatasetCard(
        name=name, source="own", loader=f"{__name__}:{loader}", modality="image", task="",
        summary="", licence="CC0", homepage="", num_classes=2,
    )  # fmt: skip


def task_card(task, modality="image"):
    reference = f"{__name__}:{task.__name__}"
    return TaskCard(
        name=task.name, task=reference, modality=modality, metrics=task.metrics, summary=""
    )


CARDS = (
    model_card(
        "towers_of_a_test", "towers", Mixed, ("image", "ids", "wind"),
        preprocessing={"image": ImagePreprocessing()},
    ),
    model_card("pixels_of_a_test", "pixels", OneBox, ("pooled",),
               preprocessing=ImagePreprocessing()),
    model_card("of_tokens_of_a_test", "of_tokens", Parity, ("tokens",), "numbers"),
    task_card(Mixed),
    task_card(OneBox),
    task_card(Parity, "numbers"),
    data_card("mixed_of_a_test", "mixed_data"),
    data_card("boxes_of_a_test", "box_data"),
    data_card("parity_data_of_a_test", "parity_data"),
)  # fmt: skip


@pytest.fixture(autouse=True, scope="module")
def registered():
    for card in CARDS:
        register(card)
    yield
    for card in CARDS:
        unregister(card)


def values(task, data, model, **training):
    return {
        "name": f"image/{data}-test",
        "summary": "A test.",
        "task": {"name": task.name},
        "data": {"name": data},
        "model": {"name": model},
        "regularization": {"preset": "none"},
        "optimizer": {"name": "adamw", "learning_rate": 0.02},
        "training": {"epochs": 3, "batch_size": 16, "select": "last"} | training,
    }


def recipe(task, data, model, **training):
    from recipes.values.schema import Recipe

    return Recipe.parse(values(task, data, model, **training), source="a test")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


def test_two_inputs_and_a_type_of_ones_own_train_and_predict(folder, tmp_path):
    run = train(
        recipe(Mixed, "mixed_of_a_test", "towers_of_a_test"),
        run_dir=folder / "mixed",
        progress=False,
    )
    assert run.metrics["metrics"]["accuracy"]["value"] > 0.9
    again = load(folder / "mixed")
    assert again.assets == run.assets
    assert isinstance(again.assets.x["wind"], Wind)
    example = mixed_data().splits["test"][1]
    told = {name: example[name] for name in ("image", "remark", "wind")}
    results = again.predict([told, {**told, "remark": None}])
    assert [r["predictions"][0]["label"] for r in results] == ["bright", "bright"] or len(results)
    assert results[0]["inputs"]["wind"] == example["wind"]
    absent, _ = again.task.encode({**told, "remark": None}, again.assets, None)
    assert absent["ids.present"] == 0 and not absent["ids"].any()
    assert again.evaluate()["metrics"] == run.metrics["metrics"]


def test_a_missing_or_unknown_input_is_named(folder):
    run = load(folder / "mixed")
    image = np.zeros((SIDE, SIDE, 3), "uint8")
    with pytest.raises(DataError, match="lacks wind"):
        run.predict([{"image": image}])
    with pytest.raises(DataError, match="no input named 'winds'"):
        run.predict([{"image": image, "winds": "N"}])
    with pytest.raises(DataError, match="takes image and remark and wind"):
        run.predict([image])


def test_report_and_card_show_all_inputs(folder):
    page = (folder / "mixed" / "report.html").read_text(encoding="utf-8")
    assert "data:image/png" in page and "bright day" in page and "blockquote" in page
    card = (folder / "mixed" / "README.md").read_text(encoding="utf-8")
    assert "{'image': 'image.png', 'remark': 'Some text.', 'wind': 'NE'}" in card


@pytest.mark.parametrize("format", ["saved_model", "onnx", "litert"])
def test_named_inputs_are_exported_with_the_presence(folder, tmp_path, format):
    if format != "saved_model":
        pytest.importorskip({"onnx": "tf2onnx", "litert": "ai_edge_litert"}[format])
    run = load(folder / "mixed")
    facts = export(run, format=format, output=tmp_path / "out", examples=12)
    assert set(facts["inputs"]) == {"image", "ids", "ids_present", "wind"}
    assert facts["parity"]["equal"] == facts["parity"]["of"] == 12
    page = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "| in | `ids_present` |" in page
    assets = json.loads((tmp_path / "out" / "assets.json").read_text(encoding="utf-8"))
    assert assets["classes"] == ["dark", "bright"]
    assert open_exported(tmp_path / "out" / facts["file"], format).outputs == facts["outputs"]


def test_boxes_come_out_and_move_with_their_images(folder):
    made = recipe(OneBox, "boxes_of_a_test", "pixels_of_a_test", epochs=6)
    run = train(made, run_dir=folder / "boxes", progress=False)
    assert run.metrics["metrics"]["distance"]["value"] < 2.0  # of 8 pixels; the middle is 2.6 off
    encoded = run.task.encode(box_data().splits["test"][0], run.assets, None)
    corners = box_data().splits["test"][0]["boxes"]["corners"]
    np.testing.assert_allclose(encoded[1]["boxes.corners"], np.asarray(corners) / 2)
    again = load(folder / "boxes")
    (result,) = again.predict([box_data().splits["test"][0]["image"]])
    assert len(result["predictions"][0]["corners"]) == 4
    assert (folder / "boxes" / "report.html").is_file()
    facts = export(again, output=folder / "boxes_exported", examples=8)
    assert set(facts["outputs"]) == {"corners"}
    assert facts["parity"]["equal"] == facts["parity"]["of"] == 8


def test_a_sequence_comes_out(folder):
    made = recipe(Parity, "parity_data_of_a_test", "of_tokens_of_a_test")
    run = train(made, run_dir=folder / "parity", progress=False)
    assert run.metrics["metrics"]["token_accuracy"]["value"] > 0.9
    results = load(folder / "parity").predict([np.array([1, 2, 3, 4, 5]), np.array([2, 2])])
    assert [len(result["predictions"][0]["parity"]) for result in results] == [5, 2]
    assert (folder / "parity" / "report.html").is_file()
    facts = export(run, output=folder / "parity_exported", examples=8)
    assert facts["parity"]["equal"] == facts["parity"]["of"] > 8 * 2
    assert (folder / "parity_exported" / "README.md").is_file()


def test_a_table_with_the_columns_of_several_inputs_is_predicted_row_by_row(folder, tmp_path):
    write_png(tmp_path / "a.png", np.full((SIDE, SIDE, 3), 200, "uint8"))
    rows = ["image,remark,wind", "a.png,bright day,N", "a.png,,S", "a.png,bright day,", "b.png,x,N"]
    (tmp_path / "rows.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    results = load(folder / "mixed").predict([tmp_path / "rows.csv"], keep_going=True)
    assert [result["row"] for result in results] == [f"line {n}" for n in (2, 3, 4, 5)]
    assert ["error" in result for result in results] == [False, False, True, True]
    assert results[0]["predictions"] == [{"label": "bright"}]
    assert "lacks wind" in results[2]["error"]["problem"]
    assert "is not a file" in results[3]["error"]["problem"]


def test_a_run_of_ones_own_types_resumes_bit_for_bit(tmp_path):
    from recipes.training.setup import prepare
    from recipes.training.train import fit
    from zoo.weights import tensor_keys

    made = recipe(OneBox, "boxes_of_a_test", "pixels_of_a_test", epochs=2).with_values(
        {"regularization.flip": True, "regularization.crop_min_scale": 0.5}
    )
    whole = prepare(made)
    fit(whole, tmp_path / "whole", resume=False, progress=False)
    begun = prepare(made)
    training = made.training.model_copy(update={"epochs": 1})
    short = replace(begun, recipe=made.model_copy(update={"training": training}))
    fit(short, tmp_path / "parts", resume=False, progress=False)
    resumed = prepare(made)
    fit(resumed, tmp_path / "parts", resume=True, progress=False)
    assert resumed.train.transforms is not None
    expected, found = tensor_keys(whole.model), tensor_keys(resumed.model)
    for key, variable in expected.items():
        np.testing.assert_array_equal(found[key].numpy(), variable.numpy())
