"""Multimodal regression: one or several numbers for several inputs."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, final

import keras
import numpy as np
from keras import ops

from zoo.catalog.metrics import REGRESSION
from zoo.columns import Column
from zoo.columns.assets import Assets
from zoo.errors import ArgumentError
from zoo.heads.several import own_logits, several_model
from zoo.metrics.estimators import Estimator
from zoo.metrics.regression import ESTIMATORS
from zoo.regularization import NONE, Regularization
from zoo.tasks.base import Front, Predictions, Task, Tensors
from zoo.tasks.readers import arguments_by_kind, readers_of
from zoo.tasks.regression import Regression
from zoo.tasks.several_inputs import KNOWN, SeveralInputs

if TYPE_CHECKING:
    from zoo.data.dataset import Split


@final
class MultimodalRegression(Task):
    """One number for each target of several inputs, any of which may be absent.

    Numbers are standardised, learnt and told with intervals as `Regression` does; inputs are taken
    as `MultimodalClassification` does.

    Args:
        inputs: columns of the data to take, in their order; None takes all images, sounds, texts and
            arrays.
        image_size: of images, as `ImageClassification`.
        tokenizer, vocabulary_size, max_tokens, lowercase, min_count: of texts, as
            `TextClassification`.
        sample_rate_hz, clip_seconds, window_ms, hop_ms, num_mels, low_hz, high_hz, num_coefficients,
            normalization: of sounds, as `ClipClassification`.
        loss: as `Regression`.
        regularization: `dropout_rate`, `modality_dropout_rate` and `auxiliary_loss_weight` act here.

    Raises:
        ArgumentError: a value out of range.

    >>> MultimodalRegression(inputs=["image", "text"]).metric
    'mae'
    """

    name = "multimodal_regression"
    metrics = REGRESSION
    estimators: ClassVar[Mapping[str, Estimator]] = ESTIMATORS

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
        regularization: Regularization = NONE,
    ):
        super().__init__(regularization=regularization)
        self.numbers = Regression(loss=loss)
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
        y = self.targets(train, features=features, classes=classes)
        known = {KNOWN: self.several.known(features)}
        return Assets(x=self.several.inputs(train, features), y=y, extra=known)

    def targets(
        self, train: "Split", *, features: Mapping[str, Column], classes: tuple[str, ...]
    ) -> Mapping[str, Column]:
        return self.numbers.targets(train, features=features, classes=classes)

    def units(self, split: "Split", assets: Assets, *, training: bool) -> "Split":
        return self.several.units(split, assets)

    def build(
        self,
        backbone: keras.Model | Mapping[str, keras.Model],
        assets: Assets,
        fronts: Mapping[str, Front] | None = None,
        head_feature: str | None = None,
    ) -> keras.Model:
        if self.regularization.blends_losses:
            raise ArgumentError(
                "unimodal_warmup_epochs and gradient_blending_epochs act on classes, not on numbers.",
                fix="set both to 0; auxiliary_loss_weight and modality_dropout_rate act on numbers too",
            )
        return several_model(
            backbone,
            assets,
            fronts or {},
            feature=head_feature,
            outputs=len(assets.outputs),
            regularization=self.regularization,
            name="multimodal_regressor",
        )

    def loss(self, y: Tensors, y_pred: Tensors) -> dict[str, Any]:
        """Return the loss of the fused answer; those of the inputs' own heads train them."""
        found = self.numbers.loss(y, y_pred)
        for logits in own_logits(y_pred).values():
            own = self.numbers.loss(y, {"logits": logits})["loss"]
            found["loss"] = found["loss"] + own - ops.stop_gradient(own)
        return found

    def divergence(self, y_pred: Tensors, others: Tensors) -> Any:
        return self.numbers.divergence(y_pred, others)

    def decode(self, model: keras.Model, x: Tensors, assets: Assets) -> Predictions:
        return self.numbers.decode(model, x, assets)

    def statistics(
        self, predictions: Predictions, truths: Mapping[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        return self.numbers.statistics(predictions, truths)

    def parts(
        self, predictions: Predictions, truths: Mapping[str, np.ndarray]
    ) -> dict[str, tuple[Predictions, Mapping[str, np.ndarray]]]:
        return self.numbers.parts(predictions, truths)

    def calibrated(
        self, predictions: Predictions, truths: Mapping[str, np.ndarray], assets: Assets
    ) -> Assets:
        return self.numbers.calibrated(predictions, truths, assets)

    def describe(self, prediction: Any, assets: Assets) -> list[dict[str, Any]]:
        return self.numbers.describe(prediction, assets)
