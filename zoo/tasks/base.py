"""Task: connects examples, models and metrics."""

import abc
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.columns import Column
from zoo.columns import Spec as Spec
from zoo.columns.assets import Assets
from zoo.metrics.base import Metric
from zoo.metrics.estimators import Estimator, scores
from zoo.regularization import NONE, Regularization
from zoo.transforms.geometry import moved, resizing

if TYPE_CHECKING:
    import keras

    from zoo.data.dataset import Split

Tensors = Mapping[str, Any]
Predictions = np.ndarray | list
Front = Callable[[Any], Any]  # a layer, or layers one after another
Modulation = Callable[[Tensors, Tensors], None]


class Task(abc.ABC):
    """The interface of a task; subclasses are final. Everything is a dictionary, whatever the inputs.

    - **inputs** are columns by name; an `optional` one gives the model a tensor "NAME.present", too.
    - **texts** as targets: `y={"ids"}` with an axis of `None`; `decode` may call the model often.
    - **boxes and masks**: `y={"boxes": Boxes(…)}`, padded with -1, or `{"mask": Mask(…)}`; both
      move with their image. `decode` runs NMS, `statistics` matches boxes.
    - **several modalities** have one `x` each; several outputs have a name each.

    Attributes:
        metrics, estimators: what `score` returns, the one that selects models first; and how.
        shown: keys of `loss` that are shown in training beside "loss".
        random_encoding: `encode` uses its seed, so that training encodes at every visit.
        writes: outputs are logits of a vocabulary at every token so far, the input "ids".
        contrastive: the loss compares the examples of a batch, so it is not a mean over them.
        calibrates: False spares a pass over validation where `calibrated` would choose nothing.
    """

    name: str
    metrics: tuple[Metric, ...]
    estimators: Mapping[str, Estimator]
    shown: tuple[str, ...] = ()
    random_encoding: bool = False
    writes: bool = False
    contrastive: bool = False
    calibrates: bool = True

    def __init__(self, *, regularization: Regularization = NONE):
        self.regularization = regularization

    @abc.abstractmethod
    def fit(
        self, train: "Split", *, features: Mapping[str, Column], classes: tuple[str, ...]
    ) -> Assets:
        """Fit what encoding needs, on the train split only."""

    def targets(
        self, train: "Split", *, features: Mapping[str, Column], classes: tuple[str, ...]
    ) -> Mapping[str, Column] | None:
        """Return the fitted columns of the targets alone, which a fine-tune takes from its own data.

        None leaves those of the model that it starts from, with the classes of the data.
        """
        return None

    def adopted(
        self, x: Mapping[str, Column], features: Mapping[str, Column] | None = None
    ) -> Mapping[str, Column]:
        """Return the inputs of another model as this task takes them; `features` are the data's."""
        return x

    def calibrated(
        self, predictions: Predictions, truths: Mapping[str, np.ndarray], assets: Assets
    ) -> Assets:
        """Return the assets with what is chosen on validation after training, such as thresholds.

        Args:
            predictions: of `decode` for the validation split, N of them.
            truths: its targets by name, (N, …) each.
            assets: that the predictions were made with.
        """
        return assets

    def divergence(self, y_pred: Tensors, others: Tensors) -> Any:
        """Return how far two passes over a batch lie apart, a scalar (R-Drop, 2106.14448)."""
        from zoo import task_model

        return task_model.divergence(y_pred["logits"], others["logits"])

    def parts(
        self, predictions: Predictions, truths: Mapping[str, np.ndarray]
    ) -> dict[str, tuple[Predictions, Mapping[str, np.ndarray]]]:
        """Return predictions and truths of each target where several are also scored one by one."""
        return {}

    def units(self, split: "Split", assets: Assets, *, training: bool) -> "Split":
        """Return what is encoded, trained on and scored; a language model cuts texts into windows."""
        changes = {
            column.source or name: change
            for name, column in assets.x.items()
            if (change := column.adapter())
        }
        return split.changed(changes) if changes else split

    def together(self, assets: Assets) -> tuple[str, int] | None:
        """Return a column, and how many examples of a value follow one another in training."""
        return None

    def encode(
        self, example: Mapping[str, Any], assets: Assets, seed: int | None
    ) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Turn one example into `(x, y)` as `assets` declares them: column by column.

        Args:
            example: of a dataset; without targets, in prediction, `y` is empty.
            assets: from `fit`.
            seed: of random parts in training; None means none of them.

        Raises:
            DataError: a value is missing or is not what its column takes.
        """
        x: dict[str, np.ndarray] = {}
        y: dict[str, np.ndarray] = {}
        if assets.spaces:
            steps = resizing(assets.columns)
            example, assets = moved(example, assets.columns, steps, seed=0), assets.placed(steps)
        for name, column in assets.x.items():
            x |= column.encoded(name, example.get(column.source or name))
        for name, column in assets.y.items():
            if (column.source or name) in example:
                y |= column.encoded(name, example[column.source or name])
        return x, y

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
            head_feature: that a head of one feature takes, from the model's card; None: the deepest.
        """

    @abc.abstractmethod
    def loss(self, y: Tensors, y_pred: Tensors) -> dict[str, Any]:
        """Return scalars of targets (B, …) and outputs by name; "loss" is minimised, others shown."""

    def modulation(self, model: "keras.Model") -> Modulation | None:
        """Return what is called with targets and outputs of each step of training, or None."""
        return None

    @abc.abstractmethod
    def decode(self, model: "keras.Model", x: Tensors, assets: Assets) -> Predictions:
        """Run the model on a batch and return one prediction for each example, stacked or listed."""

    @abc.abstractmethod
    def statistics(
        self, predictions: Predictions, truths: Mapping[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """Compare predictions with targets example by example; intervals resample what this returns.

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
        """Return every metric over a whole split that means something for its data."""
        return scores(self.metrics, self.estimators, self.statistics(predictions, truths))

    @abc.abstractmethod
    def describe(self, prediction: Any, assets: Assets) -> list[dict[str, Any]]:
        """Return one prediction as JSON items, the most likely first."""
