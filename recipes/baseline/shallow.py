"""A simple model of scikit-learn: what it is before it is fitted, and how it is fitted."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.metrics.classification import classification_statistics

MOST_SEARCHED = 2_500  # training examples that each strength is tried on, of dense features
MOST_COMPARED = 2_000  # validation examples that the strengths are compared on
# Examples times features times classes: some 20 seconds of logistic regression on one core.
MOST_WORK = 1_000_000_000
FEWEST_EACH = 5  # examples per class, below which a fit says little


@dataclass(frozen=True)
class Shallow:
    """A simple model that is not fitted yet.

    Attributes:
        name: in tables.
        on: what its features are, in words.
        transformer: makes an unfitted transformer of scikit-learn, from values to features.
        classifier: makes an unfitted classifier from C, the inverse strength of L2.
        strengths: values of C to choose from, in ascending order.
        features: number of them, where it is the same for all data; 0 where they are sparse.
        has_probabilities: the classifier gives probabilities, and not only an answer.
    """

    name: str
    on: str
    transformer: Callable[[], Any]
    classifier: Callable[[float], Any]
    strengths: tuple[float, ...]
    features: int = 0
    has_probabilities: bool = True

    def most_examples(self, classes: int) -> int | None:
        """Return how many examples a fit may take in seconds; None for all of them."""
        return MOST_WORK // (self.features * classes) if self.features else None


@dataclass(frozen=True)
class Fitted:
    """A simple model after it was fitted.

    Attributes:
        name: in tables.
        examples: training examples that it was fitted on.
        told: how its strength was chosen; empty where nothing was to be chosen.
        model: a pipeline of scikit-learn, from values to classes.
        has_probabilities: of `Shallow`.
    """

    name: str
    examples: int
    told: str
    model: Any
    has_probabilities: bool = True

    def probabilities(self, values: Sequence[Any], *, classes: int) -> np.ndarray:
        """Return the probability of each class, float64 (N, K); 1 for the answer where it has none."""
        return class_probabilities(
            self.model, values, classes=classes, has_probabilities=self.has_probabilities
        )


def spread(count: int, most: int | None) -> np.ndarray:
    """Return at most `most` positions of `count`, spread evenly over them.

    >>> spread(5, 3).tolist(), spread(2, None).tolist()
    ([0, 2, 4], [0, 1])
    """
    kept = count if most is None else min(count, most)
    return np.linspace(0, count - 1, kept).astype(int)


def fit_shallow(
    shallow: Shallow,
    train: tuple[Sequence[Any], np.ndarray],
    validation: tuple[Sequence[Any], np.ndarray],
    *,
    classes: int,
) -> Fitted:
    """Fit a simple model; its strength is the best on validation of those that it may have.

    The strengths are tried on a part of train, compared by their cross-entropy on validation, or by
    their errors where a model has no probabilities; of equal ones the strongest is taken.

    Args:
        shallow: what to fit.
        train: values and labels (N,), of which at least two differ.
        validation: likewise.
        classes: K, of the data.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.pipeline import make_pipeline
    from threadpoolctl import threadpool_limits

    values, labels = train
    transformer = shallow.transformer()
    # Products this small take longer on several threads; a sum has then always the same order.
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the limit of iterations is meant
        features = transformer.fit_transform(values)
        compared = transformer.transform(validation[0])
        places = spread(len(labels), MOST_SEARCHED if shallow.features else None)
        searched = (features[places], labels[places])
        if len(np.unique(searched[1])) < 2:
            searched = (features, labels)
        costs = []
        for strength in shallow.strengths:
            tried = shallow.classifier(strength).fit(*searched)
            costs.append(_cost(shallow, tried, compared, validation[1], classes=classes))
        chosen = shallow.strengths[int(np.argmin(costs))]
        classifier = shallow.classifier(chosen).fit(features, labels)
    told = f"C = {chosen:g}, chosen on {len(validation[1]):,} validation examples"
    model = make_pipeline(transformer, classifier)
    return Fitted(shallow.name, len(labels), told, model, shallow.has_probabilities)


def class_probabilities(
    model: Any, values: Any, *, classes: int, has_probabilities: bool
) -> np.ndarray:
    """Return the probabilities of all classes, (N, K): 0 for those that the model has not met."""
    found = np.zeros((_length(values), classes))
    if has_probabilities:
        found[:, model.classes_] = model.predict_proba(values)
    else:
        found[np.arange(len(found)), model.predict(values)] = 1
    return found


def _cost(
    shallow: Shallow, model: Any, features: Any, labels: np.ndarray, *, classes: int
) -> float:
    found = class_probabilities(
        model, features, classes=classes, has_probabilities=shallow.has_probabilities
    )
    statistics = classification_statistics(found, labels)
    if shallow.has_probabilities:
        return float(statistics["nats"].mean())
    return 1 - float(statistics["right"].mean())


def _length(values: Any) -> int:
    return values.shape[0] if hasattr(values, "shape") else len(values)
