"""The callbacks that measure and save a run, made from its setup."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recipes.diagnosis.noise_scale import NoiseScale, epochs_between
from recipes.diagnosis.probe import Probe
from recipes.modalities.own_heads import OwnHeads
from recipes.runs.evaluate import BATCH_SIZE
from recipes.training.callbacks import Recorder, Selection
from zoo.heads.several import own_logits

if TYPE_CHECKING:
    from recipes.training.setup import Setup

PROBE_EXAMPLES = 64


def observers_of(
    setup: "Setup", folder: Path, kept: dict[str, Any], *, checkpoint_minutes: float
) -> tuple[Recorder, Probe, Selection]:
    """Return the callbacks that measure and save; `kept` goes into each checkpoint."""
    selection = Selection(
        setup.validation,
        setup.task,
        setup.assets,
        batch_size=BATCH_SIZE,
        best_path=folder / "checkpoints" / "best.safetensors",
        metric=setup.recipe.monitored_metric,
        patience=setup.recipe.regularization_values().early_stopping_patience,
    )
    probe = Probe(*setup.train.batch(np.arange(min(PROBE_EXAMPLES, len(setup.train)))))
    recorder = Recorder(
        folder,
        state=lambda: {"selection": selection.state, "records": probe.records, **kept},
        began=lambda: probe.began,
        examples_per_epoch=setup.steps * setup.recipe.training.batch_size,
        checkpoint_seconds=60 * checkpoint_minutes,
    )
    return recorder, probe, selection


def more_observers(setup: "Setup", probe: Probe, recorder: Recorder) -> list[Any]:
    """Return the callbacks that only some runs have; they come before the recorder.

    They measure the gradient noise scale into the records of the probe, where that is asked for, and the
    heads of single inputs, where there are several.
    """
    found: list[Any] = []
    names = own_logits(setup.model.output)
    heads = tuple(name for name in names if f"{name}_loss" in setup.task.shown)
    if heads:
        regularization = setup.recipe.regularization_values()
        found.append(OwnHeads(setup.validation, heads, regularization, recorder))
    values = setup.recipe.training
    if values.noise_scale:
        how = {"batch_size": values.batch_size, "seed": values.seed}
        every = epochs_between(setup.steps)
        found.append(NoiseScale(setup.train, probe.records, every=every, **how))
    return found
