"""The batch size of a recipe that leaves it to kerazoo: measured in a pilot, before the first step."""

import math
from typing import Any

import keras

from recipes.diagnosis.noise_scale import NoiseScale, noise_scale
from recipes.values.sections import LEAST_BATCH
from zoo import devices
from zoo.data.pipeline import training_stream
from zoo.errors import MachineError

UPDATES = 20  # in a pass over the training set, at least, where the smallest batch allows it
PILOT_BATCH, ROUNDS, ROUND_STEPS = 32, 10, 10  # 100 steps, with a measurement after every tenth


def batch_size_after(pilot: Any) -> tuple[int, str]:
    """Train a pilot for 100 steps; return the batch size that its noise scale advises, and why.

    It is the power of two nearest to the noise scale over the last 50 steps; at most what gives 20
    updates in a pass over the data, and what memory holds; at least 8. Seed, order and augmentation are
    those of the recipe.

    Args:
        pilot: the `Setup` of the recipe with batches of `PILOT_BATCH`; thrown away afterwards.
    """
    pilot.enter(pilot.recipe.training.epochs)  # all weights that are ever trained
    records: list[dict[str, Any]] = []
    how = {"batch_size": PILOT_BATCH, "seed": pilot.recipe.training.seed}
    began = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda number, logs: records.append({"epoch": number + 1})
    )
    callbacks = [began, NoiseScale(pilot.train, records, **how)]
    _fit(pilot, PILOT_BATCH, steps_per_epoch=ROUND_STEPS, epochs=ROUNDS, callbacks=callbacks)
    found = noise_scale(records, batch_size=PILOT_BATCH).get("noise_scale")
    size, why = advised(found, examples=len(pilot.train))
    fits = _size_that_fits(pilot, size)
    why += "" if fits == size else f"; memory does not hold {size:,}"
    steps = ROUNDS * ROUND_STEPS
    return fits, f"training.batch_size auto: {fits:,}, since {why} (a pilot of {steps} steps)."


def advised(found: dict[str, Any] | None, *, examples: int) -> tuple[int, str]:
    """Return a batch size and the reason for it.

    Args:
        found: what `noise_scale` says of the pilot; None where its gradients are not finite numbers.
        examples: of the training set.

    >>> advised({"value": 300.0}, examples=100_000)
    (256, 'the noise scale is 300 examples')
    >>> advised({"value": 300.0}, examples=1000)[0], advised({"value": 0.5}, examples=1000)[0]
    (32, 8)
    """
    most = max(LEAST_BATCH, 2 ** math.floor(math.log2(max(1, examples / UPDATES))))
    if found is None:
        return min(PILOT_BATCH, most), "the pilot diverged, so the noise scale is not known"
    value = found["value"]
    if value is None:
        why, nearest = "the noise scale is too large to measure", most
    else:
        why = f"the noise scale is {value:,.{0 if value >= 10 else 1}f} examples"
        nearest = 2 ** round(math.log2(max(1.0, value)))
    if value is None or nearest > most:
        why += f", and more would make fewer than {UPDATES} updates of {examples:,} examples"
    elif nearest < LEAST_BATCH:
        why += f", and {LEAST_BATCH} is the smallest that is chosen"
    return min(most, max(LEAST_BATCH, nearest)), why


def _size_that_fits(pilot: Any, size: int) -> int:
    """Take a step at a size, and at half of it wherever memory runs out."""
    while size > PILOT_BATCH:
        try:
            with devices.enough_memory(f"train batches of {size}", lower="training.batch_size"):
                _fit(pilot, size, steps_per_epoch=1, epochs=1)
            break
        except MachineError:
            size //= 2
    return size


def _fit(pilot: Any, batch_size: int, **how: Any) -> None:
    seed = pilot.recipe.training.seed
    stream = training_stream(pilot.train, batch_size=batch_size, seed=seed, augment=pilot.augment)
    pilot.model.fit(stream, shuffle=False, verbose=0, **how)
