"""Metrics of language models."""

import math
from collections.abc import Mapping

import numpy as np

from zoo.metrics.estimators import Estimator, Ratio, Rising


def perplexity(loss: np.ndarray | float) -> np.ndarray:
    """Return exp(loss), the number of equally likely tokens that the model chooses between on average.

    >>> round(float(perplexity(1.6)), 3)
    4.953
    """
    return np.exp(np.minimum(loss, 700.0))  # beyond lies no float


# of statistics "nats" and "tokens", (N, T) each, and "characters", (N,)
ESTIMATORS: Mapping[str, Estimator] = {
    "loss": Ratio("nats", "tokens"),
    "perplexity": Rising(perplexity, of=Ratio("nats", "tokens")),
    "bits_per_character": Ratio("nats", "characters", scale=math.log(2)),
}
