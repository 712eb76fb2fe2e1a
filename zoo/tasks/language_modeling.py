"""Language modelling: the next token of a text."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, final

import keras
import numpy as np
from keras import ops

from zoo.catalog.metrics import LANGUAGE
from zoo.columns import Column, Number, Text
from zoo.columns.assets import Assets, column_of
from zoo.decoding.likelihood import at_the_end, token_nats
from zoo.errors import ArgumentError, unknown_name
from zoo.heads.inputs import keras_inputs
from zoo.metrics.language import ESTIMATORS, perplexity
from zoo.regularization import NONE, Regularization
from zoo.tasks.base import Front, Predictions, Task, Tensors
from zoo.tasks.text_checks import check_known, check_length, check_vocabulary
from zoo.tokenizers import PADDING_ID, SPECIAL

if TYPE_CHECKING:
    from zoo.data.dataset import Split

SEPARATOR = "\n\n"  # between documents
TOKENIZERS = ("character", "bpe")
LONGEST_CONTEXT = 65_536


@final
class LanguageModeling(Task):
    """Predict each token of a text from those before it.

    The documents of a split are joined, with a blank line between them, and cut into windows of
    `context_length` tokens. Training sees every region at a random phase in every pass. Evaluation
    windows overlap by one token, so that each token but the first is predicted exactly once, from
    what precedes it in its window.

    Args:
        tokenizer: "character" or "bpe" (byte-level byte pairs).
        vocabulary_size: ids at most, padding and unknown included; "bpe" needs 258 or more.
        context_length: tokens of a window.
        regularization: `label_smoothing` acts here.

    Raises:
        UnknownNameError: no such tokenizer.
        ArgumentError: `context_length` is out of range.
    """

    name = "language_modeling"
    metrics = LANGUAGE
    estimators = ESTIMATORS
    random_encoding = True
    writes = True

    def __init__(
        self,
        *,
        tokenizer: str = "character",
        vocabulary_size: int = 1024,
        context_length: int = 64,
        regularization: Regularization = NONE,
    ):
        super().__init__(regularization=regularization)
        if tokenizer not in TOKENIZERS:
            raise unknown_name(
                "tokenizer of language models",
                str(tokenizer),
                TOKENIZERS,
                fix=f"set task.arguments.tokenizer to one of {', '.join(TOKENIZERS)}",
            )
        if not isinstance(context_length, int) or not 2 <= context_length <= LONGEST_CONTEXT:
            raise ArgumentError(
                f"context_length={context_length!r} is not a valid context length.",
                expected=f"2 to {LONGEST_CONTEXT} tokens",
                fix="set task.arguments.context_length within that range",
            )
        self.tokenizer, self.vocabulary_size = tokenizer, vocabulary_size
        self.context_length = context_length

    def fit(
        self, train: "Split", *, features: Mapping[str, Column], classes: tuple[str, ...]
    ) -> Assets:
        text = replace(
            column_of(features, Text, "text"),
            context_length=self.context_length,
            buckets=(self.context_length,),
            fitting={"kind": self.tokenizer, "vocabulary_size": self.vocabulary_size},
        )
        texts = [*train.columns[text.source], SEPARATOR]  # so that a prompt can begin a new line
        fitted = text.fit(texts)
        check_vocabulary(fitted.loaded, texts, vocabulary_size=self.vocabulary_size)
        ids = Text(buckets=text.buckets)
        return Assets(x={"ids": fitted}, y={"ids": ids, "characters": Number()})

    def units(self, split: "Split", assets: Assets, *, training: bool) -> "Split":
        """Return windows: columns "ids" and "characters_per_token".

        Those for training are twice as long, one every `context_length` tokens; `encode` takes a
        window at random out of each.

        Raises:
            DataError: the text is too short, or has too many characters that the model does not know.
        """
        column = assets.x["ids"]
        text = SEPARATOR.join(split.columns[column.source])
        ids = column.loaded.encode(text)
        check_known(text, ids, column.loaded, what=f"the {('held-out', 'training')[training]} text")
        check_length(ids, what="The split")
        size = column.context_length
        length, step = (2 * size, size) if training else (size, size - 1)
        last = max(0, len(ids) - length) if training else len(ids) - 2  # a target for each window
        starts = np.arange(0, last + 1, step)
        if training and starts[-1] < last:
            starts = np.append(starts, last)
        ratios = np.full(len(starts), len(text) / len(ids), "float32")
        # Tasks do not import modules of data.
        return type(split)(
            {"ids": starts, "characters_per_token": ratios},
            decode={"ids": lambda start: ids[start : start + length]},
        )

    def encode(
        self, example: Mapping[str, Any], assets: Assets, seed: int | None
    ) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        column = assets.x["ids"]
        if column.source in example:  # from a user: all of it, however long
            text = example[column.source]
            ids = column.loaded.encode(text)
            check_length(ids, what="The text")
            ratio = len(text) / len(ids)
        else:
            size, ids = column.context_length, example["ids"]
            start = seed % (max(0, len(ids) - size) + 1) if seed is not None else 0
            ids, ratio = ids[start : start + size], example["characters_per_token"]
        # A mark at the end that is used for padding would look like it.
        ids = ids[: max(2, len(ids) - int(at_the_end(ids, column.loaded.padding_id).sum()))]
        # Targets are padded with 0, which may be a token of a published tokenizer: -1 stands for it.
        targets = np.where(ids == PADDING_ID, -1, ids)
        return {"ids": ids}, {"ids": targets, "characters": np.float32((len(ids) - 1) * ratio)}

    def build(
        self,
        backbone: keras.Model | Mapping[str, keras.Model],
        assets: Assets,
        fronts: Mapping[str, Front] | None = None,
        head_feature: str | None = None,
    ) -> keras.Model:
        (ids,) = keras_inputs(assets).values()  # (B, T)
        return keras.Model(ids, backbone(ids)[head_feature or "logits"], name="language_model")

    def loss(self, y: Tensors, y_pred: Tensors) -> dict[str, Any]:
        """Return the mean negative log-likelihood of the tokens after the first, in nats."""
        targets, logits = y["ids"][:, 1:], y_pred["logits"][:, :-1]
        known = ops.maximum(targets, 0)
        nats = keras.losses.sparse_categorical_crossentropy(known, logits, from_logits=True)
        smoothing = self.regularization.label_smoothing
        if smoothing:
            of_uniform = ops.logsumexp(logits, axis=-1) - ops.mean(logits, axis=-1)
            nats = (1 - smoothing) * nats + smoothing * of_uniform
        is_text = ops.cast(targets != PADDING_ID, nats.dtype)  # (B, T - 1)
        return {"loss": ops.sum(nats * is_text) / ops.maximum(ops.sum(is_text), 1)}

    def decode(self, model: keras.Model, x: Tensors, assets: Assets) -> Predictions:
        """Return the negative log-likelihood of each token after the first, in nats.

        Texts longer than the context are cut into windows as `units` does.

        Returns:
            float32 (B, T - 1), NaN where there is padding.
        """
        tokenizer = assets.x["ids"].loaded
        unknown, padding = tokenizer.unknown_id, tokenizer.padding_id
        how = {"padding_id": padding, "unknown_id": None if unknown == padding else unknown}
        how["known_characters"] = assets.sizes["vocabulary_size"] - SPECIAL
        length = assets.x["ids"].context_length
        return token_nats(model, np.asarray(x["ids"]), context_length=length, **how)

    def statistics(
        self, predictions: Predictions, truths: Mapping[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """Return nats and whether there is a token, (N, T - 1) each, and characters, (N,)."""
        is_token = np.asarray(truths["ids"])[:, 1:] != PADDING_ID
        return {
            "nats": np.where(is_token, predictions, 0),
            "tokens": is_token,
            "characters": np.asarray(truths["characters"]),
        }

    def describe(self, prediction: Any, assets: Assets) -> list[dict[str, Any]]:
        """Return how well the model predicts the text: perplexity, nats per token, tokens."""
        nats = np.asarray(prediction, dtype="float64")
        nats = nats[~np.isnan(nats)]
        loss = float(nats.mean()) if nats.size else math.nan
        said = {"perplexity": float(perplexity(loss)), "loss": loss, "tokens": nats.size}
        if assets.x["ids"].tokenizer["kind"] == "character":
            said["bits_per_character"] = loss / math.log(2)
        return [said]
