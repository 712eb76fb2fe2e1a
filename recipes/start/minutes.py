"""How long a training takes on this machine: a few of its own steps are timed."""

import time
from dataclasses import dataclass
from typing import Any

from recipes.values.schema import Recipe

WARM_UP, LEAST_STEPS, SECONDS = 2, 5, 1.5  # steps before the clock, steps and seconds on it
EVALUATED = 256  # examples that are timed without a gradient
REPORT_SECONDS = 6.0  # figures, intervals and report; on 2 cores 4 to 9
EPOCH_SECONDS = 0.1  # checkpoint and history


@dataclass(frozen=True)
class Timing:
    """What was timed.

    Attributes:
        start: seconds from the recipe to the end of the first steps: data, model, compilation.
        step: seconds of a training step.
        example: seconds of an example without a gradient.
        steps: of an epoch.
        validation, test: number of examples.
    """

    start: float
    step: float
    example: float
    steps: int
    validation: int
    test: int

    def seconds(self, epochs: int) -> float:
        """Return the expected seconds of a run, without simple models beside it."""
        each = self.steps * self.step + self.validation * self.example + EPOCH_SECONDS
        return self.start + epochs * each + 2 * self.test * self.example + REPORT_SECONDS

    def epochs_within(self, seconds: float) -> int:
        """Return how many epochs a run of so many seconds can have; may be 0."""
        each = self.seconds(1) - self.seconds(0)
        return max(0, int((seconds - self.seconds(0)) / each))


def timed(recipe: Recipe, **data_arguments: Any) -> Timing:
    """Prepare a training and take some of its steps; nothing is kept.

    Args:
        recipe: that would be trained.
        **data_arguments: of `recipes.objects.make_dataset`.
    """
    import keras

    from recipes.objects import precision
    from recipes.runs.evaluate import predictions_of
    from recipes.training.setup import prepare
    from zoo.data.pipeline import Encoded, training_stream

    began = time.perf_counter()
    with precision(recipe):
        setup = prepare(recipe, **data_arguments)
        values = setup.recipe.training
        how = {"batch_size": values.batch_size, "seed": values.seed}
        stream = training_stream(setup.train, augment=setup.augment, **how)

        def take(steps: int) -> float:
            clock = time.perf_counter()
            setup.model.fit(stream, steps_per_epoch=steps, epochs=1, verbose=0, shuffle=False)
            return time.perf_counter() - clock

        take(WARM_UP)
        start = time.perf_counter() - began
        steps = LEAST_STEPS
        while (seconds := take(steps)) < SECONDS:
            steps *= 2
        split = setup.dataset.splits["validation"]
        some = Encoded(split.take(range(min(EVALUATED, len(split)))), setup.task, setup.assets)
        shown = [0.0, 0.0]
        for place in range(2):  # the first compiles
            clock = time.perf_counter()
            predictions_of(
                setup.model, setup.task, setup.assets, some, batch_size=values.batch_size
            )
            shown[place] = time.perf_counter() - clock
    keras.utils.clear_session()
    return Timing(
        start=start,
        step=seconds / steps,
        example=shown[1] / len(some),
        steps=setup.steps,
        validation=len(split),
        test=len(setup.dataset.splits["test"]),
    )
