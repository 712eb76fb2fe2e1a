"""Simple models of numbers: the mean, and ridge regression on the features of each kind of input."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from recipes.baseline.fit import Answers, left_out, read_values, taken
from recipes.baseline.shallow import Fitted, Shallow, spread
from zoo.data.dataset import Dataset

MEAN = "mean of train"
TOLERANCE = 1e-8  # of the solver for sparse features; scikit-learn's own leaves digits to chance
STRENGTHS = (0.01, 0.1, 1.0, 10.0, 100.0, 1_000.0, 10_000.0)  # alpha, of L2


def fit_numbers(
    dataset: Dataset,
    targets: list[str],
    *,
    notes: list[str],
    tell: Callable[[str], None] = lambda words: None,
) -> Iterator[Answers]:
    """Fit the mean and ridge regressions on train and yield each with its answers on test.

    The strength is that with the smallest squared error on validation, of standardised targets, which
    count alike; of equal ones the smallest.

    Args:
        dataset: with columns of `recipes.baseline.fit.inputs_of`, and splits train, validation, test.
        targets: columns of numbers, T of them.
        notes: what a reader must know is appended.
        tell: called with what is about to be done.

    Raises:
        DataError: examples can no longer be read, or are absent.
    """
    truth = {name: _numbers(split, targets) for name, split in dataset.splits.items()}
    mean, deviation = truth["train"].mean(axis=0), truth["train"].std(axis=0)
    yield _mean(truth["train"], len(truth["test"]))
    read = read_values(dataset, tell=tell)
    scaled = {name: (numbers - mean) / deviation for name, numbers in truth.items()}
    known, validation = scaled["train"][read.places], scaled["validation"][read.compared]
    for shallow in read.models:
        if not shallow.has_probabilities:  # a classifier of another kind, which has no counterpart
            continue
        name = f"ridge regression on {shallow.on}"
        tell(name)
        began = time.perf_counter()
        kept = spread(len(known), shallow.most_examples(len(targets)))
        part = (taken(read.values["train"], kept), known[kept])
        fitted = _fitted(shallow, name, part, (read.values["validation"], validation))
        found = fitted.model.predict(read.values["test"]).reshape(-1, len(targets))
        if fitted.examples < len(truth["train"]):
            notes.append(left_out(name, fitted.examples, len(truth["train"])))
        yield Answers(fitted, found * deviation + mean, time.perf_counter() - began)


def _numbers(split: Any, targets: list[str]) -> np.ndarray:
    """Return the targets of a split, float64 (N, T)."""
    return np.stack([np.asarray(split.columns[name], "float64") for name in targets], axis=-1)


def _mean(numbers: np.ndarray, count: int) -> Answers:
    from sklearn.dummy import DummyRegressor

    began = time.perf_counter()
    model = DummyRegressor().fit(np.zeros((len(numbers), 1)), numbers)
    found = model.predict(np.zeros((count, 1))).reshape(count, -1)
    return Answers(Fitted(MEAN, len(numbers), "", model), found, time.perf_counter() - began)


def _fitted(
    shallow: Shallow,
    name: str,
    train: tuple[Any, np.ndarray],
    validation: tuple[Any, np.ndarray],
) -> Fitted:
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from threadpoolctl import threadpool_limits

    transformer = shallow.transformer()
    with threadpool_limits(1):  # a sum has then always the same order
        features = transformer.fit_transform(train[0])
        compared = transformer.transform(validation[0])
        errors = []
        for strength in STRENGTHS:
            found = Ridge(alpha=strength, tol=TOLERANCE).fit(features, train[1]).predict(compared)
            errors.append(np.square(found.reshape(validation[1].shape) - validation[1]).mean())
        chosen = STRENGTHS[int(np.argmin(errors))]
        model = make_pipeline(
            transformer, Ridge(alpha=chosen, tol=TOLERANCE).fit(features, train[1])
        )
    told = f"alpha = {chosen:g}, chosen on {len(validation[1]):,} validation examples"
    return Fitted(name, len(train[1]), told, model)
