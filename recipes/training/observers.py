"""The callbacks that measure and save a run, made from its setup."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recipes.diagnosis.noise_scale import NoiseScale, epochs_between
from recipes.diagnosis.probe import Probe
from recipes.runs.evaluate import BATCH_SIZE
from recipes.training.callbacks import Recorder, Selection

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


def noise_callbacks(setup: "Setup", records: list[dict[str, Any]]) -> list[NoiseScale]:
    """Return what measures the gradient noise scale into the records of the probe, where asked for."""
    values = setup.recipe.training
    if not values.noise_scale:
        return []
    how = {"batch_size": values.batch_size, "seed": values.seed}
    return [NoiseScale(setup.train, records, every=epochs_between(setup.steps), **how)]
