"""Train a recipe: build, compile, Keras' own fit, evaluate, save."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from recipes.objects import precision
from recipes.runs.folder import check_folder, next_folder
from recipes.runs.run import METRICS, RECIPE, Run
from recipes.training.setup import Setup, prepare
from recipes.values.load import dump_yaml, load_recipe
from recipes.values.schema import Recipe
from zoo import devices
from zoo.data.load import folder_of
from zoo.errors import Interrupted, RunError
from zoo.files import write_text

PROBE_EXAMPLES = 64


def train(
    recipe: str | Path | Recipe,
    *overrides: str,
    run_dir: str | Path | None = None,
    resume: bool = False,
    smoke: bool = False,
    device: str | None = None,
    data_dir: str | None = None,
    download: bool = False,
    skip_corrupt: bool = False,
    progress: bool = True,
    **values: Any,
) -> Run:
    """Train a recipe and return its run.

    Args:
        recipe: name, YAML file, or recipe.
        *overrides: "key=value" texts.
        run_dir: where the run goes; the next free "runs/NAME-N" by default.
        resume: go on with the run in `run_dir` from its last checkpoint, bit for bit.
        smoke: two short epochs on few examples: every joint, no result.
        device: "cpu", "gpu", or None for a GPU where there is one.
        data_dir: where TFDS data lies; TFDS_DATA_DIR otherwise.
        download: let TFDS fetch what is missing.
        skip_corrupt: leave unreadable files out and count them in the report.
        progress: show it on stderr.
        **values: fields by dotted path.

    Raises:
        RecipeError, DataError, RunError, MachineError: each says what to do.

    >>> run = zoo.train("image/digits-cnn", **{"training.epochs": 3})  # doctest: +SKIP
    """
    if resume and run_dir is None:
        raise RunError(
            "There is no run to resume.", fix="name its folder: --run-dir FOLDER --resume"
        )
    recipe = load_recipe(recipe, *overrides)
    recipe = recipe.with_values(values) if values else recipe
    recipe = recipe.smoke() if smoke else recipe
    place = folder_of(recipe.data.name)  # kept in full, so that the run can be used from anywhere
    recipe = recipe.with_values({"data.name": str(place)}) if place else recipe
    folder = check_folder(Path(run_dir) if run_dir else next_folder(recipe), recipe, resume=resume)
    if resume and (folder / METRICS).exists():
        from recipes.runs.run import load

        return load(folder)
    device = devices.prepare(device)  # before anything else loads Keras, so that it starts quietly
    from recipes.training.results import finish

    with precision(recipe):
        setup = prepare(
            recipe, device=device, data_dir=data_dir, download=download, skip_corrupt=skip_corrupt
        )
        write_text(folder / RECIPE, dump_yaml(recipe.resolved()))  # only now: all inputs are good
        recorder, probe, selection = fit(setup, folder, resume=resume, progress=progress)
        history, records = recorder.history, probe.records
        return finish(setup, folder, history=history, records=records, selection=selection.state)


def fit(setup: Setup, folder: Path, *, resume: bool, progress: bool) -> tuple[Any, Any, Any]:
    """Run Keras' `fit` over the endless stream with what happens at each epoch's end.

    Returns:
        The callbacks that hold what came of it: recorder (history), probe (records), selection.
    """
    from recipes.diagnosis.rules import Probe
    from recipes.runs.evaluate import BATCH_SIZE
    from recipes.training.callbacks import Recorder, Selection
    from recipes.training.progress import ProgressDisplay
    from zoo.data.pipeline import training_stream

    training = setup.recipe.training
    selection = Selection(
        setup.validation,
        setup.task,
        setup.assets,
        batch_size=BATCH_SIZE,
        best_path=folder / "checkpoints" / "best.safetensors",
        patience=setup.recipe.regularization_values().early_stopping_patience,
    )
    probe = Probe(*setup.train.batch(np.arange(min(PROBE_EXAMPLES, len(setup.train)))))
    recorder = Recorder(
        folder,
        state=lambda: {
            "selection": selection.state,
            "records": probe.records,
            "data_fingerprint": setup.dataset.fingerprint,
        },
        examples_per_epoch=setup.steps * training.batch_size,
    )
    first_epoch = _restore(setup, folder, recorder, probe, selection) if resume else 0
    if first_epoch >= training.epochs or selection.state["stopped"]:
        return recorder, probe, selection
    display = ProgressDisplay(
        epochs=training.epochs,
        steps=setup.steps,
        batch_size=training.batch_size,
        metric=setup.task.metric,
    )
    stream = training_stream(
        setup.train,
        batch_size=training.batch_size,
        seed=training.seed,
        first_step=first_epoch * setup.steps,
        augment=setup.augment,
    )
    shown = [display] if progress else []
    with _stopping_hint(folder), contextlib.closing(display), contextlib.closing(recorder):
        setup.model.fit(
            stream,
            initial_epoch=first_epoch,
            epochs=training.epochs,
            steps_per_epoch=setup.steps,
            shuffle=False,
            verbose=0,
            callbacks=[*setup.releases, selection, probe, recorder, *shown],
        )
    return recorder, probe, selection


def _restore(setup: Setup, folder: Path, recorder: Any, probe: Any, selection: Any) -> int:
    """Put the last checkpoint back, if there is one; return how many epochs are done."""
    from recipes.training.checkpoint import load_checkpoint

    for part in folder.rglob(".*.part"):  # what a killed process was writing
        part.unlink()
    checkpoint = folder / "checkpoints" / "last.safetensors"
    if not checkpoint.exists():
        return 0
    state = load_checkpoint(checkpoint, setup.model)
    if state["data_fingerprint"] != setup.dataset.fingerprint:
        raise RunError(
            f"The data of {setup.recipe.data.name} has changed since {folder} was begun.",
            expected=f"fingerprint {state['data_fingerprint']}, not {setup.dataset.fingerprint}",
            fix="put the data back as it was, or train again in another folder",
        )
    recorder.history[:], probe.records[:] = state["history"], state["records"]
    selection.state = state["selection"]
    recorder.rewrite()  # the process may have died between checkpoint and logs
    return state["epoch"]


@contextlib.contextmanager
def _stopping_hint(folder: Path) -> Iterator[None]:
    """Say on Ctrl-C how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(
            f"Stopped. {folder} holds the run up to its last checkpoint.",
            fix=f"go on with: zoo train {folder / RECIPE} --run-dir {folder} --resume",
        ) from None
