"""The mean of losses over a batch whose examples may have weights."""

from collections.abc import Mapping
from typing import Any

from keras import ops

from zoo.columns.weight import WEIGHT


def weighted_mean(losses: Any, y: Mapping[str, Any]) -> Any:
    """Return the mean of losses, each example with its weight where the batch has weights.

    The sum of weighted losses is divided by the sum of weights, so that an example of weight 2 counts
    in its batch as two of weight 1. A batch whose weights are all 0 gives 0.

    Args:
        losses: (B,) or (B, T), of which the T of an example have the same weight.
        y: targets by name, "sample_weight", (B,), among them or not.

    >>> float(weighted_mean([1.0, 4.0], {"sample_weight": [1.0, 2.0]}))
    3.0
    """
    if WEIGHT not in y:
        return ops.mean(losses)
    losses = ops.convert_to_tensor(losses)
    weight = ops.cast(y[WEIGHT], losses.dtype)
    if len(losses.shape) == 2:
        losses = ops.mean(losses, axis=-1)  # (B,)
    return ops.divide_no_nan(ops.sum(losses * weight), ops.sum(weight))
