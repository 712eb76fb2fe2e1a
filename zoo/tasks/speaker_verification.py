"""Speaker verification: do recordings come from one person, whom training need not have heard?"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, final

import keras
import numpy as np

from zoo.catalog.metrics import VERIFICATION
from zoo.columns import Column, Group, Identity
from zoo.columns.assets import Assets
from zoo.columns.audio import voice_piece
from zoo.errors import DataError
from zoo.heads.inputs import keras_inputs
from zoo.heads.vector import vector_head
from zoo.metrics.verification import (
    ESTIMATORS,
    VERIFIED,
    Trials,
    check_trials,
    equal_error_threshold,
    verification_statistics,
)
from zoo.regularization import NONE, Regularization
from zoo.tasks.base import Front, Predictions, Task, Tensors
from zoo.tasks.speaker_identification import SpeakerIdentification
from zoo.tasks.speaker_loss import SpeakerLoss

if TYPE_CHECKING:
    from zoo.data.dataset import Split

SPEAKER = "speaker"


@final
class SpeakerVerification(Task):
    """A vector of length 1 for a recording; the cosine of two says whether one person speaks.

    Trained to tell the speakers of train apart, scored on pairs of recordings of others. The data says
    who speaks in a column "group", so that no split shares a speaker with another. Training cuts
    another piece of a long recording at each visit; elsewhere it is the middle. A short one is
    repeated.

    Args:
        sample_rate_hz, clip_seconds, window_ms, hop_ms, num_mels, low_hz, high_hz, num_coefficients,
            normalization: as `ClipClassification`.
        loss: "aam_softmax" (None as well; 1801.07698), which learns a direction for each speaker of
            train, or "ge2e" (1710.10467), which compares the recordings of a batch.
        margin: of "aam_softmax", radians, 0 to 1; None takes 0.2.
        scale: that cosines are multiplied by, above 0, at most 1,000; None takes 30, or 10 of "ge2e".
        clips_per_speaker: of "ge2e", that follow one another in training, 2 to 1,000; None takes 10. A
            batch of 64 speakers by 10 clips is training.batch_size=640.
        regularization: `label_smoothing` (of "aam_softmax") and `dropout_rate` act here.

    Raises:
        UnknownNameError: there is no such loss.
        ArgumentError: a value is out of range, or belongs to the other loss.

    >>> SpeakerVerification(clip_seconds=2.0).mode
    'min'
    """

    name = "speaker_verification"
    metrics, estimators = VERIFICATION, ESTIMATORS
    shown = ("accuracy",)
    random_encoding = True

    def __init__(
        self,
        *,
        sample_rate_hz: int | None = None,
        clip_seconds: float = 3.0,
        window_ms: float = 25.0,
        hop_ms: float = 10.0,
        num_mels: int = 40,
        low_hz: float = 20.0,
        high_hz: float | None = None,
        num_coefficients: int = 0,
        normalization: str = "utterance",
        loss: str | None = None,
        margin: float | None = None,
        scale: float | None = None,
        clips_per_speaker: int | None = None,
        regularization: Regularization = NONE,
    ):
        super().__init__(regularization=regularization)
        self.reader = SpeakerIdentification(
            sample_rate_hz=sample_rate_hz,
            clip_seconds=clip_seconds,
            window_ms=window_ms,
            hop_ms=hop_ms,
            num_mels=num_mels,
            low_hz=low_hz,
            high_hz=high_hz,
            num_coefficients=num_coefficients,
            normalization=normalization,
        )
        self.speaker_loss = SpeakerLoss.of(
            loss,
            margin=margin,
            scale=scale,
            clips_per_speaker=clips_per_speaker,
            label_smoothing=regularization.label_smoothing,
        )
        self.contrastive = not self.speaker_loss.learns_directions

    def targets(
        self, train: "Split", *, features: Mapping[str, Column], classes: tuple[str, ...]
    ) -> Mapping[str, Column]:
        found = [name for name, column in features.items() if isinstance(column, Group)]
        if not found:
            held = ", ".join(f"{name} ({column.word})" for name, column in features.items())
            raise DataError(
                f"Speaker verification needs the speaker of each recording; the data holds {held}.",
                expected="a column of groups",
                fix="of a folder: data.arguments.group_pattern; of a table: "
                "data.arguments.group_column",
            )
        return {SPEAKER: replace(Identity().fit(train.columns[found[0]]), source=found[0])}

    def fit(
        self, train: "Split", *, features: Mapping[str, Column], classes: tuple[str, ...]
    ) -> Assets:
        y = self.targets(train, features=features, classes=classes)
        return Assets(x=self.reader.inputs(train, features), y=y)

    def units(self, split: "Split", assets: Assets, *, training: bool) -> "Split":
        """Return the recordings; refuse a split without pairs of one speaker and of two."""
        source = assets.y[SPEAKER].source if SPEAKER in assets.y else ""
        if source in split.columns:
            check_trials(split.columns[source])
        return super().units(split, assets, training=training)

    def together(self, assets: Assets) -> tuple[str, int] | None:
        if self.speaker_loss.learns_directions:
            return None
        return assets.y[SPEAKER].source, self.speaker_loss.clips_per_speaker

    def encode(
        self, example: Mapping[str, Any], assets: Assets, seed: int | None
    ) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Turn one recording into `(x, y)`: a piece at random with a seed, and else its middle."""
        ((name, column),) = assets.x.items()
        name = column.source or name
        audio = example.get(name)
        if column.samples and isinstance(audio, np.ndarray) and audio.ndim == 1 and len(audio):
            example = {**example, name: voice_piece(audio, column.samples, seed=seed)}
        return super().encode(example, assets, seed)

    def build(
        self,
        backbone: keras.Model | Mapping[str, keras.Model],
        assets: Assets,
        fronts: Mapping[str, Front] | None = None,
        head_feature: str | None = None,
    ) -> keras.Model:
        ((name, tensor),) = keras_inputs(assets).items()
        front = (fronts or {}).get(name)
        known = len(assets.y[SPEAKER].names) if SPEAKER in assets.y else len(assets.classes)
        outputs = vector_head(
            backbone(front(tensor) if front else tensor),
            known if self.speaker_loss.learns_directions else 0,
            feature=head_feature,
            dropout_rate=self.regularization.dropout_rate,
        )
        return keras.Model({name: tensor}, outputs, name=self.name)

    def loss(self, y: Tensors, y_pred: Tensors) -> dict[str, Any]:
        return self.speaker_loss(y[SPEAKER], y_pred)

    def divergence(self, y_pred: Tensors, others: Tensors) -> Any:
        """Return the mean of 1 - cosine between the vectors of two passes."""
        return keras.ops.mean(1 - keras.ops.sum(y_pred["vector"] * others["vector"], axis=-1))

    def decode(self, model: keras.Model, x: Tensors, assets: Assets) -> Predictions:
        """Return vectors of length 1, float32 (B, D)."""
        return np.asarray(model.predict_on_batch(x)["vector"], "float32")

    def statistics(
        self, predictions: Predictions, truths: Mapping[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        return verification_statistics(predictions, truths[f"{SPEAKER}.person"])

    def calibrated(
        self, predictions: Predictions, truths: Mapping[str, np.ndarray], assets: Assets
    ) -> Assets:
        """Keep the threshold of equal error on validation, and the rate there."""
        trials = Trials.of(self.statistics(predictions, truths))
        found = {
            "threshold": equal_error_threshold(trials.scores, trials.same),
            "eer": trials.value(ESTIMATORS["eer"].function),
            "trials": len(trials.scores),
        }
        return replace(assets, extra={**assets.extra, VERIFIED: found})

    def describe(self, prediction: Any, assets: Assets) -> list[dict[str, Any]]:
        """Return the vector."""
        return [{"vector": [round(float(value), 6) for value in prediction]}]
