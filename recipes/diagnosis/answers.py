"""What is wrong with the answers of a classifier on the test split."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from recipes.diagnosis.calibration import check_calibration
from recipes.diagnosis.finding import Finding
from zoo.metrics.base import Metric

LEAST_EXAMPLES = 10  # fewer may be answered alike by chance


def check_answers(
    error: float,
    probabilities: np.ndarray,
    labels: np.ndarray,
    classes: Sequence[str],
    guesses: np.ndarray | None = None,
) -> list[Finding]:
    """Judge answers; where all of them are one class, there is nothing else to say of them.

    Args:
        error: of calibration, in [0, 1].
        probabilities: (N, K); (0, 0) for tasks without classes.
        labels: (N,).
        classes: names of the K.
        guesses: the answers, (N,), where a threshold decided, and their confidence is not what counts;
            None takes the most likely class.

    >>> [item.kind for item in check_answers(0.2, np.eye(2)[[1] * 12], np.arange(12) % 2, "ab")]
    ['one_class']
    """
    one = _one_class(probabilities, labels, classes, guesses)
    found = one or (check_calibration(error, probabilities, labels) if guesses is None else None)
    return [found] if found else []


def check_against(
    simple: Mapping[str, Any], entry: Mapping[str, Any], metric: Metric
) -> Finding | None:
    """Judge a network that is no better than a constant answer, such as the majority class or the mean.

    Args:
        simple: the first of the simple models beside it: {"name", "metrics": {name: {"value"}}}.
        entry: the network's {"value"} of the metric on the same examples.
        metric: that decides.

    >>> majority = {"name": "majority class", "metrics": {"accuracy": {"value": 0.4}}}
    >>> check_against(majority, {"value": 0.3}, Metric("accuracy")).kind
    'no_better'
    """
    found, value = simple["metrics"].get(metric.name, {}).get("value"), entry.get("value")
    if found is None or value is None or metric.sign * value > metric.sign * found:
        return None
    if found == (1.0 if metric.sign > 0 else 0.0):  # without a mistake, nothing can be better
        return None
    return Finding(
        "no_better",
        "problem",
        f"The model does no better than the {simple['name'].removeprefix('the ')}.",
        f"{metric.label.lower()} {metric.text(value)} on test against {metric.text(found)}",
        "Train longer: training.epochs. If that does not help, try other values of "
        "optimizer.learning_rate, and look at the samples: labels may be mixed up",
    )


def _one_class(
    probabilities: np.ndarray,
    labels: np.ndarray,
    classes: Sequence[str],
    guesses: np.ndarray | None,
) -> Finding | None:
    if len(labels) < LEAST_EXAMPLES or not np.isfinite(probabilities).all():
        return None
    answers = probabilities.argmax(axis=-1) if guesses is None else guesses
    one = int(answers[0])
    if (answers != one).any() or (labels == one).all():
        return None
    return Finding(
        "one_class",
        "problem",
        f"The model gives one class for everything: {classes[one]}.",
        f"its answer to all {len(labels):,} test examples, of which {(labels == one).mean():.1%} are "
        f"{classes[one]}",
        "Train longer: training.epochs. If that does not help, try other values of "
        "optimizer.learning_rate, or add training examples of the other classes",
    )
