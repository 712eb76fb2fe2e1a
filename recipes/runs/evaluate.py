"""Score a model on a split, with intervals."""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.data.dataset import Split
from zoo.data.pipeline import Encoded
from zoo.metrics.estimators import Share, applying
from zoo.metrics.intervals import NONE, Sampling
from zoo.tasks.base import Assets, Predictions, Task

if TYPE_CHECKING:
    import keras

BATCH_SIZE = 256


def predictions_of(
    model: "keras.Model", task: Task, assets: Assets, encoded: Encoded, *, batch_size: int
) -> tuple[Predictions, dict[str, np.ndarray]]:
    """Predict every example of a split, in order.

    Returns:
        One prediction for each example, and the targets (N, …) by name.
    """
    return decoded(lambda x: task.decode(model, x, assets), encoded, batch_size=batch_size)


def decoded(
    decode: Callable[[Mapping[str, np.ndarray]], Any], encoded: Encoded, *, batch_size: int
) -> tuple[Predictions, dict[str, np.ndarray]]:
    """Return the same for any function from a batch of inputs to predictions."""
    predictions, truths = [], []
    for x, y in encoded.batches(batch_size):
        predictions.append(decode(x))
        truths.append(y)
    return together(predictions, truths)


def together(
    predictions: Sequence[Predictions], truths: Sequence[Mapping[str, np.ndarray]]
) -> tuple[Predictions, dict[str, np.ndarray]]:
    """Return predictions and targets of several parts of a split, or of several splits, as one."""
    stacked = all(isinstance(part, np.ndarray) for part in predictions)
    joined = (
        _join(list(predictions)) if stacked else list(itertools.chain.from_iterable(predictions))
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


def groups_of(test: Split, train: Split | None) -> Sequence[Any] | None:
    """Return the group of each scored example, (N,); None where examples are independent.

    Groups count only if the test split has its own, since a new example then comes from a new group.
    They do not count if the model has seen the groups of the test split in training.

    Args:
        test: units of the test split, as they are scored.
        train: what the model was trained on; None where that has none of these groups.
    """
    groups, known = test.columns.get("group"), train.columns.get("group") if train else None
    if groups is None or (known is not None and set(groups) & set(known)):
        return None
    return groups


def intervals_of_parts(
    task: Task, predictions: Predictions, truths: Mapping[str, np.ndarray], **how: Any
) -> dict[str, dict[str, dict[str, Any]]]:
    """Return `intervals` of each target by its name, where there are several.

    Args:
        task, predictions, truths: as `intervals`.
        **how: its other arguments.
    """
    parts = task.parts(predictions, truths)
    return {name: intervals(task, *part, **how) for name, part in parts.items()}


def recalls(
    task: Task,
    predictions: Predictions,
    truths: Mapping[str, np.ndarray],
    *,
    classes: Sequence[str],
    groups: Sequence[Any] | None = None,
    noun: str = "",
) -> dict[str, dict[str, Any]]:
    """Return the recall of each class with its 95 % interval; empty for tasks without classes.

    Args:
        task, predictions, truths, groups, noun: as `intervals`.
        classes: names by label.

    Returns:
        Class name to {"examples", "value", "low", "high", "method"}; the value of a class without
        examples is None.
    """
    statistics = task.statistics(predictions, truths) if classes else {}
    if not {"label", "right"} <= set(statistics):
        return {}
    label, right, found = statistics["label"], statistics["right"], {}
    names = None if groups is None else np.asarray(groups)
    for k, name in enumerate(classes):
        own = np.flatnonzero(label == k)
        held = {"right": right[own]}
        sampling = Sampling.of(len(own), None if names is None else names[own], noun=noun)
        value = float(right[own].mean()) if len(own) else math.nan
        entry = {"examples": len(own), "value": value if math.isfinite(value) else None}
        interval = Share("right").interval(held, sampling) if len(own) else NONE
        found[name] = entry | asdict(interval)
    return found


def intervals(
    task: Task,
    predictions: Predictions,
    truths: Mapping[str, np.ndarray],
    *,
    groups: Sequence[Any] | None = None,
    noun: str = "",
    seed: int = 0,
) -> dict[str, dict[str, Any]]:
    """Score a split with 95 % intervals.

    The interval is about other test examples or other groups. Where another training run may land is
    what a recipe's `expects` says.

    Args:
        task: gives statistics and metrics.
        predictions: of the split, N of them.
        truths: targets by name, (N, …) each.
        groups: group of each example, (N,); None where examples are independent.
        noun: plural name of the groups ("speakers").
        seed: of the bootstrap.

    Returns:
        Metric name to {"value", "low", "high", "method"}; "low" and "high" are None where no interval
        would contain the true value as often as claimed.
    """
    statistics = task.statistics(predictions, truths)
    sampling = Sampling.of(len(predictions), groups, noun=noun)
    found = {}
    for metric in applying(task.metrics, task.estimators, statistics):
        estimator = task.estimators[metric.name]
        entry = {"value": float(estimator(statistics))}
        entry |= asdict(estimator.interval(statistics, sampling, seed=seed))
        for end in ("low", "high"):
            entry[end] = None if entry[end] is None else float(metric.clip(entry[end]))
        found[metric.name] = entry
    return found
