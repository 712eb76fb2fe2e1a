"""Learning-rate schedules: the recipe's values as a function of the update's number, from 0."""

from typing import Any

import keras
from keras import ops

from recipes.values.schema import Recipe

ONE_CYCLE_START = 1 / 25  # of the peak (1708.07120; PyTorch's default)
ONE_CYCLE_RISE = 0.3  # share of training


@keras.saving.register_keras_serializable(package="kerazoo")
class WarmUp(keras.optimizers.schedules.LearningRateSchedule):
    """Rise linearly to the peak, then follow another schedule from its own step 0.

    Args:
        after: a schedule of steps since the end of warm-up.
        steps: of warm-up, >= 1; the first update already has peak / steps.
        peak: learning rate at the end of warm-up.
    """

    def __init__(
        self, after: keras.optimizers.schedules.LearningRateSchedule, *, steps: int, peak: float
    ):
        self.after, self.steps, self.peak = after, steps, peak

    def __call__(self, step):
        step = ops.cast(step, "float32")
        rising = self.peak * (step + 1) / self.steps
        return ops.where(step < self.steps, rising, self.after(ops.maximum(step - self.steps, 0)))

    def get_config(self) -> dict[str, Any]:
        return {"after": self.after, "steps": self.steps, "peak": self.peak}


@keras.saving.register_keras_serializable(package="kerazoo")
class Constant(keras.optimizers.schedules.LearningRateSchedule):
    """The same rate at every step, for warm-up to end in."""

    def __init__(self, rate: float):
        self.rate = rate

    def __call__(self, step):
        return ops.convert_to_tensor(self.rate, dtype="float32")

    def get_config(self) -> dict[str, Any]:
        return {"rate": self.rate}


def learning_rate(recipe: Recipe, *, updates_per_epoch: int) -> Any:
    """Return the recipe's schedule as a function of the update's number.

    Args:
        recipe: `optimizer.learning_rate` is the peak, before `rate_scaling`; lengths are in epochs.
        updates_per_epoch: updates in one epoch.
    """
    values, peak = recipe.schedule, recipe.optimizer.learning_rate * recipe.rate_factor
    warmup = round(values.warmup_epochs * updates_per_epoch)
    total = recipe.training.epochs * updates_per_epoch
    rest = max(1, total - warmup)
    schedules = keras.optimizers.schedules
    if values.name == "constant":
        after = Constant(peak)
    elif values.name == "cosine":
        after = schedules.CosineDecay(peak, rest, alpha=values.final_fraction)
    elif values.name == "linear":
        after = schedules.PolynomialDecay(peak, rest, peak * values.final_fraction)
    elif values.name == "step":
        drops = [round(epoch * updates_per_epoch) - warmup for epoch in values.step_epochs]
        rates = [peak * values.step_factor**i for i in range(len(drops) + 1)]
        # Keras still gives the old rate at a boundary itself, one update later than PyTorch.
        last = [drop - 1 for drop in drops]
        after = schedules.PiecewiseConstantDecay(last, rates) if drops else Constant(peak)
    elif values.name == "exponential":
        after = schedules.ExponentialDecay(peak, rest, max(values.final_fraction, 1e-4))
    elif values.name == "inverse_sqrt":
        after = _InverseSqrt(peak, scale=max(1, warmup))
    else:  # one_cycle: linear up from peak / 25, cosine down
        rise = max(1, round(ONE_CYCLE_RISE * total))
        return schedules.CosineDecay(
            peak * ONE_CYCLE_START,
            max(1, total - rise),
            alpha=values.final_fraction,
            warmup_target=peak,
            warmup_steps=rise,
        )
    return WarmUp(after, steps=warmup, peak=peak) if warmup else after


@keras.saving.register_keras_serializable(package="kerazoo")
class _InverseSqrt(keras.optimizers.schedules.LearningRateSchedule):
    """peak · √(scale / (scale + step)) (1706.03762 §5.3)."""

    def __init__(self, peak: float, *, scale: int):
        self.peak, self.scale = peak, scale

    def __call__(self, step):
        step = ops.cast(step, "float32")
        return self.peak * ops.sqrt(self.scale / (self.scale + step))

    def get_config(self) -> dict[str, Any]:
        return {"peak": self.peak, "scale": self.scale}
