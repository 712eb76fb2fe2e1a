"""Recipe values to Keras optimizers and learning-rate schedules."""

import math
from typing import Any

import keras

from recipes.training.initialization import gentle
from recipes.training.schedule import learning_rate
from recipes.values.schema import Recipe
from zoo.errors import RecipeError
from zoo.regularization import Regularization, decay_arguments

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
AVERAGED = 0.1  # share of training that an average of weights reaches back at most


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
    arguments |= decay_arguments(recipe.optimizer.name, values.weight_decay)
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
