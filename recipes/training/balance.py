"""What training does about rare classes: weights in the loss, shares of examples, priors."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from recipes.values.imbalance import checked_weights
from recipes.values.schema import Recipe
from zoo.data.sampling import quotas
from zoo.errors import RecipeError
from zoo.tasks.base import Task
from zoo.tasks.classification import Classification

SHOWN = 12  # classes in a note


def balanced_weights(counts: Sequence[int]) -> list[float]:
    """Return N / (K n) for a class of n among N examples of K classes, as scikit-learn does.

    A class without examples has no part in K, and a weight of 1.

    >>> balanced_weights([30, 10])
    [0.6666666666666666, 2.0]
    """
    held = np.asarray(counts)
    whole = held.sum() / max(np.count_nonzero(held), 1)
    return [float(whole / count) if count else 1.0 for count in held]


def with_balance(
    task: Task, recipe: Recipe, dataset: Any, classes: tuple[str, ...]
) -> tuple[Task, Any]:
    """Return the task with its loss for the train split, and the data with notes on what is balanced.

    Weights and shares follow from the data alone, so that a resumed run, whose data must be the same,
    finds them again.

    Args:
        task: of the recipe.
        recipe: says what is balanced.
        dataset: whose train split is trained on.
        classes: that the model tells apart.

    Raises:
        RecipeError: the task has no classes to balance, or weights do not fit them.
        DataError: a threshold is asked for, and there are not two classes.
    """
    weights, sampling = recipe.training.class_weights, recipe.data.sampling
    if not isinstance(task, Classification) or not classes:
        asked = {"training.class_weights": weights, "data.sampling": sampling}
        for field, value in asked.items():
            if value is not None:
                raise RecipeError(
                    f"{field}={value} needs one class for each example; {task.name} has none.",
                    expected="a task of one class for each example, as image_classification",
                    fix=f"set {field}=null",
                )
        return task, dataset
    if task.decision:
        task.decision.check(classes)
    labels = dataset.splits["train"].labels
    counts = np.bincount(labels, minlength=len(classes)).tolist()
    own = balanced_weights(counts) if weights == "balanced" else None
    own = checked_weights(weights, classes) if isinstance(weights, Mapping) else own
    notes = (_told("Weights of classes in the loss", classes, own),) if own else ()
    if sampling:
        present = [k for k, count in enumerate(counts) if count]
        drawn = quotas([counts[k] for k in present], sampling)
        times = {classes[k]: quota / counts[k] for k, quota in zip(present, drawn, strict=True)}
        notes += (
            _told("Times that an epoch shows an example, by class", [*times], [*times.values()]),
        )
    dataset = replace(dataset, notes=(*dataset.notes, *notes))
    return task.balanced(counts, own), dataset


def head_weights(task: Task, recipe: Recipe, train: Any) -> list[float] | None:
    """Return weights of classes for a head that is fitted on features; None where all count alike.

    What training draws more often, `data.sampling`, weighs more here.

    Args:
        task: of `with_balance`.
        recipe: of the run.
        train: the train split.
    """
    if not isinstance(task, Classification):
        return None
    weights, sampling = task.class_loss.weights, recipe.data.sampling
    found = None if weights is None else np.asarray(weights)
    if sampling:
        counts = np.bincount(train.labels, minlength=1 if found is None else len(found))
        present = np.flatnonzero(counts)
        drawn = np.zeros(len(counts))
        drawn[present] = quotas(counts[present].tolist(), sampling) / counts[present]
        found = drawn if found is None else found * drawn
    return None if found is None else found.tolist()


def weights_of(task: Task, classes: Sequence[str]) -> dict[str, float]:
    """Return the weights of a task's loss by class; empty where all count alike."""
    if not isinstance(task, Classification) or task.class_loss.weights is None:
        return {}
    return dict(zip(classes, task.class_loss.weights, strict=True))


def _told(what: str, classes: Sequence[str], values: Sequence[float]) -> str:
    """Name the largest values first, the rest by their number."""
    order = np.argsort(-np.asarray(values), kind="stable")
    listed = ", ".join(f"{classes[k]} {values[k]:.3g}" for k in order[:SHOWN])
    more = len(order) - SHOWN
    return f"{what}: {listed}" + (f" and {more} classes with less." if more > 0 else ".")
