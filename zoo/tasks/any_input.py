"""The shared part of tasks that take an image, a text or a sound alike: everything about the input."""

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

import keras

from zoo.columns import Column
from zoo.columns.assets import Assets
from zoo.errors import ArgumentError, DataError, unknown_name
from zoo.regularization import NONE, Regularization
from zoo.tasks.base import Front, Task
from zoo.tasks.classification import Classification, with_dense_head
from zoo.tasks.readers import arguments_by_kind, readers_of

if TYPE_CHECKING:
    from zoo.data.dataset import Split


class AnyInput(Task):
    """One output layer over an image, a text or a sound; abstract, because subclasses say of what.

    The data decides which kind of input it is, and which of the arguments apply.

    Args:
        loss: one of `losses`; None takes the first.
        image_size: of images, as `ImageClassification`.
        tokenizer, vocabulary_size, max_tokens, lowercase, min_count: of texts, as
            `TextClassification`.
        sample_rate_hz, clip_seconds, window_ms, hop_ms, num_mels, low_hz, high_hz, num_coefficients,
            normalization: of sounds, as `ClipClassification`.
        regularization: `dropout_rate` acts here.

    Raises:
        UnknownNameError: there is no such loss.
        ArgumentError: a value out of range; in `fit`, one for another kind of input.
    """

    losses: ClassVar[tuple[str, ...]]
    model_name: ClassVar[str]  # of the Keras model

    def __init__(
        self,
        *,
        loss: str | None = None,
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
        regularization: Regularization = NONE,
    ):
        super().__init__(regularization=regularization)
        if loss is not None and loss not in self.losses:
            raise unknown_name("loss", str(loss), self.losses, fix="set task.arguments.loss")
        self.loss_name = loss or self.losses[0]
        self._arguments = arguments_by_kind(
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
        self._readers = readers_of(self._arguments)

    def fit(
        self, train: "Split", *, features: Mapping[str, Column], classes: tuple[str, ...]
    ) -> Assets:
        y = self.targets(train, features=features, classes=classes)
        return Assets(x=self._reader(features).inputs(train, features), y=y)

    def units(self, split: "Split", assets: Assets, *, training: bool) -> "Split":
        return self._reader(assets.x).units(split, assets, training=training)

    def build(
        self,
        backbone: keras.Model | Mapping[str, keras.Model],
        assets: Assets,
        fronts: Mapping[str, Front] | None = None,
        head_feature: str | None = None,
    ) -> keras.Model:
        return with_dense_head(
            backbone,
            assets,
            fronts or {},
            feature=head_feature,
            outputs=len(assets.outputs),
            dropout_rate=self.regularization.dropout_rate,
            name=self.model_name,
        )

    def _reader(self, columns: Mapping[str, Column]) -> Classification:
        """Return the task that reads the input's kind; refuse arguments for another kind."""
        held = {
            kind for kind in self._readers if any(isinstance(c, kind) for c in columns.values())
        }
        if len(held) != 1:
            told = ", ".join(f"{name} ({column.word})" for name, column in columns.items())
            raise DataError(
                f"This task takes one input; the data holds {told or 'nothing'}.",
                expected="a column of images, texts or sounds, and one kind of them",
                fix="leave the others out of the data",
            )
        (kind,) = held
        for other, arguments in self._arguments.items():
            known = inspect.signature(type(self._readers[other])).parameters
            for name, value in arguments.items():
                if other is not kind and value != known[name].default:
                    raise ArgumentError(
                        f"{name}={value!r} applies to {other.word}; the data holds {kind.word}.",
                        fix=f"leave task.arguments.{name} out",
                    )
        return self._readers[kind]
