"""Recipe values to one Keras optimizer: decay, clipping, averaging, accumulation, a lower rate.

Every recipe trains with an `adapted` optimizer. This is the one file that overrides private methods
of Keras; tests/upstream/test_upstream_optimizers.py tells when one of them changes.
"""

import contextlib
import functools
import math
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, final

import keras

from recipes.training.accumulation import SUMS, accumulating
from recipes.training.initialization import backbone_rates
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
_AVERAGES = "_model_variables_moving_average"  # where Keras keeps them
AVERAGED = 0.1  # share of training that an average of weights reaches back at most


def make_optimizer(
    recipe: Recipe, model: keras.Model, values: Regularization, *, steps_per_epoch: int
) -> keras.optimizers.Optimizer:
    """Build the optimizer with decay, clipping and averaging, its slots already made.

    Weight decay leaves out tensors of one axis or none (biases, norm scales), as timm does; the
    exclusion is by variable, since Keras matches names by search and forgets it on reload.

    Args:
        recipe: optimizer and schedule.
        model: built; slots are made for what is trainable in it now.
        values: the expanded regularization.
        steps_per_epoch: steps in one epoch, `training.accumulate_steps` of which make an update.
    """
    name = recipe.optimizer.name
    updates = steps_per_epoch // recipe.training.accumulate_steps  # in one epoch
    arguments = dict(recipe.optimizer.arguments) | decay_arguments(name, values.weight_decay)
    if values.clip_norm:
        arguments["global_clipnorm"] = values.clip_norm
    decay = _averaging_decay(values, updates=recipe.training.epochs * updates)
    if decay:
        arguments |= {"use_ema": True, "ema_momentum": decay}
    base = getattr(keras.optimizers, _CLASSES[name])
    optimizer_class = adapted(accumulating(base, recipe.training.accumulate_steps))
    try:
        rate = learning_rate(recipe, updates_per_epoch=updates)
        optimizer = optimizer_class(learning_rate=rate, **arguments)
    except (ValueError, TypeError) as error:
        raise RecipeError(
            f"Keras refuses the arguments of {name}: {error}",
            expected="the arguments that the Keras documentation of that optimizer lists",
            fix="change optimizer.arguments",
        ) from error
    initialization = recipe.initialization
    rate = initialization.backbone_rate if initialization else 1.0
    if initialization or recipe.optimizer.layer_decay < 1:
        optimizer.slow_down(backbone_rates(model, rate, recipe.optimizer.layer_decay))
    flat = [v for v in model.trainable_variables if len(v.shape) <= 1]
    optimizer.exclude_from_weight_decay(var_list=flat)
    optimizer.build(model.trainable_variables)
    return optimizer


@functools.cache
def adapted(base: type[keras.optimizers.Optimizer]) -> type[keras.optimizers.Optimizer]:
    """Return the subclass of a Keras optimizer that recipes train with; the same for every recipe.

    Without slow variables it updates bit for bit as `base` does, from the same variables in the
    same order. A checkpoint holds its variables, and the recipe makes it anew: its config is that
    of `base`.

    Args:
        base: an optimizer class of Keras, or `accumulating`.
    """

    @final
    class Adapted(base):
        _rates_by_id: Mapping[int, float] = MappingProxyType({})
        _slow: Mapping[int, float] = MappingProxyType({})  # share of the rate, by position
        _share: float | None = None  # of the slow variable that something is asked for now
        slow_since: keras.Variable | None = None  # updates before the first of slow variables

        def slow_down(self, rates: list[tuple[keras.Variable, float]]) -> None:
            """Move variables at a share of learning rate and decay; call it before `build`."""
            self._rates_by_id = MappingProxyType({id(v): rate for v, rate in rates})

        def build(self, variables: list[keras.Variable]) -> None:
            if self.built:
                return
            super().build(variables)
            self._slow = _by_position(self._rates_by_id, variables)
            if self._slow:
                how = {"dtype": "int", "aggregation": "only_first_replica"}
                self.slow_since = self.add_variable((), name="slow_since", **how)

        @property
        def iterations(self) -> Any:  # corrects the bias of moments, which begin with them
            updates = super().iterations
            return updates if self._share is None else updates - self.slow_since

        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            share = self._slow.get(self._get_variable_index(variable))
            if share is None:
                super().update_step(gradient, variable, learning_rate)
                return
            with _for_slow(self, share):
                super().update_step(gradient, variable, learning_rate * share)

        def _apply_weight_decay(self, variables: list[keras.Variable]) -> None:
            if not (self.weight_decay or getattr(self, "adam_weight_decay", None)):  # Muon has two
                return
            groups = _by_share(self, variables)
            super()._apply_weight_decay(groups.pop(None))
            for share, group in groups.items():
                with _for_slow(self, share):
                    super()._apply_weight_decay(group)

        def _get_current_learning_rate(self) -> Any:
            rate = super()._get_current_learning_rate()
            return rate if self._share is None else rate * self._share

    Adapted.__name__ = Adapted.__qualname__ = base.__name__  # Keras names variables after it
    return Adapted


