"""Logits of a classifier and the features that its head takes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from recipes.runs.base import TrainedModel
from recipes.runs.predict import Reading, answers, embedder
from zoo.data.dataset import Dataset, Split, joined
from zoo.data.layout import DRAWN, WHOLE
from zoo.data.pipeline import Encoded
from zoo.errors import ArgumentError, DataError, RunError

MOST_EXAMPLES = 10_000  # of train, and of each set; more are drawn at random


@dataclass(frozen=True)
class Answers:
    """What a network makes of some examples.

    Attributes:
        logits: float64 (N, K).
        features: float64 (N, D); D is 0 where the head takes no single vector.
        labels: of the examples, (N,); None where they have none of the model's.
    """

    logits: np.ndarray
    features: np.ndarray
    labels: np.ndarray | None = None


class Network:
    """Runs a classifier on splits and on files.

    Args:
        run: of one input, that chooses one of several classes.
        batch_size: examples per step.

    Attributes:
        is_cut: a split had more than `MOST_EXAMPLES`.
    """

    def __init__(self, run: TrainedModel, *, batch_size: int):
        import keras

        self.run, self.batch_size, self.is_cut = run, batch_size, False
        outputs = {"logits": run.model.output["logits"]}
        try:
            outputs["features"] = embedder(run.model, run.assets, name=run.name).output
            self.has_features = True
        except RunError:
            self.has_features = False
        self.model = keras.Model(run.model.input, outputs)
        self.classes = len(run.assets.classes)

    def of_split(self, split: Split, *, feature: Any = None) -> Answers:
        """Return the answers for a split; `feature` is its input's column where it is other data."""
        self.is_cut |= len(split) > MOST_EXAMPLES
        assets, split = self.run.assets, some(split)
        if feature is not None:
            ((name, column),) = assets.x.items()
            source, kind = feature
            x = {name: replace(column.for_data(kind), source=source)}
            assets = replace(assets, x=x, y={})
        encoded = Encoded(split, self.run.task, assets)
        found = [self._rows(x) for x, _ in encoded.batches(self.batch_size)]
        labels = encoded.split.labels if feature is None else None
        return self._parted(np.concatenate(found), labels)

    def of_files(self, path: Path) -> Answers:
        """Return the answers for what `zoo predict` would read at a path."""
        reading = Reading(self.batch_size)
        found = [row for _, row in answers(self.run, [path], reading=reading, decode=self._rows)]
        return self._parted(np.stack(found))

    def _rows(self, x: Mapping[str, np.ndarray]) -> np.ndarray:
        found = self.model.predict_on_batch(x)
        parts = [
            np.asarray(found[name], "float64") for name in ("logits", "features")[: len(found)]
        ]
        return np.concatenate(parts, axis=1)  # (B, K + D)

    def _parted(self, rows: np.ndarray, labels: np.ndarray | None = None) -> Answers:
        return Answers(rows[:, : self.classes], rows[:, self.classes :], labels)


def some(split: Split) -> Split:
    """Return a split, or `MOST_EXAMPLES` of it at random."""
    if len(split) <= MOST_EXAMPLES:
        return split
    return split.take(np.sort(np.random.default_rng(0).permutation(len(split))[:MOST_EXAMPLES]))


def other_split(run: TrainedModel, name: str, *, data_dir: str | None) -> tuple[Split, Any, str]:
    """Return examples of a data set of the registry, the name and type of their input, and a note.

    Raises:
        UnknownNameError: there is no such data set.
        DataError: it holds no input of the kind that the model takes, or several.
    """
    from zoo.data.load import load_dataset

    dataset: Dataset = load_dataset(name, data_dir=data_dir)
    ((_, column),) = run.assets.x.items()
    kinds = [(key, kind) for key, kind in dataset.features.items() if kind.kind == column.kind]
    if len(kinds) != 1:
        held = ", ".join(f"{key} ({kind.word})" for key, kind in dataset.features.items())
        raise DataError(
            f"{run.name} takes {column.word}; {name} holds {held}.",
            expected=f"a data set with one column of {column.word}; its classes do not matter",
            fix="zoo data lists the data sets",
        )
    drawn = any(note.startswith((DRAWN, WHOLE)) for note in dataset.notes)
    whole = drawn or "test" not in dataset.splits
    split = joined(dataset.splits.values()) if whole else dataset.splits["test"]
    return split, kinds[0], "all examples" if whole else "test split"


def check_model(run: TrainedModel) -> None:
    """Refuse models whose inputs cannot be scored.

    Raises:
        ArgumentError: the model has several inputs, or does not choose one of several classes.
    """
    fix = "leave --against (against=) out"
    if not run.assets.label or not run.assets.classes or len(run.assets.x) > 1:
        what = "has several inputs" if len(run.assets.x) > 1 else "has no classes"
        raise ArgumentError(
            f"{run.name} {what}: there is no score of how well an input belongs.",
            expected="a model of one input that chooses one of several classes",
            fix=fix,
        )
