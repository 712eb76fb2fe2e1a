"""Speech recognition: the words of a recording, by a network that is trained here (CTC)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, final

import keras
import numpy as np
from keras import ops

from zoo.catalog.metrics import RECOGNITION
from zoo.columns import Column, Text, Transcript
from zoo.columns.assets import Assets, column_of
from zoo.columns.transcript import SIGNS, text_of
from zoo.heads.ctc import ctc_head, ctc_nats, stride_of
from zoo.heads.inputs import keras_inputs
from zoo.layers.attention import FAR
from zoo.metrics.transcripts import RECOGNITION_ESTIMATORS, edits, normalized
from zoo.regularization import NONE, Regularization
from zoo.tasks.base import Front, Predictions, Task, Tensors
from zoo.tasks.keyword_spotting import KeywordSpotting
from zoo.tasks.transcript_checks import check_arguments, check_clip, check_lengths, check_texts
from zoo.tasks.transcript_decoding import TranscriptDecoding
from zoo.tokenizers import fit_tokenizer

if TYPE_CHECKING:
    from zoo.data.dataset import Split

TEXT = "text"  # name of the target


@final
class SpeechRecognition(Task):
    """Write the words of a recording, learnt from recordings and their transcripts alone (CTC).

    Transcripts are normalized as they are scored (`zoo.metrics.transcripts.normalized`): lower case,
    no punctuation but apostrophes. Recordings keep their length; batches are padded with silence
    behind, which changes neither a loss nor a transcript.

    Args:
        tokenizer: of transcripts, fitted on train: "character", "subword" or "word".
        vocabulary_size: most distinct tokens.
        max_seconds: longer recordings are refused.
        beam_width: hypotheses that are kept where a language model counts, 1 to 1,000.
        lm_order: words of the n-grams of the language model, which is fitted to the transcripts of
            train; 0 for none, which leaves greedy decoding.
        lm_weight, word_bonus: how much it counts, and what each word adds (`zoo.decoding.word_scores`);
            None chooses them on validation, after training.
        sample_rate_hz, window_ms, hop_ms, num_mels, low_hz, high_hz, normalization: of the features,
            as `ClipClassification`.
        regularization: `dropout_rate` acts here; `label_smoothing` and `time_shift_ms` do not.

    Raises:
        UnknownNameError: there is no such tokenizer.
        ArgumentError: a value out of range; of the features' settings, in `fit`.
    """

    name = "speech_recognition"
    metrics = RECOGNITION
    estimators = RECOGNITION_ESTIMATORS

    def __init__(
        self,
        *,
        tokenizer: str = "character",
        vocabulary_size: int = 1024,
        max_seconds: float = 20.0,
        beam_width: int = 16,
        lm_order: int = 3,
        lm_weight: float | None = None,
        word_bonus: float | None = None,
        sample_rate_hz: int | None = None,
        window_ms: float = 25.0,
        hop_ms: float = 10.0,
        num_mels: int = 80,
        low_hz: float = 20.0,
        high_hz: float | None = None,
        normalization: str = "utterance",
        regularization: Regularization = NONE,
    ):
        super().__init__(regularization=regularization)
        check_arguments(tokenizer, max_seconds)
        self.decoding = TranscriptDecoding(beam_width, lm_order, lm_weight, word_bonus)
        self.calibrates = lm_order > 0
        self.tokenizer, self.vocabulary_size = tokenizer, vocabulary_size
        self.max_seconds, self.stride = max_seconds, 1  # the stride is the network's
        self.reader = KeywordSpotting(
            sample_rate_hz=sample_rate_hz,
            clip_seconds=max_seconds,
            window_ms=window_ms,
            hop_ms=hop_ms,
            num_mels=num_mels,
            low_hz=low_hz,
            high_hz=high_hz,
            normalization=normalization,
        )

    def fit(
        self, train: "Split", *, features: Mapping[str, Column], classes: tuple[str, ...]
    ) -> Assets:
        (audio,) = self.reader.inputs(train, features).values()
        y = self.targets(train, features=features, classes=classes)
        texts = [normalized(text) for text in train.columns[y[TEXT].source]]
        return Assets(x={"audio": audio.uncut()}, y=y, extra=self.decoding.fitted(texts))

    def targets(
        self, train: "Split", *, features: Mapping[str, Column], classes: tuple[str, ...]
    ) -> Mapping[str, Column]:
        source = column_of(features, Text, TEXT).source
        check_texts(train, source)
        tokenizer = fit_tokenizer(
            self.tokenizer,
            [normalized(text) for text in train.columns[source]],
            vocabulary_size=self.vocabulary_size,
        )
        return {TEXT: Transcript(tokenizer.to_dict(), source=source)}

    def units(self, split: "Split", assets: Assets, *, training: bool) -> "Split":
        target = assets.y[TEXT]
        check_texts(split, target.source, known=target.loaded)
        if training:
            how = {"stride": self.stride, "max_seconds": self.max_seconds}
            change = self.regularization.speed_change
            check_lengths(split, assets.x["audio"], target, **how, speed_change=change)
        return super().units(split, assets, training=training)

    def encode(
        self, example: Mapping[str, Any], assets: Assets, seed: int | None
    ) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        source = assets.y[TEXT].source or TEXT
        if example.get(source) is not None:
            example = {**example, source: normalized(example[source])}
        x, y = super().encode(example, assets, seed)
        check_clip(x["audio"], assets.x["audio"], max_seconds=self.max_seconds)
        return x, y

    def build(
        self,
        backbone: keras.Model | Mapping[str, keras.Model],
        assets: Assets,
        fronts: Mapping[str, Front] | None = None,
        head_feature: str | None = None,
    ) -> keras.Model:
        (audio,) = keras_inputs(assets).values()  # (B, samples), or (B, T, M) without a front
        front = (fronts or {}).get("audio")
        frames = front(audio) if front else audio
        target = assets.y.get(TEXT)
        known = isinstance(target, Transcript)
        self.stride = stride_of(backbone, feature=head_feature, bins=frames.shape[-1])
        logits = ctc_head(
            backbone(frames),
            frames,
            target.loaded.vocabulary_size if known else len(assets.outputs),
            stride=self.stride,
            feature=head_feature,
            dropout_rate=self.regularization.dropout_rate,
        )
        return keras.Model(audio, logits, name="speech_recognizer")

    def loss(self, y: Tensors, y_pred: Tensors) -> dict[str, Any]:
        """Return the negative log-likelihood of the transcripts, in nats for each of their tokens.

        Args:
            y: "text" (B, L), ids padded with 0.
            y_pred: "logits" (B, T, V); 0 is the blank.
        """
        nats, tokens = ctc_nats(y_pred["logits"], y[TEXT])
        return {"loss": ops.sum(nats) / ops.maximum(ops.sum(tokens), 1.0)}

    def decode(self, model: keras.Model, x: Tensors, assets: Assets) -> Predictions:
        """Return what is heard in each recording, a list of `zoo.decoding.word_scores.Recognized`."""
        outputs = model.predict_on_batch(x)
        logits = outputs["logits"] if isinstance(outputs, Mapping) else outputs
        rows = np.asarray(logits, "float64")
        heard = [row[row[:, -1] > FAR / 2] for row in rows]  # without padding
        return self.decoding.decoded(heard, assets.y[TEXT].loaded, assets.extra)

    def calibrated(
        self, predictions: Predictions, truths: Mapping[str, np.ndarray], assets: Assets
    ) -> Assets:
        """Choose on validation how much the language model counts."""
        expected = [text_of(signs) for signs in np.asarray(truths[f"{TEXT}.{SIGNS}"])]
        tokenizer = assets.y[TEXT].loaded
        extra = self.decoding.chosen(predictions, expected, tokenizer, assets.extra)
        return replace(assets, extra=extra)

    def statistics(
        self, predictions: Predictions, truths: Mapping[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """Return errors of words and characters, and how many there are, (N,) each."""
        expected = [text_of(signs) for signs in np.asarray(truths[f"{TEXT}.{SIGNS}"])]
        greedy = edits([one.greedy for one in predictions], expected)
        found = edits([one.text for one in predictions], expected)
        return found | {"greedy_errors": greedy["word_errors"]}

    def describe(self, prediction: Any, assets: Assets) -> list[dict[str, Any]]:
        """Return the transcript, and that of greedy decoding."""
        return [{"text": prediction.text, "greedy": prediction.greedy}]
