"""Gradient accumulation: several steps on small batches make one update, as one large batch would.

`training.batch_size` is the batch of a step. Every `training.accumulate_steps` steps the mean of their
gradients is applied in one update, which therefore is that of a batch of batch_size x
accumulate_steps examples. Keras' own accumulation evaluates schedules at steps and moves averages of
weights at every step; here the schedule, weight decay, clipping, the averages and
`optimizer.iterations` count updates alone.

The sums and the place inside an update are variables of the optimizer, so that a checkpoint holds
them. Batch normalization still sees the small batches.
"""

import functools
from collections.abc import Callable
from typing import Any

import keras
from keras import ops

SUMS = "_gradient_sums"  # by position, as Keras keeps slots


@functools.cache
def accumulating(
    base: type[keras.optimizers.Optimizer], steps: int
) -> type[keras.optimizers.Optimizer]:
    """Return the subclass of a Keras optimizer that updates at every so many calls of `apply`.

    Args:
        base: an optimizer class of Keras.
        steps: of one update, >= 1; with 1 it is `base` itself.
    """
    if steps == 1:
        return base

    class Accumulating(base):
        accumulate_steps = steps

        def build(self, variables: list[keras.Variable]) -> None:
            if self.built:
                return
            super().build(variables)
            sums = [self.add_variable_from_reference(v, name="gradient_sum") for v in variables]
            setattr(self, SUMS, sums)
            how = {"dtype": "int", "aggregation": "only_first_replica"}
            self.steps_summed = self.add_variable((), name="steps_summed", **how)

        def apply(self, grads: list[Any], trainable_variables: Any = None) -> None:
            variables = list(trainable_variables or self._trainable_variables)
            if not self.built:
                self.build(variables)
            places = [self._get_variable_index(variable) for variable in variables]
            sums = [getattr(self, SUMS)[place] for place in places]
            for gradient, total in zip(grads, sums, strict=True):
                if gradient is not None:
                    self.assign_add(total, gradient)
            self.steps_summed.assign_add(1)

            def update() -> None:
                means = [
                    None if gradient is None else total / steps
                    for gradient, total in zip(grads, sums, strict=True)
                ]
                super(Accumulating, self).apply(means, variables)
                for total in sums:
                    total.assign(ops.zeros(total.shape, dtype=total.dtype))
                self.steps_summed.assign(0)

            state = [*self._trainable_variables, *self.variables]
            _where(self.steps_summed >= steps, update, state)

    Accumulating.__name__ = Accumulating.__qualname__ = base.__name__
    return Accumulating


def _where(condition: Any, change: Callable[[], None], state: list[keras.Variable]) -> None:
    """Run a function that assigns to variables only where a condition holds.

    Args:
        condition: scalar, may be known only when a compiled step runs.
        change: assigns to variables of `state` alone.
        state: that may change.
    """
    if keras.backend.backend() == "tensorflow":  # a branch of its graphs may assign
        ops.cond(condition, change, lambda: None)
        return

    def values_after(branch: Callable[[], None]) -> Callable[[], list[Any]]:
        def run() -> list[Any]:
            mapping = [(variable, variable.value) for variable in state]
            with keras.StatelessScope(state_mapping=mapping) as scope:
                branch()
            return [scope.get_current_value(variable) for variable in state]

        return run

    values = ops.cond(condition, values_after(change), values_after(lambda: None))
    for variable, value in zip(state, values, strict=True):
        variable.assign(value)
