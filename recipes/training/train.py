"""Train a recipe: build, compile, Keras' own fit, evaluate, save."""

import contextlib
from pathlib import Path
from typing import Any

from recipes.objects import precision
from recipes.own.recipe import folder_of_run, recipe_from
from recipes.runs.folder import check_continuation, claimed, run_to_continue, stopping
from recipes.runs.run import Run, load
from recipes.runs.splits import METRICS, skips_corrupt, write_splits
from recipes.runs.trained import RECIPE, as_begun, values_in, write_recipe
from recipes.training.distillation import with_pinned_teacher
from recipes.training.encoders import keep_inputs, with_pinned_encoders
from recipes.training.setup import Setup, prepare
from recipes.values.schema import Recipe
from zoo import devices
from zoo.data.load import folder_of
from zoo.errors import ArgumentError, RecipeError, RunError

CHECKPOINT_MINUTES = 10.0


def train(
    recipe: str | Path | Recipe | Any,
    *overrides: str,
    run_dir: str | Path | None = None,
    resume: bool = False,
    continue_run: bool = False,
    smoke: bool = False,
    device: str | None = None,
    data_dir: str | None = None,
    download: bool = False,
    skip_corrupt: bool = False,
    checkpoint_minutes: float = CHECKPOINT_MINUTES,
    progress: bool = True,
    **values: Any,
) -> Run:
    """Train a recipe and return its run.

    Args:
        recipe: name, YAML file, recipe, or your own Keras model, which needs `data` and `task` by
            name; the folder of a run where `continue_run` is set.
        *overrides: "key=value" texts.
        run_dir: where the run goes; the next free "runs/NAME-N" by default.
        resume: continue the run in `run_dir` from its last checkpoint, bit for bit.
        continue_run: train a run for more epochs, in a new folder.
        smoke: two short epochs on few examples, without simple models beside, to test that all works.
        device: "cpu", "gpu", or None for a GPU where there is one.
        data_dir: folder of TFDS data; TFDS_DATA_DIR by default.
        download: let TFDS download missing data.
        skip_corrupt: leave unreadable files out and count them; a run that did so remembers it.
        checkpoint_minutes: > 0; an epoch that takes longer has checkpoints inside it.
        progress: show the progress on stderr.
        **values: fields of the recipe by dotted path.

    Raises:
        RecipeError, DataError, RunError, MachineError: the message says what to do.

    >>> run = zoo.train("image/digits-cnn", **{"training.epochs": 3})  # doctest: +SKIP
    """
    _check_arguments(run_dir, resume, continue_run, checkpoint_minutes)
    source = folder_of_run(recipe) if continue_run else None
    recipe = recipe_from(run_to_continue(source) if source else recipe, overrides, values, train)
    recipe = as_begun(recipe.smoke() if smoke else recipe, run_dir if resume else None)
    recipe = with_pinned_encoders(with_pinned_teacher(recipe), run_dir if resume else None)
    place = folder_of(recipe.data.name)  # kept in full, so that the run can be used from anywhere
    recipe = recipe.with_values({"data.name": str(place)}) if place else recipe
    if source:
        check_continuation(source, recipe)
    with claimed(recipe, run_dir, resume=resume) as folder:
        if resume and (folder / METRICS).exists():
            return load(folder)
        device = devices.prepare(device)  # before anything loads Keras, so that it starts quietly
        _check_one_replica(devices.replicas())
        skips = skip_corrupt or skips_corrupt(source or folder)
        where = {"data_dir": data_dir, "download": download, "skip_corrupt": skips}
        how = {"progress": progress, "checkpoint_minutes": checkpoint_minutes}
        lower = "training.batch_size, model.arguments or the size of the inputs"
        with precision(recipe), devices.enough_memory(f"train {recipe.name}", lower=lower):
            setup = prepare(recipe, device=device, begun=folder if resume else source, **where)
            begin = {"source": source, "resume": resume, "beside": not smoke}
            return _train_in(folder, setup, where | {"device": device}, **begin, **how)


