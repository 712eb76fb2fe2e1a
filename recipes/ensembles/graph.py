"""One Keras graph of several models, whose output is that of their mean answer."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.columns.assets import Assets
from zoo.errors import RunError
from zoo.tasks.decision import THRESHOLD

if TYPE_CHECKING:
    import keras

_INTERVALS, _THRESHOLDS = "intervals", "thresholds"  # keys of `Assets.extra`


def combined_assets(assets: Sequence[Assets]) -> Assets:
    """Return the assets of the mean of several models.

    Thresholds are averaged. Prediction intervals are left out: each is that of a single model.
    """
    extra = {key: value for key, value in assets[0].extra.items() if key != _INTERVALS}
    chosen: list[Mapping[str, float]] = [one.extra.get(_THRESHOLDS, {}) for one in assets]
    if all(chosen):
        names = chosen[0]
        extra[_THRESHOLDS] = {name: float(np.mean([one[name] for one in chosen])) for name in names}
    single = [one.extra.get(THRESHOLD) for one in assets]
    if all(single):
        extra[THRESHOLD] = {key: single[0].get(key) for key in ("positive", "goal")} | {
            "value": float(np.mean([one["value"] for one in single]))
        }
    return replace(assets[0], extra=extra)


def combined_model(models: Sequence["keras.Model"], assets: Sequence[Assets]) -> "keras.Model":
    """Return one model from the shared inputs to the logits of the mean answer, in float32.

    Decoding these logits as those of a single model gives the mean of the members' probabilities (of
    classes or labels) or of their numbers.

    Args:
        models: with inputs and outputs by name, "logits" among them.
        assets: of each; their inputs are encoded alike.

    Raises:
        RunError: the task has no mean answer.
    """
    import keras

    inputs = {
        tensor.name: keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=tensor.name)
        for tensor in models[0].inputs
    }
    logits = []
    for position, model in enumerate(models, start=1):
        taken = {tensor.name: tensor for tensor in model.inputs}
        member = keras.Model(taken, model.output["logits"], name=f"member_{position}")
        logits.append(keras.ops.cast(member(inputs), "float32"))
    return keras.Model(inputs, {"logits": _mean_logits(logits, assets)}, name="ensemble")


def _mean_logits(logits: Sequence[Any], assets: Sequence[Assets]) -> Any:
    """Return the logits of the mean answer, (B, K)."""
    from keras import ops

    if assets[0].label:
        return _log_mean([ops.log_softmax(part, axis=-1) for part in logits])
    if assets[0].label_sets:
        yes = _log_mean([-ops.softplus(-part) for part in logits])  # log p
        no = _log_mean([-ops.softplus(part) for part in logits])  # log(1 - p)
        return yes - no
    if assets[0].numbers:
        return _mean_number(logits, assets)
    raise RunError(
        "These models have no mean answer.",
        expected="models that predict classes, labels or numbers",
        fix="export one of them by itself",
    )


def _log_mean(parts: Sequence[Any]) -> Any:
    """Return the logarithm of the mean of exp(part), without leaving the range of float32."""
    from keras import ops

    stacked = ops.stack(list(parts), axis=0)  # (M, B, K)
    return ops.logsumexp(stacked, axis=0) - float(np.log(len(parts)))


def _mean_number(logits: Sequence[Any], assets: Sequence[Assets]) -> Any:
    """Return the mean of predicted numbers, standardised as the first model's are."""

    def scale(one: Assets) -> tuple[np.ndarray, np.ndarray]:
        columns = one.numbers.values()
        return np.array([c.mean for c in columns]), np.array([c.deviation for c in columns])

    mean, deviation = scale(assets[0])
    total = 0.0
    for part, one in zip(logits, assets, strict=True):
        own_mean, own_deviation = scale(one)
        factor = (own_deviation / deviation).astype("float32")
        shift = ((own_mean - mean) / deviation).astype("float32")
        total = total + part * factor + shift
    return total / len(logits)
