"""Which knob of regularization shows training something like a corruption."""

from collections.abc import Mapping
from typing import Any

from zoo.metrics.base import Metric
from zoo.regularization import NONE, Regularization
from zoo.transforms.corruptions import Corruption

# Masks of width 0 hide nothing; the widths are those of the preset strong.
_WIDTHS = {"frequency_masks": ("frequency_mask_width", 7), "time_masks": ("time_mask_width", 25)}


def advice(
    worst: Corruption,
    difference: Mapping[str, Any],
    metric: Metric,
    regularization: Regularization,
) -> str:
    """Return a hint, not a promise: it says what to try against the worst corruption.

    Args:
        worst: of those that were measured.
        difference: of the metric from clean in its mean, with "value", "low" and "high".
        metric: the first of the task.
        regularization: that the model was trained with.

    >>> from zoo.columns import Audio
    >>> from zoo.transforms.corruptions import corruptions
    >>> noise = corruptions(Audio(8000))["noise"]
    >>> loss = {"value": -0.2, "low": -0.25, "high": -0.15}
    >>> advice(noise, loss, Metric("accuracy"), NONE).partition(". ")[2].partition(";")[0]
    'In training, regularization.noise_probability=0.8 shows the model something similar'
    """
    ends = [difference.get(end) for end in ("low", "high")]
    certain = None not in ends and max(metric.sign * end for end in ends) < 0
    if not certain:
        return "No corruption is certain to cost anything."
    cost = metric.difference(difference["value"])
    told = f"Worst in the mean of its severities: {worst.name}, {cost}. "
    setting = f"regularization.{worst.knob}={worst.setting}"
    width, size = _WIDTHS.get(worst.knob, ("", 0))
    wide = not width or getattr(regularization, width) > 0
    if not wide:
        setting += f" regularization.{width}={size}"
    if wide and getattr(regularization, worst.knob) != getattr(NONE, worst.knob):
        used = f"regularization.{worst.knob}={getattr(regularization, worst.knob)}"
        return told + f"The model was already trained with {used}; a stronger setting may help."
    return told + (
        f"In training, {setting} shows the model something similar; it may help, and may cost a little "
        "on clean data: train with it and measure both."
    )
