"""What is chosen on validation after training: thresholds of the task, and a temperature."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from recipes.runs.answering import TEMPERATURE
from recipes.runs.evaluate import BATCH_SIZE, predictions_of
from zoo.metrics.temperature import Temperature, fit_temperature, measured, with_temperature
from zoo.tasks.base import Task
from zoo.tasks.decision import answers_of

if TYPE_CHECKING:
    from recipes.training.setup import Setup


def calibrated(setup: "Setup") -> tuple["Setup", Temperature | None]:
    """Return the setup with what its task chooses on validation, and the temperature that fits there.

    The temperature is None for tasks that do not choose one of several classes.
    """
    chooses = setup.task.calibrates and type(setup.task).calibrated is not Task.calibrated
    if not chooses and not setup.assets.label:
        return setup, None
    found = predictions_of(
        setup.model, setup.task, setup.assets, setup.validation, batch_size=BATCH_SIZE
    )
    answers = class_answers(setup, *found)
    fitted = fit_temperature(answers["probabilities"], answers["labels"])
    if not chooses:
        return setup, fitted
    return replace(setup, assets=setup.task.calibrated(*found, setup.assets)), fitted


def temperature_facts(fitted: Temperature | None, answers: dict[str, Any]) -> dict[str, Any]:
    """Return the part of the metrics on a temperature: its fit, and what it does to the test examples.

    Args:
        fitted: on validation; None gives nothing, as do probabilities that are not finite.
        answers: on test, of `class_answers`.
    """
    probabilities, labels = answers["probabilities"], answers["labels"]
    if fitted is None or not np.isfinite(probabilities).all():
        return {}
    after = with_temperature(probabilities, fitted.value)
    test = {"before": measured(probabilities, labels), "after": measured(after, labels)}
    return {TEMPERATURE: fitted.to_dict() | {"test": test}}


def class_answers(setup: "Setup", predictions: Any, truths: Any) -> dict[str, Any]:
    """Return classes, their probabilities, labels and answers; empty where a task gives none."""
    classes = setup.assets.classes
    if classes and isinstance(predictions, np.ndarray) and predictions.ndim in (2, 3):
        found, guesses = answers_of(predictions)
        if found.shape[-1] == len(classes):
            labels = np.asarray(truths[setup.assets.label])
            told = {"classes": classes, "probabilities": found, "labels": labels}
            return told | {"guesses": guesses}
    none = np.zeros(0, dtype="int64")
    return {"classes": (), "probabilities": np.zeros((0, 0)), "labels": none, "guesses": None}
