"""Temperature scaling: one number that makes probabilities as sure as they deserve (1706.04599)."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from zoo.metrics.classification import ESTIMATORS, classification_statistics

RANGE = (0.05, 20.0)  # of temperatures that are tried
SPREAD = 0.5  # of log T before anything is known: 19 of 20 temperatures lie between 0.38 and 2.7
_GRID = 64  # temperatures that are tried before the search begins at the best of them
MEASURED = ("loss", "ece")  # metrics that a temperature changes


@dataclass(frozen=True)
class Temperature:
    """A temperature that was fitted on validation examples.

    Attributes:
        value: that logits are divided by; above 1 the model was too sure of itself.
        examples: of validation.
        before, after: "loss" (nats) and "ece" of these examples without and with it.
    """

    value: float
    examples: int
    before: Mapping[str, float]
    after: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)


def with_temperature(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Return the probabilities that the same logits, divided by a temperature, would give.

    The order of the classes stays as it is.

    Args:
        probabilities: (..., K), a softmax over the last axis.
        temperature: above 0.

    >>> with_temperature(np.array([0.8, 0.2]), 2.0).round(3).tolist()
    [0.667, 0.333]
    """
    with np.errstate(divide="ignore"):
        logits = np.log(np.asarray(probabilities, "float64")) / temperature
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def fit_temperature(probabilities: np.ndarray, labels: np.ndarray) -> Temperature | None:
    """Return the temperature under which the labels of validation are most likely.

    The negative log-likelihood of the examples has one minimum, but a model that makes no mistake on
    validation would get a temperature of 0. So a prior counts as well: log T is normal around 0 with a
    deviation of `SPREAD`, which a few hundred examples with mistakes among them outweigh.

    Args:
        probabilities: of validation examples, (N, K).
        labels: of them, integers (N,).

    Returns:
        None where there are no examples, or a probability is not finite.
    """
    from scipy.optimize import minimize_scalar

    found, labels = np.asarray(probabilities, "float64"), np.asarray(labels)
    if not len(labels) or not np.isfinite(found).all():
        return None
    logits = np.log(np.maximum(found, np.finfo("float64").tiny))  # (N, K)
    behind = logits - logits.max(axis=1, keepdims=True)
    true = behind[np.arange(len(labels)), labels]

    def loss(log_temperature: float) -> float:
        scaled = behind / math.exp(log_temperature)
        nats = np.log(np.exp(scaled).sum(axis=1)) - true / math.exp(log_temperature)
        return float(nats.sum()) + 0.5 * (log_temperature / SPREAD) ** 2

    tried = np.linspace(*np.log(RANGE), _GRID)
    best = int(np.argmin([loss(each) for each in tried]))
    around = tried[max(best - 1, 0)], tried[min(best + 1, _GRID - 1)]
    fitted = minimize_scalar(loss, bounds=around, method="bounded", options={"xatol": 1e-7})
    value = round(math.exp(float(fitted.x)), 6)
    after = measured(with_temperature(found, value), labels)
    return Temperature(value, len(labels), measured(found, labels), after)


def measured(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Return what a temperature changes: "loss" in nats and "ece", as they are reported."""
    statistics = classification_statistics(probabilities, labels)
    return {name: round(float(ESTIMATORS[name](statistics)), 6) for name in MEASURED}
