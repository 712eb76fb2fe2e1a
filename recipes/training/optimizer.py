"""Recipe values to Keras optimizers and learning-rate schedules."""

import math
from typing import Any

import keras
from keras import ops

from recipes.training.initialization import gentle
from recipes.values.schema import Recipe
from zoo.errors import RecipeError
from zoo.regularization import Regularization

_CLASSES = {
    "sgd": "SGD",
    "rmsprop": "RMSprop",
    "adam": "Adam",
    "adamw": "AdamW",
    "adadelta": "Adadelta",
    "adagrad": "Adagrad",
    "adamax": "Adamax",
    "adafactor": "Adafactor",
    "nadam": "Nadam",
    "ftrl": "Ftrl",
    "lion": "Lion",
    "lamb": "Lamb",
    "muon": "Muon",
    "schedule_free_adamw": "ScheduleFreeAdamW",
}
ONE_CYCLE_START = 1 / 25  # of the peak (1708.07120; PyTorch's default)
ONE_CYCLE_RISE = 0.3  # share of training
AVERAGED = 0.1  # share of training that an average of weights reaches back at most


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
    """The same rate at every step: what warm-up needs to end in."""

    def __init__(self, rate: float):
        self.rate = rate

    def __call__(self, step):
        return ops.convert_to_tensor(self.rate, dtype="float32")

    def get_config(self) -> dict[str, Any]:
        return {"rate": self.rate}


def learning_rate(recipe: Recipe, *, steps_per_epoch: int) -> Any:
    """Return the recipe's schedule as a function of the update's number.

    Args:
        recipe: `optimizer.learning_rate` is the peak; lengths are in epochs.
        steps_per_epoch: updates in one epoch.
    """
    values, peak = recipe.schedule, recipe.optimizer.learning_rate
    warmup = round(values.warmup_epochs * steps_per_epoch)
    total = recipe.training.epochs * steps_per_epoch
    rest = max(1, total - warmup)
    schedules = keras.optimizers.schedules
    if values.name == "constant":
        after = Constant(peak)
    elif values.name == "cosine":
        after = schedules.CosineDecay(peak, rest, alpha=values.final_fraction)
    elif values.name == "linear":
        after = schedules.PolynomialDecay(peak, rest, peak * values.final_fraction)
    elif values.name == "step":
        edges = [round(epoch * steps_per_epoch) - warmup for epoch in values.step_epochs]
        rates = [peak * values.step_factor**i for i in range(len(edges) + 1)]
        after = schedules.PiecewiseConstantDecay(edges, rates) if edges else Constant(peak)
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


def make_optimizer(
    recipe: Recipe, model: keras.Model, values: Regularization, *, steps_per_epoch: int
) -> keras.optimizers.Optimizer:
    """Build the optimizer with decay, clipping and averaging, its slots already made.

    Weight decay leaves out tensors of one axis or none (biases, norm scales), as timm does; the
    exclusion is by variable, since Keras matches names by search and forgets it on reload.

    Args:
        recipe: optimizer and schedule.
        model: built.
        values: the expanded regularization.
        steps_per_epoch: updates in one epoch.
    """
    arguments: dict[str, Any] = dict(recipe.optimizer.arguments)
    if values.weight_decay:
        arguments["weight_decay"] = values.weight_decay
    elif recipe.optimizer.name == "adamw":
        arguments["weight_decay"] = 0.0  # Keras' default is 0.004
    if values.clip_norm:
        arguments["global_clipnorm"] = values.clip_norm
    decay = _averaging_decay(values, updates=recipe.training.epochs * steps_per_epoch)
    if decay:
        arguments |= {"use_ema": True, "ema_momentum": decay}
    optimizer_class = getattr(keras.optimizers, _CLASSES[recipe.optimizer.name])
    if recipe.initialization:
        optimizer_class = gentle(
            optimizer_class,
            model,
            frozen_steps=recipe.initialization.frozen_epochs * steps_per_epoch,
            rate=recipe.initialization.backbone_rate,
        )
    try:
        optimizer = optimizer_class(
            learning_rate=learning_rate(recipe, steps_per_epoch=steps_per_epoch), **arguments
        )
    except (ValueError, TypeError) as error:
        raise RecipeError(
            f"Keras refuses the arguments of {recipe.optimizer.name}: {error}",
            expected="values as the Keras documentation of that optimizer gives them",
            fix="change optimizer.arguments",
        ) from error
    if arguments.get("weight_decay"):
        flat = [v for v in model.trainable_variables if len(v.shape) <= 1]
        optimizer.exclude_from_weight_decay(var_list=flat)
    optimizer.build(model.trainable_variables)
    return optimizer


def _averaging_decay(values: Regularization, *, updates: int) -> float:
    """Return the knob's decay, or a lower one where a run is short.

    The average reaches back about 1 / (1 - decay) updates. One that went back to the random start
    would be no model at all, and a preset cannot know how long a run is.
    """
    return max(0.0, min(values.averaging_decay, 1 - 1 / (AVERAGED * updates)))


def steps_per_epoch(recipe: Recipe, *, examples: int) -> int:
    """Return how many updates make an epoch: one pass, rounded down, unless the recipe says."""
    return recipe.training.steps_per_epoch or max(
        1, math.floor(examples / recipe.training.batch_size)
    )
