"""Multimodal classification: one label for several inputs."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, final

import keras
from keras import ops

from zoo.columns import Column
from zoo.columns.assets import Assets
from zoo.heads.several import modulation_of, own_logits, several_model
from zoo.regularization import NONE, Regularization
from zoo.tasks.base import Front, Modulation, Tensors
from zoo.tasks.classification import Classification
from zoo.tasks.readers import arguments_by_kind, readers_of
from zoo.tasks.several_inputs import KNOWN, SeveralInputs

if TYPE_CHECKING:
    from zoo.data.dataset import Split


@final
class MultimodalClassification(Classification):
    """One of `classes` for several inputs, any of which may be absent.

    Every input has the tensor NAME.present, 1 or 0. Where one is absent, a learned vector stands for
    its feature, in training and in use alike.

    Args:
        inputs: columns of the data to take, in their order; None takes all images, sounds, texts and
            arrays.
        image_size: of images, as `ImageClassification`.
        tokenizer, vocabulary_size, max_tokens, lowercase, min_count: of texts, as
            `TextClassification`.
        sample_rate_hz, clip_seconds, window_ms, hop_ms, num_mels, low_hz, high_hz, num_coefficients,
            normalization: of sounds, as `ClipClassification`.
        loss, focal_gamma, logit_tau, threshold_goal, positive_class: as `Classification`.
        regularization: `label_smoothing`, `dropout_rate` and the fields of several inputs act here.

    Raises:
        ArgumentError: a value out of range.

    >>> MultimodalClassification(inputs=["image", "text"]).metric
    'accuracy'
    """

    name = "multimodal_classification"
    model_name = "multimodal_classifier"

    def __init__(
        self,
        *,
        inputs: Sequence[str] | None = None,
        image_size: int | None = None,
        tokenizer: str = "word",
        vocabulary_size: int = 20_000,
        max_tokens: int = 256,
        lowercase: bool = True,
        min_count: int = 1,
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
        arguments = arguments_by_kind(
            image_size=image_size,
            tokenizer=tokenizer,
            vocabulary_size=vocabulary_size,
            max_tokens=max_tokens,
            lowercase=lowercase,
            min_count=min_count,
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
        self.several = SeveralInputs(readers_of(arguments), inputs)

    def fit(
        self, train: "Split", *, features: Mapping[str, Column], classes: tuple[str, ...]
    ) -> Assets:
        fitted = super().fit(train, features=features, classes=classes)
        return replace(fitted, extra={KNOWN: self.several.known(features)})

    def inputs(self, train: "Split", features: Mapping[str, Column]) -> dict[str, Column]:
        return self.several.inputs(train, features)

    def units(self, split: "Split", assets: Assets, *, training: bool) -> "Split":
        return self.several.units(split, assets)

    def build(
        self,
        backbone: keras.Model | Mapping[str, keras.Model],
        assets: Assets,
        fronts: Mapping[str, Front] | None = None,
        head_feature: str | None = None,
    ) -> keras.Model:
        made = several_model(
            backbone,
            assets,
            fronts or {},
            feature=head_feature,
            outputs=len(assets.classes),
            regularization=self.regularization,
            name=self.model_name,
        )
        names = own_logits(made.output)
        self.shown = tuple(f"{name}_{what}" for what in ("accuracy", "loss") for name in names)
        return made

    def loss(self, y: Tensors, y_pred: Tensors) -> dict[str, Any]:
        """Return the loss of the fused answer, and accuracy and loss of each input's own head.

        The heads' losses train them, and their encoders as far as `auxiliary_loss_weight` says, but
        do not show in the value.
        """
        found = super().loss(y, y_pred)
        for name, logits in own_logits(y_pred).items():
            own = super().loss(y, {"logits": logits})
            found["loss"] = found["loss"] + own["loss"] - ops.stop_gradient(own["loss"])
            found[f"{name}_accuracy"], found[f"{name}_loss"] = own["accuracy"], own["loss"]
        return found

    def modulation(self, model: keras.Model) -> Modulation | None:
        return modulation_of(model, self.regularization.gradient_modulation_alpha)