def _check_arguments(
    run_dir: str | Path | None, resume: bool, continue_run: bool, checkpoint_minutes: float
) -> None:
    if resume and run_dir is None:
        raise RunError(
            "There is no run to resume.", fix="name its folder: --run-dir FOLDER --resume"
        )
    if resume and continue_run:
        raise ArgumentError(
            "A run is either resumed or continued.",
            expected="resume: the epochs that it began with; continue: more of them",
            fix="leave one of --resume and --continue out",
        )
    if not checkpoint_minutes > 0:
        given = f"checkpoint_minutes={checkpoint_minutes} is out of range."
        raise ArgumentError(given, expected="a number above 0", fix="leave it out to take 10")


def _check_one_replica(replicas: int) -> None:
    """Refuse a strategy of several: what is measured beside training runs on one device."""
    if replicas > 1:
        raise RecipeError(
            f"A run is trained on one device; the tf.distribute strategy in force has {replicas}.",
            expected="no strategy, or one of a single replica",
            fix="call zoo.train outside the strategy's scope",
        )


def _train_in(
    folder: Path,
    setup: Setup,
    where: dict[str, Any],
    *,
    source: Path | None,
    resume: bool,
    beside: bool,
    **how: Any,
) -> Run:
    """Train in a locked folder, from its checkpoint if there is one, or from where `source` ended."""
    from recipes.modalities.alone import has_several, train_alone
    from recipes.training.progress import show_notes
    from recipes.training.results import finish
    from recipes.training.resume import begin_where

    show_notes(setup.dataset.remarks() if how["progress"] else ())
    if source:
        begin_where(source, setup, folder)
    elif not (folder / RECIPE).exists():
        write_recipe(folder, setup.recipe)  # all inputs are good
    write_splits(folder, setup.dataset)
    keep_inputs(folder, setup.recipe, setup.assets)
    recorder, probe, chosen = fit(setup, folder, resume=resume or source is not None, **how)
    found = {"history": recorder.history, "records": probe.records, "selection": chosen.state}
    inputs = tuple(setup.assets.x) if beside and has_several(setup.assets) else ()
    alone = train_alone(train, setup.recipe, folder, inputs, **where, **how)
    return finish(setup, folder, **found, alone=alone, baselines=beside, progress=how["progress"])


def fit(
    setup: Setup,
    folder: Path,
    *,
    resume: bool,
    progress: bool,
    checkpoint_minutes: float = CHECKPOINT_MINUTES,
) -> tuple[Any, Any, Any]:
    """Run Keras' `fit` over the endless stream with the callbacks.

    Returns:
        The callbacks that hold the results: recorder (history), probe (records), selection.
    """
    from recipes.training.callbacks import Rejoin
    from recipes.training.observers import more_observers, observers_of
    from recipes.training.progress import ProgressDisplay
    from recipes.training.resume import Position, restore
    from zoo.data.pipeline import training_stream

    training = setup.recipe.training
    kept = {"recipe": values_in(folder), "data_fingerprint": setup.fingerprint}
    recorder, probe, selection = observers = observers_of(
        setup, folder, kept, checkpoint_minutes=checkpoint_minutes
    )
    position = Position()
    if resume:
        position, state = restore(setup, folder, *observers, shown=progress)
        kept |= {"origin": state["origin"]} if "origin" in state else {}
    if position.epoch >= training.epochs or selection.state["stopped"]:
        return observers
    before = position.epoch * setup.steps + position.step  # steps
    display = ProgressDisplay(
        epochs=training.epochs,
        steps=setup.steps,
        batch_size=training.batch_size,
        metric=setup.recipe.monitored_metric,
        steps_before=before,
    )
    how = {"batch_size": training.batch_size, "seed": training.seed}
    stream = training_stream(setup.train, first_step=before, augment=setup.augment, **how)
    more = [Rejoin(position.step, position.midway.metrics)] if position.midway else []
    more += [display] * progress
    measured = more_observers(setup, probe, recorder)
    with stopping(folder, recorder), contextlib.closing(display), contextlib.closing(recorder):
        setup.model.fit(
            stream,
            initial_epoch=position.epoch,
            epochs=training.epochs,
            steps_per_epoch=setup.steps,
            shuffle=False,
            verbose=0,
            callbacks=[*setup.releases, selection, probe, *measured, recorder, *more],
        )
    return observers
