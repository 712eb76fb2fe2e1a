"""Sentence similarity: a number for two texts, such as how alike they are."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, final

import keras
import numpy as np

from zoo.catalog.metrics import SIMILARITY
from zoo.columns import Column
from zoo.columns.assets import Assets
from zoo.metrics.estimators import Estimator
from zoo.metrics.regression import ESTIMATORS
from zoo.regularization import NONE, Regularization
from zoo.tasks.base import Front, Predictions, Task, Tensors
from zoo.tasks.regression import Regression
from zoo.tasks.text_classification import TextClassification
from zoo.tasks.text_pairs import CROSS_ENCODER, TextPairs

if TYPE_CHECKING:
    from zoo.data.dataset import Split


@final
class SentenceSimilarity(Task):
    """A number for each target of two texts, in the unit of the data; selected by rank correlation.

    Numbers are standardised, learnt and told with intervals as `Regression` does.

    Args:
        encoder, max_tokens: as `SentencePairs`.
        tokenizer, vocabulary_size, lowercase, min_count: as `TextClassification`, fitted on both
            texts of train.
        loss: "squared" (None as well), "absolute" or "huber", as `Regression`.
        regularization: `dropout_rate` acts here.

    Raises:
        UnknownNameError: there is no such encoder or loss.
        ArgumentError: a value out of range.

    >>> SentenceSimilarity().metric
    'spearman'
    """

    name = "sentence_similarity"
    metrics = SIMILARITY
    estimators: ClassVar[Mapping[str, Estimator]] = {
        metric.name: ESTIMATORS[metric.name] for metric in SIMILARITY
    }

    def __init__(
        self,
        *,
        encoder: str = CROSS_ENCODER,
        tokenizer: str = "word",
        vocabulary_size: int = 20_000,
        max_tokens: int = 128,
        lowercase: bool = True,
        min_count: int = 1,
        loss: str | None = None,
        regularization: Regularization = NONE,
    ):
        super().__init__(regularization=regularization)
        reader = TextClassification(
            tokenizer=tokenizer,
            vocabulary_size=vocabulary_size,
            max_tokens=max_tokens,
            lowercase=lowercase,
            min_count=min_count,
        )
        self.pairs = TextPairs(encoder, reader)
        self.numbers = Regression(loss=loss)

    def fit(
        self, train: "Split", *, features: Mapping[str, Column], classes: tuple[str, ...]
    ) -> Assets:
        y = self.targets(train, features=features, classes=classes)
        return Assets(x=self.pairs.inputs(train, features), y=y)

    def targets(
        self, train: "Split", *, features: Mapping[str, Column], classes: tuple[str, ...]
    ) -> Mapping[str, Column]:
        return self.numbers.targets(train, features=features, classes=classes)

    def adopted(
        self, x: Mapping[str, Column], features: Mapping[str, Column] | None = None
    ) -> dict[str, Column]:
        return self.pairs.adopted(x, features)

    def units(self, split: "Split", assets: Assets, *, training: bool) -> "Split":
        return self.pairs.check(split, assets)

    def build(
        self,
        backbone: keras.Model | Mapping[str, keras.Model],
        assets: Assets,
        fronts: Mapping[str, Front] | None = None,
        head_feature: str | None = None,
    ) -> keras.Model:
        return self.pairs.build(
            backbone,
            assets,
            fronts,
            feature=head_feature,
            outputs=len(assets.outputs),
            dropout_rate=self.regularization.dropout_rate,
            name="sentence_similarity",
        )

    def loss(self, y: Tensors, y_pred: Tensors) -> dict[str, Any]:
        return self.numbers.loss(y, y_pred)

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
