"""Contrastive pairs: inputs that belong together become vectors that lie close."""

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, final

import keras
import numpy as np

from zoo.catalog.metrics import RETRIEVAL
from zoo.columns import Column, Content
from zoo.columns.assets import Assets
from zoo.errors import DataError
from zoo.heads.contrastive import LARGEST_SCALE, SCALE, contrastive_model, embeddings_of
from zoo.metrics.estimators import Estimator
from zoo.metrics.retrieval import ESTIMATORS, retrieval_statistics
from zoo.regularization import NONE, Regularization
from zoo.tasks.base import Front, Predictions, Task, Tensors
from zoo.tasks.contrastive_loss import contrastive_loss, distance
from zoo.tasks.ranges import checked
from zoo.tasks.readers import arguments_by_kind, readers_of
from zoo.tasks.several_inputs import KNOWN, SeveralInputs

if TYPE_CHECKING:
    from zoo.data.dataset import Split

QUERY, ANSWER = "query", "answer"  # truths of one direction
_CONTENT = "_content"  # behind the name of an input, of the target that says which values are equal


@final
class ContrastivePairs(Task):
    """Vectors of length 1 for two inputs or more, close where they are of the same example.

    The loss is CLIP's (2103.00020): each input must find its counterpart among those of the batch,
    with a learned temperature. So it grows with `training.batch_size`. Scored by retrieval among all
    examples of a split, in each direction; equal counterparts, such as the same text, are equally
    right. Inputs are taken as `MultimodalClassification` does; any may be absent, and an
    example that has one alone teaches nothing. Labels of the data are not used.

    Args:
        inputs: columns of the data to take, in their order; None takes all images, sounds, texts and
            arrays.
        embedding_dim: of the vectors, 1 to 65,536.
        temperature: that cosines are divided by at first, 0.01 to 100.
        image_size: of images, as `ImageClassification`.
        tokenizer, vocabulary_size, max_tokens, lowercase, min_count: of texts, as
            `TextClassification`.
        sample_rate_hz, clip_seconds, window_ms, hop_ms, num_mels, low_hz, high_hz, num_coefficients,
            normalization: of sounds, as `ClipClassification`.
        regularization: `dropout_rate` acts here.

    Raises:
        ArgumentError: a value out of range.

    >>> ContrastivePairs(inputs=["image", "text"]).metric
    'recall_at_1'
    """

    name = "contrastive_pairs"
    metrics = RETRIEVAL
    estimators: ClassVar[Mapping[str, Estimator]] = ESTIMATORS
    shown = ("accuracy",)
    calibrates = False
    contrastive = True

    def __init__(
        self,
        *,
        inputs: Sequence[str] | None = None,
        embedding_dim: int = 64,
        temperature: float = 0.07,
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
        self.embedding_dim = int(checked("embedding_dim", embedding_dim, 1, 65_536))
        self.temperature = checked("temperature", temperature, 1 / LARGEST_SCALE, 100)

    def fit(
        self, train: "Split", *, features: Mapping[str, Column], classes: tuple[str, ...]
    ) -> Assets:
        x = self.several.inputs(train, features)
        if len(x) < 2:
            raise DataError(
                f"Contrastive pairs need two inputs or more; there is {', '.join(x)} alone.",
                expected="columns of images, sounds, texts or arrays that belong together",
                fix="choose other data, or name more of its columns in task.arguments.inputs",
            )
        y = {name + _CONTENT: Content(source=name, optional=True) for name in x}
        return Assets(x=x, y=y, extra={KNOWN: self.several.known(features)})

    def units(self, split: "Split", assets: Assets, *, training: bool) -> "Split":
        """Return the split, its sounds at the rate of the model; refuse one without pairs."""
        columns = [split.columns.get(c.source, [None] * len(split)) for c in assets.x.values()]
        there = np.array([[value is not None for value in values] for values in columns], "int64")
        both = there @ there.T
        if np.max(both - np.diag(np.diag(both))) < 2:
            raise DataError(
                f"Fewer than two examples of a split have two of {', '.join(assets.x)}.",
                expected="two examples or more in each split with the same two inputs",
                fix="add some, or raise data.validation_fraction",
            )
        return self.several.units(split, assets)

    def build(
        self,
        backbone: keras.Model | Mapping[str, keras.Model],
        assets: Assets,
        fronts: Mapping[str, Front] | None = None,
        head_feature: str | None = None,
    ) -> keras.Model:
        return contrastive_model(
            backbone,
            assets,
            fronts or {},
            embedding_dim=self.embedding_dim,
            temperature=self.temperature,
            dropout_rate=self.regularization.dropout_rate,
            name="dual_encoder",
        )

    def loss(self, y: Tensors, y_pred: Tensors) -> dict[str, Any]:
        return contrastive_loss(embeddings_of(y_pred), y_pred[SCALE][0, 0])

    def divergence(self, y_pred: Tensors, others: Tensors) -> Any:
        return distance(embeddings_of(y_pred), embeddings_of(others))

    def decode(self, model: keras.Model, x: Tensors, assets: Assets) -> Predictions:
        """Return vectors of length 1, of zeros where an input is absent, float32 (B, M, D)."""
        found = embeddings_of(model.predict_on_batch(x))
        return np.stack([np.asarray(found[name], "float32") for name in assets.x], axis=1)

    def statistics(
        self, predictions: Predictions, truths: Mapping[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """Compare each query with all candidates, in each direction or in the one of a part."""
        if set(truths) == {QUERY, ANSWER}:
            return retrieval_statistics(predictions, [truths[QUERY], truths[ANSWER]], [(0, 1)])
        contents = _contents(truths).values()
        directions = list(itertools.permutations(range(len(contents)), 2))
        return retrieval_statistics(predictions, [*contents], directions)

    def parts(
        self, predictions: Predictions, truths: Mapping[str, np.ndarray]
    ) -> dict[str, tuple[Predictions, Mapping[str, np.ndarray]]]:
        """Return the vectors and the contents of query and answer, by direction."""
        contents = enumerate(_contents(truths).items())
        return {
            f"{query} to {answer}": (predictions[:, [q, a]], {QUERY: asked, ANSWER: found})
            for (q, (query, asked)), (a, (answer, found)) in itertools.permutations(contents, 2)
        }

    def describe(self, prediction: Any, assets: Assets) -> list[dict[str, Any]]:
        """Return the vector of each input that is there, and the cosine of every two of them."""
        there = {n: v for n, v in zip(assets.x, prediction, strict=True) if np.any(v)}
        cosines = {
            f"{one}, {other}": round(float(there[one] @ there[other]), 6)
            for one, other in itertools.combinations(there, 2)
        }
        vectors = {n: [round(float(value), 6) for value in v] for n, v in there.items()}
        return [{"similarities": cosines, "vectors": vectors}]


def _contents(truths: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the contents of each input by its name."""
    return {k.removesuffix(_CONTENT): v for k, v in truths.items() if k.endswith(_CONTENT)}
