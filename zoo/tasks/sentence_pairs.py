"""Sentence pairs: one label for two texts, such as entailment or paraphrase."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, final

import keras
import numpy as np

from zoo.catalog.metrics import PAIRS
from zoo.columns import Column
from zoo.columns.assets import Assets
from zoo.metrics.classification import PAIR_ESTIMATORS, positive_statistics
from zoo.regularization import NONE, Regularization
from zoo.tasks.base import Front, Predictions
from zoo.tasks.classification import Classification
from zoo.tasks.decision import positive_of
from zoo.tasks.text_classification import TextClassification
from zoo.tasks.text_pairs import CROSS_ENCODER, TextPairs

if TYPE_CHECKING:
    from zoo.data.dataset import Split


@final
class SentencePairs(Classification):
    """One of `classes` for two texts.

    Args:
        encoder: "cross_encoder" reads both texts as one, with a separator between them (1810.04805
            Fig. 4a); "two_tower" reads each by itself and compares their vectors (1705.02364).
        max_tokens: of both texts together, or of each with two towers; longer ones are cut off.
        tokenizer, vocabulary_size, lowercase, min_count: as `TextClassification`, fitted on both
            texts of train.
        loss, focal_gamma, logit_tau, threshold_goal, positive_class: as `Classification`.
        regularization: `label_smoothing` and `dropout_rate` act here.

    Raises:
        UnknownNameError: there is no such encoder.
        ArgumentError: a value out of range.

    >>> SentencePairs(encoder="two_tower").metric
    'accuracy'
    """

    name = "sentence_pairs"
    model_name = "sentence_pair_classifier"
    metrics, estimators = PAIRS, PAIR_ESTIMATORS

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
        reader = TextClassification(
            tokenizer=tokenizer,
            vocabulary_size=vocabulary_size,
            max_tokens=max_tokens,
            lowercase=lowercase,
            min_count=min_count,
        )
        self.pairs = TextPairs(encoder, reader)

    def inputs(self, train: "Split", features: Mapping[str, Column]) -> dict[str, Column]:
        return self.pairs.inputs(train, features)

    def adopted(
        self, x: Mapping[str, Column], features: Mapping[str, Column] | None = None
    ) -> dict[str, Column]:
        return self.pairs.adopted(x, features)

    def units(self, split: "Split", assets: Assets, *, training: bool) -> "Split":
        return self.pairs.check(split, assets)

    def statistics(
        self, predictions: Predictions, truths: Mapping[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """Add what F1 takes where there are two classes; the second is positive, or `positive_class`."""
        found, answers = super().statistics(predictions, truths), np.asarray(predictions)
        if answers.shape[1] != 2:
            return found
        return found | positive_statistics(found, positive=positive_of(answers))

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
            outputs=len(assets.classes),
            dropout_rate=self.regularization.dropout_rate,
            name=self.model_name,
        )
