"""The shared part of tasks that classify sound clips: everything but their names."""

import numbers
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from zoo.columns import Audio, Column
from zoo.columns.assets import column_of
from zoo.errors import ArgumentError
from zoo.layers.log_mel import LogMel
from zoo.regularization import NONE, Regularization
from zoo.tasks.classification import Classification

if TYPE_CHECKING:
    from zoo.data.dataset import Split

LONGEST_SECONDS = 60
LOWEST_HZ, HIGHEST_HZ = 1_000, 768_000


class ClipClassification(Classification):
    """One of `classes` for a clip; abstract, because subclasses give it a name.

    Clips get one length: the middle of longer ones, silence around shorter ones. Log-mel features
    are made inside the model (`zoo.layers.log_mel`), as the column's `front` says.

    Args:
        sample_rate_hz: that the model takes; others are resampled. None takes the data's.
        clip_seconds: length of every clip.
        window_ms: of a frame.
        hop_ms: from one frame to the next.
        num_mels: mel bins.
        low_hz: lower edge of the mel bins.
        high_hz: upper edge; None takes half the sample rate.
        num_coefficients: cepstral coefficients (MFCC) in place of mel bins; 0 keeps the bins.
        normalization: "clip" takes the loudness of a clip out; "utterance" the mean and variance of
            each bin, which suits words and voices but not sounds that last; "none" leaves all.
        loss, focal_gamma, logit_tau, threshold_goal, positive_class: as `Classification`.
        regularization: `label_smoothing` and `dropout_rate` act here.

    Raises:
        ArgumentError: a value out of range; of the features' settings, in `fit`.
    """

    model_name = "clip_classifier"

    def __init__(
        self,
        *,
        sample_rate_hz: int | None = None,
        clip_seconds: float = 1.0,
        window_ms: float = 25.0,
        hop_ms: float = 10.0,
        num_mels: int = 40,
        low_hz: float = 20.0,
        high_hz: float | None = None,
        num_coefficients: int = 0,
        normalization: str = "utterance",
        loss: str | None = None,
        focal_gamma: float | None = None,
        logit_tau: float | None = None,
        threshold_goal: str | Mapping[str, Any] | None = None,
        positive_class: str | None = None,
        regularization: Regularization = NONE,
    ):
        super().__init__(
            loss=loss,
            focal_gamma=focal_gamma,
            logit_tau=logit_tau,
            threshold_goal=threshold_goal,
            positive_class=positive_class,
            regularization=regularization,
        )
        whole = isinstance(sample_rate_hz, int) and not isinstance(sample_rate_hz, bool)
        if sample_rate_hz is not None and not (whole and LOWEST_HZ <= sample_rate_hz <= HIGHEST_HZ):
            raise ArgumentError(
                f"sample_rate_hz={sample_rate_hz!r} is not a valid sample rate.",
                expected=f"{LOWEST_HZ:,} to {HIGHEST_HZ:,} Hz, or null to keep the data's own",
                fix="set task.arguments.sample_rate_hz within that range",
            )
        is_number = isinstance(clip_seconds, numbers.Real) and not isinstance(clip_seconds, bool)
        if not is_number or not 0 < clip_seconds <= LONGEST_SECONDS:
            raise ArgumentError(
                f"clip_seconds={clip_seconds!r} is not a valid clip length.",
                expected=f"above 0, at most {LONGEST_SECONDS} seconds",
                fix="set task.arguments.clip_seconds within that range",
            )
        self.sample_rate_hz, self.clip_seconds = sample_rate_hz, clip_seconds
        self.front = {
            "window_ms": window_ms,
            "hop_ms": hop_ms,
            "num_mels": num_mels,
            "low_hz": low_hz,
            "high_hz": high_hz,
            "num_coefficients": num_coefficients,
            "normalization": normalization,
        }

    def inputs(self, train: "Split", features: Mapping[str, Column]) -> dict[str, Column]:
        audio = column_of(features, Audio, "audio")
        rate = self.sample_rate_hz or audio.sample_rate_hz
        samples = round(self.clip_seconds * rate)
        front = {"sample_rate_hz": rate, **self.front}
        LogMel(**front).num_frames(samples)  # raises before anything is trained
        own = {"log_mel": front}
        return {"audio": Audio(rate, samples, audio.sample_rate_hz, own, source=audio.source)}
