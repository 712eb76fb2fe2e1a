"""Task: the joint between examples, models and metrics."""

import abc
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.cards import WeightCard
from zoo.metrics.base import Metric
from zoo.metrics.estimators import Estimator
from zoo.regularization import NONE, Regularization

if TYPE_CHECKING:
    import keras

    from zoo.data.dataset import Feature, Split

Tensors = Mapping[str, Any]
Predictions = np.ndarray | list
Front = Callable[[Any], Any]  # a layer, or layers one after another


@dataclass(frozen=True)
class Spec:
    """Shape of one example's tensor, without the batch axis, and its dtype.

    An axis of `None` varies between examples: batches are padded along it with `padding`, up to the
    edge of a bucket in `buckets` (the longest of the batch where there are none).
    """

    shape: tuple[int | None, ...]
    dtype: str
    padding: float = 0
    buckets: tuple[int, ...] = ()


@dataclass(frozen=True)
class Assets:
    """What was fitted on train and is needed for ever after; JSON in, JSON out.

    Attributes:
        x: input name to `Spec`.
        y: target name to `Spec`.
        classes: class names by label; empty for tasks without classes.
        sizes: numbers that a builder is told besides the input's shape ("vocabulary_size").
        extra: anything else a task must remember (a vocabulary, means), as JSON values.
    """

    x: Mapping[str, Spec]
    y: Mapping[str, Spec]
    classes: tuple[str, ...] = ()
    sizes: Mapping[str, int] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Assets":
        """Rebuild from `to_dict`, also after a trip through JSON."""

        def specs(items: Mapping[str, Any]) -> dict[str, Spec]:
            return {
                name: Spec(
                    tuple(item["shape"]), item["dtype"], item["padding"], tuple(item["buckets"])
                )
                for name, item in items.items()
            }

        return cls(
            specs(values["x"]),
            specs(values["y"]),
            tuple(values["classes"]),
            dict(values.get("sizes", {})),
            dict(values["extra"]),
        )

    @classmethod
    def from_weight(cls, card: WeightCard) -> "Assets":
        """Return the assets of a shipped weight, with its own preprocessing in `extra`."""
        assets = cls.from_dict(card.assets)
        if not card.preprocessing:
            return assets
        values = {name: dict(card.preprocessing) for name in assets.x}
        return replace(assets, extra={**assets.extra, "preprocessing": values})


class Task(abc.ABC):
    """Eight methods and two tables that every kind of problem fills in; subclasses are final.

    Everything is a dictionary, so that the interface is the same for one input or many:

    - **images**: `x={"image"}`, `y={"label"}`; resizing belongs in `encode`.
    - **audio**: `x={"audio"}` with `Spec((None,), "float32", buckets=…)`; log-mel is a layer.
    - **sequence targets** (text, captions): `y={"ids"}` with an axis of `None`; `loss` masks the
      padding, `decode` samples or searches and may call the model many times.
    - **boxes and masks**: `y={"boxes", "classes"}` padded with -1, or `{"mask"}` of the image's
      size; `encode` turns boxes into targets, `decode` runs NMS, `statistics` matches boxes.
    - **several modalities**: one entry of `x` for each, one named backbone each in `build`.
    - **several outputs**: `build` returns a model with a dictionary of outputs; `loss` adds them up.

    Attributes:
        name: as in the catalog.
        metrics: what `score` returns, in its order; the first one selects models.
        estimators: how each metric follows from `statistics`, by its name.
        shown: keys of `loss` that are shown in training beside "loss".
        random_encoding: `encode` uses its seed, so that training encodes at every visit.
    """

    name: str
    metrics: tuple[Metric, ...]
    estimators: Mapping[str, Estimator]
    shown: tuple[str, ...] = ()
    random_encoding: bool = False

    def __init__(self, *, regularization: Regularization = NONE):
        self.regularization = regularization

    @abc.abstractmethod
    def fit(
        self, train: "Split", *, features: Mapping[str, "Feature"], classes: tuple[str, ...]
    ) -> Assets:
        """Learn what must be known before encoding, from the train split alone."""

    @abc.abstractmethod
    def units(self, split: "Split", assets: Assets, *, training: bool) -> "Split":
        """Return what is encoded, trained on and scored one by one.

        The examples themselves for most tasks; a language model cuts documents into windows here.
        """

    @abc.abstractmethod
    def encode(
        self, example: Mapping[str, Any], assets: Assets, seed: int | None
    ) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Turn one example into `(x, y)` as `assets` declares them.

        Args:
            example: as the dataset gives it; prediction passes one without targets, and `y` is then
                empty.
            assets: from `fit`.
            seed: of random crops and the like in training; None means none of them.
        """

    @abc.abstractmethod
    def build(
        self,
        backbone: "keras.Model | Mapping[str, keras.Model]",
        assets: Assets,
        fronts: Mapping[str, Front] | None = None,
        head_feature: str | None = None,
    ) -> "keras.Model":
        """Attach the head; inputs carry the names of `assets.x`.

        Args:
            backbone: maps one input to named features; several modalities give one each, by name.
            assets: shapes and classes.
            fronts: layers between an input and its backbone, by input name (rescaling, log-mel).
            head_feature: the feature that a head of one feature takes, from the model's card; None
                takes the deepest.
        """

    @abc.abstractmethod
    def loss(self, y: Tensors, y_pred: Tensors) -> dict[str, Any]:
        """Return scalars; "loss" is minimised, the others are shown beside it.

        Args:
            y: batched targets, (B, …) each.
            y_pred: the model's outputs by name.
        """

    @abc.abstractmethod
    def decode(self, model: "keras.Model", x: Tensors, assets: Assets) -> Predictions:
        """Run the model on a batch and return one prediction for each example, stacked or listed."""

    @abc.abstractmethod
    def statistics(
        self, predictions: Predictions, truths: Mapping[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """Compare predictions with targets example by example.

        Intervals resample what this returns, so that it is computed once: right or wrong, the
        negative log-likelihood, the number of errors and of words.

        Args:
            predictions: of `decode`, N of them.
            truths: targets by name, (N, …) each.

        Returns:
            What the estimators take, by name; the first axis of each array is that of the examples.
        """

    @property
    def metric(self) -> str:
        """Name of the metric that selects models."""
        return self.metrics[0].name

    @property
    def mode(self) -> str:
        """Which way that metric is better: "max" or "min"."""
        return self.metrics[0].mode

    def score(self, predictions: Predictions, truths: Mapping[str, np.ndarray]) -> dict[str, float]:
        """Return every metric over a whole split."""
        found = self.statistics(predictions, truths)
        return {metric.name: float(self.estimators[metric.name](found)) for metric in self.metrics}

    @abc.abstractmethod
    def describe(self, prediction: Any, assets: Assets) -> list[dict[str, Any]]:
        """Return one prediction as JSON items, the most likely first."""
