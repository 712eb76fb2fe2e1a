"""Score a model on a split, with intervals."""

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.data.pipeline import Encoded
from zoo.tasks.base import Assets, Predictions, Task

if TYPE_CHECKING:
    import keras

BATCH_SIZE = 256
RESAMPLES = 1000
LEVEL = 0.95


def predictions_of(
    model: "keras.Model", task: Task, assets: Assets, encoded: Encoded, *, batch_size: int
) -> tuple[Predictions, dict[str, np.ndarray]]:
    """Predict every example of a split, in order.

    Returns:
        One prediction for each example, and the targets (N, …) by name.
    """
    predictions, truths = [], []
    for x, y in encoded.batches(batch_size):
        predictions.append(task.decode(model, x, assets))
        truths.append(y)
    joined = (
        np.concatenate(predictions)
        if isinstance(predictions[0], np.ndarray)
        else list(itertools.chain.from_iterable(predictions))
    )
    return joined, {name: _join([y[name] for y in truths]) for name in truths[0]}


def _join(parts: list[np.ndarray]) -> np.ndarray:
    """Concatenate, padding to the longest where batches were padded differently."""
    if len({part.shape[1:] for part in parts}) == 1:
        return np.concatenate(parts)
    longest = [max(sizes) for sizes in zip(*(part.shape[1:] for part in parts), strict=True)]
    padded = [
        np.pad(
            part,
            [
                (0, 0),
                *((0, want - size) for want, size in zip(longest, part.shape[1:], strict=True)),
            ],
        )
        for part in parts
    ]
    return np.concatenate(padded)


def intervals(
    task: Task, predictions: Predictions, truths: Mapping[str, np.ndarray], *, seed: int = 0
) -> dict[str, dict[str, float]]:
    """Score a split with 95 % bootstrap intervals (percentiles over resampled examples).

    Where every example is right there is nothing to resample: a share of 1 has the exact interval
    of its binomial, so that 250 right of 250 say "98.5 % at least".

    The interval speaks of other test examples; how far another training run may land is what a
    recipe's `expects` says.

    Returns:
        Metric name to {"value", "low", "high"}.
    """
    values = {k: float(v) for k, v in task.score(predictions, truths).items()}
    count = len(predictions)
    generator = np.random.default_rng(seed)
    drawn: dict[str, list[float]] = {name: [] for name in values}
    for _ in range(RESAMPLES):
        chosen = generator.integers(count, size=count)
        picked = (
            predictions[chosen]
            if isinstance(predictions, np.ndarray)
            else [predictions[i] for i in chosen]
        )
        scores = task.score(picked, {name: value[chosen] for name, value in truths.items()})
        for name, value in scores.items():
            drawn[name].append(value)
    return {
        name: {"value": value} | _interval(drawn[name], count) for name, value in values.items()
    }


def _interval(values: list[float], count: int) -> dict[str, float]:
    """Return the ends of an interval from the values of resamples of `count` examples."""
    tail = (1 - LEVEL) / 2
    if min(values) == max(values) == 1.0:
        return {"low": tail ** (1 / count), "high": 1.0}  # Clopper and Pearson's
    low, high = np.percentile(values, [100 * tail, 100 * (1 - tail)])
    return {"low": float(low), "high": float(high)}


def evaluate(
    target: Any,
    *,
    data: str | Path | None = None,
    data_dir: str | None = None,
    batch_size: int = 256,
) -> dict[str, Any]:
    """Score a run, a shipped weight or a recipe's weight on its test split, or on other data.

    Args:
        target: run directory, weight name or recipe name.
        data, data_dir, batch_size: of `Run.evaluate`, which says what is returned.

    >>> zoo.evaluate("cnn_small.digits")["metrics"]["accuracy"]  # doctest: +SKIP
    """
    from recipes.runs.run import load

    return load(target).evaluate(data=data, data_dir=data_dir, batch_size=batch_size)
