"""Simple models of several labels: how frequent each is, and a logistic regression for each."""

import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from recipes.baseline.fit import Answers, left_out, read_values, taken
from recipes.baseline.shallow import MOST_SEARCHED, Fitted, Shallow, spread
from zoo.columns import Labels
from zoo.data.dataset import Dataset
from zoo.metrics.multilabel import best_threshold

FREQUENCIES = "frequencies of the labels"
_TINY = 1e-7  # probabilities are kept from 0 and 1, whose logarithm is infinite


def fit_label_sets(
    dataset: Dataset,
    column: str,
    *,
    notes: list[str],
    tell: Callable[[str], None] = lambda words: None,
) -> Iterator[Answers]:
    """Fit simple models on train and yield each with its answers on test, float64 (N, K, 2).

    An answer is a probability and a threshold for each label, chosen on validation as for a network.
    The strength of a model, the same for all labels, is that with the lowest cross-entropy there.

    Args:
        dataset: with columns of `recipes.baseline.fit.inputs_of`, and splits train, validation, test.
        column: of the sets of labels, K of them in all.
        notes: what a reader must know is appended.
        tell: called with what is about to be done.

    Raises:
        DataError: examples can no longer be read, or are absent.
    """
    labels: Labels = dataset.features[column]
    truth = {
        name: np.stack([labels.encode(value)[""] for value in split.columns[column]])
        for name, split in dataset.splits.items()
    }
    read = read_values(dataset, tell=tell)
    validation = truth["validation"][read.compared]
    yield _frequencies(truth["train"], validation, len(truth["test"]))
    known = truth["train"][read.places]
    for shallow in read.models:
        if not shallow.has_probabilities:
            continue
        name = f"{shallow.name}, one for each label"
        tell(name)
        began = time.perf_counter()
        kept = spread(len(known), shallow.most_examples(len(labels.classes)))
        part = (taken(read.values["train"], kept), known[kept])
        fitted = _fitted(shallow, name, part, (read.values["validation"], validation))
        compared, found = (
            fitted.model.predict_proba(read.values[split]) for split in ("validation", "test")
        )
        if fitted.examples < len(truth["train"]):
            notes.append(left_out(name, fitted.examples, len(truth["train"])))
        answers = _with_thresholds(found, compared, validation)
        yield Answers(fitted, answers, time.perf_counter() - began)


def _frequencies(train: np.ndarray, validation: np.ndarray, count: int) -> Answers:
    began = time.perf_counter()
    share = train.mean(axis=0, dtype="float64")  # (K,)
    found, compared = (np.tile(share, (rows, 1)) for rows in (count, len(validation)))
    answers = _with_thresholds(found, compared, validation)
    fitted = Fitted(FREQUENCIES, len(train), "", None)
    return Answers(fitted, answers, time.perf_counter() - began)


def _with_thresholds(found: np.ndarray, compared: np.ndarray, validation: np.ndarray) -> np.ndarray:
    """Put the threshold of each label beside its probability, (N, K, 2)."""
    thresholds = [best_threshold(compared[:, k], validation[:, k]) for k in range(found.shape[1])]
    return np.stack([found, np.broadcast_to(thresholds, found.shape)], axis=-1)


def _fitted(
    shallow: Shallow,
    name: str,
    train: tuple[Any, np.ndarray],
    validation: tuple[Any, np.ndarray],
) -> Fitted:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.pipeline import make_pipeline
    from threadpoolctl import threadpool_limits

    transformer = shallow.transformer()
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the limit of iterations is meant
        warnings.filterwarnings("ignore", "Label .* is present in all", UserWarning)
        warnings.filterwarnings("ignore", "Label not .* is present in all", UserWarning)
        features = transformer.fit_transform(train[0])
        compared = transformer.transform(validation[0])
        places = spread(len(train[1]), MOST_SEARCHED if shallow.features else None)
        costs = []
        for strength in shallow.strengths:
            tried = OneVsRestClassifier(_binary(shallow, strength))
            tried.fit(features[places], train[1][places])
            costs.append(cross_entropy(tried.predict_proba(compared), validation[1]))
        chosen = shallow.strengths[int(np.argmin(costs))]
        classifier = OneVsRestClassifier(_binary(shallow, chosen)).fit(features, train[1])
    told = f"C = {chosen:g}, chosen on {len(validation[1]):,} validation examples"
    return Fitted(name, len(train[1]), told, make_pipeline(transformer, classifier))


def _binary(shallow: Shallow, strength: float) -> Any:
    """Return an unfitted classifier of one label; what fits several classes is taken apart."""
    made = shallow.classifier(strength)
    return getattr(made, "estimator", made)


def cross_entropy(probabilities: np.ndarray, truth: np.ndarray) -> float:
    """Return the mean cross-entropy over examples and labels, (N, K) each, in nats."""
    held = np.clip(probabilities, _TINY, 1 - _TINY)
    return float(-np.mean(truth * np.log(held) + (1 - truth) * np.log(1 - held)))
