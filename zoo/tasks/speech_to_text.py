"""Speech to text: the words of a recording."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, final

import keras
import numpy as np
from keras import ops

from zoo.catalog.metrics import TRANSCRIPTS
from zoo.columns import Column
from zoo.columns.assets import Assets
from zoo.decoding.encoder_decoder import Writer, greedy
from zoo.errors import ArgumentError
from zoo.heads.inputs import keras_inputs
from zoo.metrics.transcripts import ESTIMATORS, edits, normalized
from zoo.tasks.base import Front, Predictions, Task, Tensors

if TYPE_CHECKING:
    from zoo.data.dataset import Split

PADDING = -1  # of ids that are targets; every id of a vocabulary stands for some text


@final
class SpeechToText(Task):
    """Write the words of a recording, token by token, with a model of published weights.

    Recipes do not train such models yet.

    Args:
        regularization: unused.
    """

    name = "speech_to_text"
    metrics = TRANSCRIPTS
    estimators = ESTIMATORS
    writes = True
    calibrates = False

    def fit(
        self, train: "Split", *, features: Mapping[str, Column], classes: tuple[str, ...]
    ) -> Assets:
        raise ArgumentError(
            "Recipes do not train models of speech_to_text.",
            expected="another task, such as keyword_spotting",
            fix="transcribe with published weights: zoo predict whisper_base.openai talk.wav",
        )

    def build(
        self,
        backbone: keras.Model | Mapping[str, keras.Model],
        assets: Assets,
        fronts: Mapping[str, Front] | None = None,
        head_feature: str | None = None,
    ) -> keras.Model:
        inputs, fronts = keras_inputs(assets), fronts or {}
        taken = {name: fronts[name](x) if name in fronts else x for name, x in inputs.items()}
        return keras.Model(inputs, backbone(taken)[head_feature or "logits"], name=self.name)

    def loss(self, y: Tensors, y_pred: Tensors) -> dict[str, Any]:
        """Return the mean negative log-likelihood of the ids after the first, in nats.

        Args:
            y: "ids" (B, T), padded with -1.
            y_pred: "logits" (B, T, V).
        """
        targets, logits = y["ids"][:, 1:], y_pred["logits"][:, :-1]
        is_text = ops.cast(targets != PADDING, logits.dtype)  # (B, T - 1)
        known = ops.maximum(targets, 0)
        nats = keras.losses.sparse_categorical_crossentropy(known, logits, from_logits=True)
        return {"loss": ops.sum(nats * is_text) / ops.maximum(ops.sum(is_text), 1)}

    def decode(self, model: keras.Model, x: Tensors, assets: Assets) -> Predictions:
        """Return the most likely ids after those given as "ids", up to the context's length.

        Which id ends a text, and what ids stand for, is known with the tokenizer.

        Returns:
            int32 (N,) for each example.
        """
        positions = model.get_layer("backbone").get_layer("positions")
        return greedy(Writer(model, length=positions.length), x["audio"], x["ids"])

    def statistics(
        self, predictions: Predictions, truths: Mapping[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """Return errors of words and characters, and how many there are, (N,) each.

        Args:
            predictions: transcripts, as `zoo.metrics.transcripts.normalized` takes them.
            truths: true transcripts as "text", (N,).
        """
        return edits([normalized(t) for t in predictions], [normalized(t) for t in truths["text"]])

    def describe(self, prediction: Any, assets: Assets) -> list[dict[str, Any]]:
        """Return the transcript."""
        return [{"text": str(prediction)}]