def _by_position(
    rates: Mapping[int, float], variables: list[keras.Variable]
) -> Mapping[int, float]:
    """Return shares by position; Keras would track a plain dictionary."""
    known = {i: rates[id(v)] for i, v in enumerate(variables) if id(v) in rates}
    return MappingProxyType(known)


def _by_share(
    optimizer: Any, variables: list[keras.Variable]
) -> dict[float | None, list[keras.Variable]]:
    """Return variables by their share of the rate; those at the full rate under None."""
    groups: dict[float | None, list[keras.Variable]] = {None: []}
    for variable in variables:
        share = optimizer._slow.get(optimizer._get_variable_index(variable))
        groups.setdefault(share, []).append(variable)
    return groups


@contextlib.contextmanager
def _for_slow(optimizer: Any, share: float) -> Iterator[None]:
    """Let an adapted optimizer answer with the rate and the count of its slow variables."""
    optimizer._share = share
    try:
        yield
    finally:
        optimizer._share = None


def carry_over(old: keras.optimizers.Optimizer, new: keras.optimizers.Optimizer) -> None:
    """Give a new optimizer the state of an old one that was built for fewer variables.

    Slots of variables that both know and all counters are copied. A variable that is new starts
    with fresh slots, at its own first update, and its average at its weights. All slow variables
    share one count of updates, so where some are new, the slots of all of them start afresh.

    Args:
        old: `adapted`, or Keras' loss scaling around one.
        new: made alike; built for the old one's variables and more.
    """
    places = {id(variable): i for i, variable in enumerate(old._trainable_variables)}
    origins = [places.get(id(variable)) for variable in new._trainable_variables]
    restarted = getattr(new, "_slow", {}) if None in origins else {}
    for name, value in vars(new).items():
        before = getattr(old, name, None)
        if isinstance(value, keras.Variable) and before is not None:
            value.assign(before)
        elif name not in ("_variables", "_trainable_variables") and _is_slots(value, origins):
            for i, (slot, origin) in enumerate(zip(value, origins, strict=True)):
                if (
                    origin is None
                    or slot is None
                    or (i in restarted and name not in (_AVERAGES, SUMS))
                ):
                    continue
                slot.assign(before[origin])
    if isinstance(new, keras.optimizers.LossScaleOptimizer):
        carry_over(old.inner_optimizer, new.inner_optimizer)
        return
    if new.use_ema:
        averages = getattr(new, _AVERAGES)
        for average, variable, origin in zip(
            averages, new._trainable_variables, origins, strict=True
        ):
            if origin is None:
                average.assign(variable)
    if restarted:
        new.slow_since.assign(old.iterations)


def _is_slots(value: Any, origins: list[int | None]) -> bool:
    """Tell whether an attribute holds a slot, or None, for each variable: where Keras keeps them."""
    return (
        isinstance(value, list)
        and len(value) == len(origins)
        and any(isinstance(slot, keras.Variable) for slot in value)
    )


def _averaging_decay(values: Regularization, *, updates: int) -> float:
    """Return the knob's decay, or a lower one where a run is short.

    The average reaches back about 1 / (1 - decay) updates. One that reached back to the random start
    would be useless, and a preset cannot know how long a run is.
    """
    return max(0.0, min(values.averaging_decay, 1 - 1 / (AVERAGED * max(1, updates))))


def steps_per_epoch(recipe: Recipe, *, examples: int) -> int:
    """Return the number of steps in an epoch: one pass in whole updates, unless the recipe sets it."""
    values = recipe.training
    updates = max(1, math.floor(examples / values.update_size))
    return values.steps_per_epoch or updates * values.accumulate_steps
