"""Text classification: one label for one text."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, final

from zoo.columns import Column, Text
from zoo.columns.assets import Assets, column_of
from zoo.columns.text import length_buckets
from zoo.errors import ArgumentError, DataError
from zoo.regularization import NONE, Regularization
from zoo.tasks.classification import Classification

if TYPE_CHECKING:
    from zoo.data.dataset import Split

LONGEST = 100_000  # tokens


@final
class TextClassification(Classification):
    """One of `classes` for a text.

    Args:
        tokenizer: "word", "character", "subword" or "bpe"; fitted on train.
        vocabulary_size: most distinct tokens, the most frequent of train.
        max_tokens: longer texts are cut off.
        lowercase: convert texts to lower case first.
        min_count: how often a token must occur in train to get its own id.
        loss, focal_gamma, logit_tau, threshold_goal, positive_class: as `Classification`.
        regularization: `label_smoothing` and `dropout_rate` act here.

    Raises:
        ArgumentError: a value out of range.
    """

    name = "text_classification"
    model_name = "text_classifier"

    def __init__(
        self,
        *,
        tokenizer: str = "word",
        vocabulary_size: int = 20_000,
        max_tokens: int = 256,
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
        whole = isinstance(max_tokens, int) and not isinstance(max_tokens, bool)
        if not whole or not 1 <= max_tokens <= LONGEST:
            raise ArgumentError(
                f"max_tokens={max_tokens!r} is not a valid text length.",
                expected=f"1 to {LONGEST} tokens",
                fix="set task.arguments.max_tokens within that range",
            )
        if not isinstance(lowercase, bool):
            raise ArgumentError(
                f"lowercase={lowercase!r} is neither true nor false.",
                expected="true or false",
                fix="set task.arguments.lowercase to one of them",
            )
        self.tokenizer, self.vocabulary_size, self.min_count = tokenizer, vocabulary_size, min_count
        self.max_tokens, self.lowercase = max_tokens, lowercase

    def inputs(self, train: "Split", features: Mapping[str, Column]) -> dict[str, Column]:
        text = replace(
            column_of(features, Text, "text"),
            context_length=self.max_tokens,
            buckets=length_buckets(self.max_tokens),
            fitting=self.fitting,
        )
        return {"ids": text.fit(train.columns[text.source])}

    @property
    def fitting(self) -> dict[str, Any]:
        """What the column of texts is fitted with."""
        return {
            "kind": self.tokenizer,
            "vocabulary_size": self.vocabulary_size,
            "lowercase": self.lowercase,
            "min_count": self.min_count,
        }

    def units(self, split: "Split", assets: Assets, *, training: bool) -> "Split":
        for i, text in enumerate(split.columns[assets.x["ids"].source]):
            if not text.strip():
                raise DataError(
                    f"The text of example {split.name_of(i)} is empty.",
                    expected="at least one word",
                    fix="leave it out of the data",
                )
        return split
