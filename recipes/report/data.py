"""The content of a report: values, numbers and two functions that fetch test examples."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recipes.report.examples import Shown
from recipes.report.explained import Reasons
from recipes.report.label_sets import LabelSets
from recipes.report.masks import Masks
from recipes.report.retrieval import Direction
from recipes.report.targets import Target
from recipes.report.transcripts import Heard
from recipes.report.verification import Pairs
from zoo.metrics.base import Metric, metric_named

if TYPE_CHECKING:
    from recipes.diagnosis.rules import Finding


@dataclass(frozen=True, kw_only=True)
class ReportInput:
    """Everything that the figures, the HTML report and the model card read.

    Attributes:
        recipe: resolved values.
        environment: what it ran on (versions, processor, …), by name; may be nested.
        task: registry name.
        classes: class names by label, K of them.
        history: a dictionary per epoch: "epoch" from 1, "loss", "val_loss", the task's metrics,
            those of validation with "val_" before them, "learning_rate", "seconds".
        records: of `recipes.diagnosis.rules.Probe`; empty where there was none.
        findings: of `recipes.diagnosis.rules.findings`, the worst first.
        metrics: {"split": "test", "examples": N,
            "metrics": {name: {"value", "low", "high", "method"}}}.
        probabilities: of the test examples, (N, K); (0, 0) for tasks without classes.
        labels: of the test examples, (N,); (0,) for tasks without classes.
        guesses: the answers of the test examples, (N,), where a threshold decided; None takes the most
            likely class.
        threshold: what `zoo.tasks.decision` keeps of a threshold; None where none was chosen.
        monitored: the validation metric that chose the epoch; None takes the one that decides.
        example_of: test index to what is shown of it: a uint8 image (H, W, C), a text, or several.
        name_of: test index to what a person would call that example.
        train_samples: (image or text, class name) as they are stored.
        augmented_samples: (image or text, class name) as the model sees them in training.
        targets: what was predicted where the task predicts numbers.
        label_sets: what was predicted where the task predicts several labels.
        masks: what was predicted where the task predicts a class for each pixel.
        retrieval: what was found in each direction where the task compares inputs.
        verification: scores of pairs where the task compares recordings.
        reasons: mistakes that are explained, and parts that alone decide; None where the model cannot
            be explained.
        inputs: how a page writes one value of each input, by name: {"image": "image.png"}.
        generated: (prompt, continuation) that a language model wrote.
        transcripts: what was heard in test recordings, where the task recognizes speech.
        dataset: "name", "licence", "homepage", "source", "counts" ({split: [of each class]}),
            "fingerprint", "skipped" (file names); all but "name" may be missing.
        parameters: trainable and other weights of the model.
        multiply_adds: of one example; None where unknown.
        seconds: duration of training.
        expects: recorded result of the recipe ("metric", "mean", "low", "high", …); None or
            "unmeasured" where there is none.
        command: repeats this training.
        weights: "file", "size_bytes", "sha256", and as "name" what `zoo.load` takes: the name of a
            shipped weight or the run directory.
        measures: the task's metrics, which know their units; the first one decides. Where it is
            empty, that is the first of `metrics`.
        parent: what published weights it began with, their licence and who trained them; or empty.
        licence: of the trained weights, as an SPDX id in lower case; empty where none is stated.
    """

    recipe: Mapping[str, Any]
    environment: Mapping[str, Any]
    task: str
    classes: tuple[str, ...]
    history: Sequence[Mapping[str, Any]]
    records: Sequence[Mapping[str, Any]]
    findings: "Sequence[Finding]"
    metrics: Mapping[str, Any]
    probabilities: np.ndarray
    labels: np.ndarray
    example_of: Callable[[int], Shown]
    name_of: Callable[[int], str]
    train_samples: Sequence[tuple[Shown, str]]
    augmented_samples: Sequence[tuple[Shown, str]]
    dataset: Mapping[str, Any]
    parameters: int
    multiply_adds: int | None
    seconds: float
    expects: Mapping[str, Any] | str | None
    command: str
    weights: Mapping[str, Any] = field(default_factory=dict)
    measures: tuple[Metric, ...] = ()
    licence: str = ""
    parent: str = ""
    generated: Sequence[tuple[str, str]] = ()
    transcripts: Sequence[Heard] = ()
    targets: Sequence[Target] = ()
    label_sets: LabelSets | None = None
    masks: Masks | None = None
    retrieval: Sequence[Direction] = ()
    verification: Pairs | None = None
    reasons: Reasons | None = None
    guesses: np.ndarray | None = None
    threshold: Mapping[str, Any] | None = None
    monitored: Metric | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        expected = (len(self.labels), len(self.classes))
        if self.probabilities.shape != expected:
            raise ValueError(f"probabilities {self.probabilities.shape}, expected {expected}")

    @property
    def main_metric(self) -> Metric:
        """The metric that decides."""
        return self.measures[0] if self.measures else Metric(next(iter(self.metrics["metrics"])))

    @property
    def watched_metric(self) -> Metric:
        """The validation metric that chose the epoch."""
        return self.monitored or self.main_metric

    def measure(self, name: str) -> Metric:
        """Return the metric of that name; without a unit where the task declares none."""
        return metric_named(name, self.measures)

    @property
    def model_name(self) -> str:
        """Registry name of the architecture."""
        return _name(self.recipe.get("model"))

    @property
    def dataset_name(self) -> str:
        """Name of the data; of a path the last part, which says enough and no more."""
        name = str(self.dataset.get("name") or _name(self.recipe.get("data")))
        return Path(name).name if Path(name).is_absolute() else name

    @property
    def recipe_name(self) -> str:
        """Name of the recipe."""
        return str(self.recipe.get("name", ""))

    @property
    def title(self) -> str:
        """As "resnet20 on fashion_mnist"."""
        return f"{self.model_name or 'Model'} on {self.dataset_name or 'its data'}"


def _name(section: Any) -> str:
    return str(section.get("name", "")) if isinstance(section, Mapping) else str(section or "")
