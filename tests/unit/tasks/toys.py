"""Three toy tasks that no module of the package knows: two inputs, a sequence, several outputs."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.columns import Label, Number, Spec
from zoo.columns.assets import Assets
from zoo.metrics.base import Metric
from zoo.metrics.estimators import Ratio, Share
from zoo.tasks.base import Task


class TwoInputs(Task):
    """Is the image's mean brighter than the sound's loudness? Dictionaries of inputs."""

    name, shown = "two_inputs", ("accuracy",)
    metrics, estimators = (Metric("accuracy"),), {"accuracy": Share("right")}

    def fit(self, train, *, features, classes):
        x = {"image": Spec((4, 4, 1), "float32"), "audio": Spec((6,), "float32")}
        return Assets(x=x, y={"label": Label(("sound", "image"))})

    def units(self, split, assets, *, training):
        return split

    def encode(self, example, assets, seed):
        x = {name: np.asarray(example[name], "float32") for name in assets.x}
        return x, {"label": np.int64(example["label"])}

    def build(self, backbone, assets, fronts=None, head_feature=None):
        inputs = {name: keras.Input(spec.shape, name=name) for name, spec in assets.x.items()}
        features = [backbone[name](tensor)["features"] for name, tensor in inputs.items()]
        joined = keras.layers.Concatenate(name="head_join")(features)
        return keras.Model(inputs, keras.layers.Dense(2, name="head_logits")(joined))

    def loss(self, y, y_pred):
        one_hot = ops.one_hot(y["label"], 2)
        loss = ops.mean(-ops.sum(one_hot * ops.log_softmax(y_pred["logits"]), axis=-1))
        right = ops.equal(
            ops.cast(y["label"], "int64"), ops.cast(ops.argmax(y_pred["logits"], -1), "int64")
        )
        return {"loss": loss, "accuracy": ops.mean(ops.cast(right, "float32"))}

    def decode(self, model, x, assets):
        return np.asarray(model.predict_on_batch(x)["logits"]).argmax(-1)

    def statistics(self, predictions, truths):
        return {"right": predictions == truths["label"]}

    def describe(self, prediction: Any, assets: Assets):
        return [{"label": assets.classes[int(prediction)]}]


class Parity(Task):
    """Mark each token of a sequence as odd or even: varying lengths, masked loss, list outputs."""

    name, shown = "parity", ()
    metrics = (Metric("token_accuracy"),)
    estimators = {"token_accuracy": Share("right", "tokens")}  # noqa: RUF012

    def fit(self, train, *, features, classes):
        spec = Spec((None,), "int64", padding=0, buckets=(4, 8))
        target = Spec((None,), "int64", padding=-1, buckets=(4, 8))
        return Assets(x={"ids": spec}, y={"parity": target}, extra={"vocabulary_size": 12})

    def units(self, split, assets, *, training):
        return split

    def encode(self, example, assets, seed):
        ids = np.asarray(example["ids"], "int64")
        return {"ids": ids}, {"parity": ids % 2}

    def build(self, backbone, assets, fronts=None, head_feature=None):
        ids = keras.Input((None,), dtype="int64", name="ids")
        tokens = backbone(ids)["tokens"]  # (B, T, D)
        return keras.Model(ids, keras.layers.Dense(2, name="head_logits")(tokens))

    def loss(self, y, y_pred):
        real = ops.cast(y["parity"] >= 0, "float32")  # (B, T)
        one_hot = ops.one_hot(ops.maximum(y["parity"], 0), 2)
        losses = -ops.sum(one_hot * ops.log_softmax(y_pred["logits"]), axis=-1)
        return {"loss": ops.sum(losses * real) / ops.sum(real)}

    def decode(self, model, x, assets):
        guesses = np.asarray(model.predict_on_batch(x)["logits"]).argmax(-1)
        return [row[ids > 0] for row, ids in zip(guesses, x["ids"], strict=True)]

    def statistics(self, predictions, truths: Mapping[str, np.ndarray]):
        real = [truth[truth >= 0] for truth in truths["parity"]]
        right = [np.sum(guess == truth) for guess, truth in zip(predictions, real, strict=True)]
        return {"right": np.array(right), "tokens": np.array([len(truth) for truth in real])}

    def describe(self, prediction, assets):
        return [{"parity": prediction.tolist()}]


class TwoOutputs(Task):
    """A class and a number from one image: a dictionary of outputs, a sum of losses."""

    name, shown = "two_outputs", ("class_loss", "value_loss")
    metrics, estimators = (Metric("error", "min", unit="m"),), {"error": Ratio("error")}

    def fit(self, train, *, features, classes):
        y = {"label": Label(("dark", "bright")), "value": Number()}
        return Assets(x={"image": Spec((4, 4, 1), "float32")}, y=y)

    def units(self, split, assets, *, training):
        return split

    def encode(self, example, assets, seed):
        image = np.asarray(example["image"], "float32")
        y = {"label": np.int64(image.mean() > 0), "value": np.float32(image.mean())}
        return {"image": image}, y

    def build(self, backbone, assets, fronts=None, head_feature=None):
        image = keras.Input((4, 4, 1), name="image")
        features = backbone(image)["features"]
        outputs = {
            "logits": keras.layers.Dense(2, name="head_class")(features),
            "value": keras.layers.Dense(1, name="head_value")(features)[..., 0],
        }
        return keras.Model(image, outputs)

    def loss(self, y, y_pred):
        one_hot = ops.one_hot(y["label"], 2)
        class_loss = ops.mean(-ops.sum(one_hot * ops.log_softmax(y_pred["logits"]), axis=-1))
        value_loss = ops.mean(ops.square(y["value"] - y_pred["value"]))
        return {"loss": class_loss + value_loss, "class_loss": class_loss, "value_loss": value_loss}

    def decode(self, model, x, assets):
        return np.asarray(model.predict_on_batch(x)["value"])

    def statistics(self, predictions, truths):
        return {"error": np.abs(predictions - truths["value"])}

    def describe(self, prediction, assets):
        return [{"value": float(prediction)}]
