"""Fit simple models to a data set with classes: the majority class, and those of its modality."""

import importlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from recipes.baseline.shallow import (
    FEWEST_EACH,
    MOST_COMPARED,
    Fitted,
    Shallow,
    fit_shallow,
    spread,
)
from zoo.data.dataset import Dataset
from zoo.errors import DataError

MAJORITY = "majority class"
PAIR = ("text", "pair")  # columns of two texts
# kind of column: the module of its simple models
MODULES = {
    "audio": "recipes.baseline.sounds",
    "image": "recipes.baseline.images",
    "text": "recipes.baseline.texts",
}
PAIRS = "recipes.baseline.pairs"


@dataclass(frozen=True)
class Answers:
    """A fitted simple model with its answers on the test split.

    Attributes:
        fitted: the model.
        answers: on the test examples, as a task's `decode` gives them, float64 (N, …).
        seconds: that fitting and answering took; reading the examples is not counted.
    """

    fitted: Fitted
    answers: np.ndarray
    seconds: float


def inputs_of(dataset: Dataset) -> tuple[str, ...]:
    """Return the column that simple models take, or both of a pair of texts; empty for any others."""
    known = [name for name, column in dataset.features.items() if column.kind in MODULES]
    inputs = [name for name, column in dataset.features.items() if column.modality]
    if inputs != known:
        return ()
    is_pair = sorted(known) == sorted(PAIR)
    return PAIR if is_pair else tuple(known) if len(known) == 1 else ()


def fit_baselines(
    dataset: Dataset,
    *,
    notes: list[str],
    tell: Callable[[str], None] = lambda words: None,
) -> Iterator[Answers]:
    """Fit each simple model on train and yield it with its answers on test.

    Strengths are chosen on validation, nothing on test. Of large data a part of train is taken, spread
    evenly.

    Args:
        dataset: with classes, columns of `inputs_of`, and splits train, validation and test.
        notes: what a reader must know is appended: what was left out, and why.
        tell: called with what is about to be done.

    Raises:
        DataError: examples can no longer be read, or are absent.
    """
    classes = len(dataset.classes)
    train, test = dataset.splits["train"], dataset.splits["test"]
    yield _majority(train.labels, len(test), classes=classes)
    if len(np.unique(train.labels)) < 2:
        notes.append("All training examples are of one class: there is nothing more to fit.")
        return
    read = read_values(dataset, tell=tell)
    labels = train.labels[read.places]
    if len(np.unique(labels)) < 2:
        raise DataError("The training examples that are spread evenly are all of one class.")
    validation = (read.values["validation"], dataset.splits["validation"].labels[read.compared])
    for shallow in read.models:
        kept = spread(len(labels), shallow.most_examples(classes))
        if len(kept) < len(labels) and len(kept) < FEWEST_EACH * classes:
            notes.append(f"{shallow.name}: left out, as {classes:,} classes take too long.")
            continue
        tell(shallow.name)
        began = time.perf_counter()
        part = (taken(read.values["train"], kept), labels[kept])
        fitted = fit_shallow(shallow, part, validation, classes=classes)
        found = fitted.probabilities(read.values["test"], classes=classes)
        if fitted.examples < len(train):
            notes.append(left_out(shallow.name, fitted.examples, len(train)))
        yield Answers(fitted, found, time.perf_counter() - began)


@dataclass(frozen=True)
class Read:
    """Examples as simple models take them.

    Attributes:
        values: by split; of train and validation a part, where there are many.
        places: positions of the training examples.
        compared: positions of the validation examples.
        models: that are not fitted yet.
    """

    values: dict[str, Any]
    places: np.ndarray
    compared: np.ndarray
    models: tuple[Shallow, ...]


def read_values(dataset: Dataset, *, tell: Callable[[str], None]) -> Read:
    """Read the input of a data set, spread evenly where there is much of it.

    Raises:
        DataError: examples can no longer be read, or are absent.
    """
    source, *others = inputs_of(dataset)
    column, train = dataset.features[source], dataset.splits["train"]
    module = importlib.import_module(PAIRS if others else MODULES[column.kind])
    places = spread(len(train), module.most_examples(train, column, source))
    compared = spread(len(dataset.splits["validation"]), MOST_COMPARED)
    values = {}
    for name, positions in (("train", places), ("validation", compared), ("test", None)):
        tell(f"reading {column.word} of {name}")
        split = dataset.splits[name]
        positions = spread(len(split), None) if positions is None else positions
        values[name] = module.values_of(split, column, source, positions)
    return Read(values, places, compared, module.models_for(values["train"]))


def left_out(name: str, kept: int, of: int) -> str:
    """Say that a simple model was fitted on a part of train."""
    return f"{name}: fitted on {kept:,} of {of:,} training examples, spread evenly, to save time."


def _majority(labels: np.ndarray, count: int, *, classes: int) -> Answers:
    """Return the most frequent class for every example; its probabilities are the shares of train."""
    from sklearn.dummy import DummyClassifier

    began = time.perf_counter()
    model = DummyClassifier(strategy="prior").fit(np.zeros((len(labels), 1)), labels)
    fitted = Fitted(MAJORITY, len(labels), "", model)
    found = fitted.probabilities(np.zeros((count, 1)), classes=classes)
    return Answers(fitted, found, time.perf_counter() - began)


def taken(values: Any, places: np.ndarray) -> Any:
    """Return the values at some positions, of a list or of an array."""
    return [values[i] for i in places] if isinstance(values, list) else values[places]
