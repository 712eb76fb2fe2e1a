"""How a model is asked: once as it is, or over several views of an image, and with a temperature."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from recipes.runs.base import TrainedModel
from zoo.columns.assets import Assets
from zoo.errors import ArgumentError, RunError, command
from zoo.metrics.temperature import RANGE, with_temperature
from zoo.tasks.decision import THRESHOLD

Decode = Callable[[Mapping[str, np.ndarray]], Any]
TEMPERATURE = "temperature"  # key of `Run.metrics`
MOST_VIEWS = 256


def decoder(run: TrainedModel, *, tta: int = 0) -> Decode:
    """Return the function from a batch of encoded inputs to the task's predictions.

    Args:
        run: whose model answers.
        tta: views of each image whose answers are averaged; 0 shows the image as it is.

    Raises:
        ArgumentError: the model takes no images, or was trained without crops and flips.
        RunError: published weights without a head, which give vectors.
    """
    if run.assets.label and not run.assets.classes:
        raise RunError(
            f"{run.name} has no head: it gives vectors, not classes.",
            expected="a model that was trained to tell classes apart",
            fix=f"{command('zoo', 'embed', run.name)} FILE gives the vectors; "
            f"{command('zoo', 'finetune', run.name)} --data DATA trains a head",
        )
    if not tta:
        return lambda x: run.task.decode(run.model, x, run.assets)
    if not isinstance(tta, int) or isinstance(tta, bool) or not 0 < tta <= MOST_VIEWS:
        raise ArgumentError(
            f"tta={tta!r} is not a number of views.",
            expected=f"0 (off) to {MOST_VIEWS}",
            fix="8 is usual",
        )
    from zoo.transforms.views import views_of

    view = views_of(run.recipe.regularization_values(), assets=run.assets, name=run.name)

    def decode(x: Mapping[str, np.ndarray]) -> np.ndarray:
        total: Any = 0.0
        for number in range(tta):
            total = total + np.asarray(run.task.decode(run.model, view(x, number), run.assets))
        return total / tta

    return decode


def temperature_of(run: TrainedModel, calibrated: bool | float) -> float | None:
    """Return the temperature that predictions are to have; None leaves them as they are.

    Args:
        run: one trained model.
        calibrated: True takes the temperature that was fitted when the run was trained; a number is one.

    Raises:
        ArgumentError: the model does not choose one of several classes, or the number is out of range.
        RunError: none was fitted.
    """
    if calibrated is False or calibrated is None:
        return None
    check_calibrated(run, calibrated)
    if calibrated is not True:
        return float(calibrated)
    stored = run.metrics.get(TEMPERATURE)
    if not stored:
        raise RunError(
            f"{run.name} has no temperature: none was fitted when it was trained.",
            expected="a run that this version of kerazoo trained, or a temperature",
            fix=f"{command('zoo', 'evaluate', run.name, '--calibrated')} fits one on validation; then "
            "give it with --temperature (calibrated=NUMBER)",
        )
    return float(stored["value"])


def check_calibrated(run: TrainedModel, calibrated: bool | float) -> None:
    """Refuse models without classes, and temperatures out of range.

    Raises:
        ArgumentError: the message says which.
    """
    if not run.assets.label:
        raise ArgumentError(
            f"A temperature is for models that choose one of several classes; {run.name} does not.",
            fix="leave --calibrated and --temperature (calibrated=) out",
        )
    low, high = RANGE
    if calibrated is not True and not low <= calibrated <= high:
        raise ArgumentError(
            f"The temperature {calibrated!r} is out of range.",
            expected=f"{low} to {high}; 1 changes nothing",
            fix="give another number",
        )


def tempered(predictions: Any, temperature: float | None) -> Any:
    """Return predictions of a classification with a temperature; answers stay as they are."""
    if temperature is None:
        return predictions
    found = np.asarray(predictions)
    if found.ndim < 3:
        return with_temperature(found, temperature)
    moved = _moved_threshold(found[..., 1], temperature)
    return np.stack([with_temperature(found[..., 0], temperature), moved], axis=-1)


def tempered_assets(assets: Assets, temperature: float | None) -> Assets:
    """Return assets whose threshold, if there is one, is where the temperature moves it."""
    chosen = assets.extra.get(THRESHOLD)
    if temperature is None or not chosen:
        return assets
    moved = float(_moved_threshold(chosen["value"], temperature))
    return replace(assets, extra={**assets.extra, THRESHOLD: {**chosen, "value": moved}})


def _moved_threshold(value: Any, temperature: float) -> np.ndarray:
    """Return where a temperature moves a probability of one of two classes; NaN stays."""
    both = np.stack([np.asarray(value, "float64"), 1 - np.asarray(value, "float64")], axis=-1)
    return with_temperature(both, temperature)[..., 0]
