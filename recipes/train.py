"""Train a recipe: build, compile, Keras' own fit, evaluate, save."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from recipes.load import dump_yaml, load_recipe
from recipes.run import METRICS, RECIPE, Run, make_dataset, make_model, make_task, precision
from recipes.schema import Recipe
from zoo import devices
from zoo.errors import Interrupted, RunError
from zoo.files import write_text

EVALUATION_BATCH = 256
PROBE_EXAMPLES = 64


@dataclass(frozen=True)
class Setup:
    """All that `fit` needs, made from a recipe."""

    recipe: Recipe
    dataset: Any
    task: Any
    assets: Any
    model: Any
    train: Any  # Encoded
    validation: Any  # Encoded
    augment: Callable[..., Any] | None
    steps: int


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
        *overrides: "key=value" texts, as on the command line.
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
    recipe = load_recipe(recipe, *overrides)
    recipe = recipe.with_values(values) if values else recipe
    recipe = recipe.smoke() if smoke else recipe
    folder = _claim(Path(run_dir) if run_dir else _next_folder(recipe), recipe, resume=resume)
    if resume and (folder / METRICS).exists():
        from recipes.run import load

        return load(folder)
    device = devices.prepare(device)  # before anything else loads Keras, so that it starts quietly
    from recipes.finish import finish

    with precision(recipe):
        setup = prepare(
            recipe, device=device, data_dir=data_dir, download=download, skip_corrupt=skip_corrupt
        )
        write_text(folder / RECIPE, dump_yaml(recipe.resolved()))  # only now: all inputs are good
        recorder, probe, selection = _fit(setup, folder, resume=resume, progress=progress)
        return finish(
            setup,
            folder,
            history=recorder.history,
            records=probe.records,
            selection=selection.state,
        )


def prepare(recipe: Recipe, *, device: str = "cpu", **data_arguments: Any) -> Setup:
    """Load data, fit assets, build and compile the model: everything before `fit`.

    Args:
        recipe: what to prepare; its dtype policy must be in force.
        device: on "gpu" operations are made deterministic, which they are on a CPU.
        **data_arguments: of `recipes.run.make_dataset`.
    """
    import keras
    import tensorflow as tf

    from recipes.optimizers import make_optimizer, steps_per_epoch
    from zoo.data.pipeline import Encoded
    from zoo.layers.regularize import apply_penalties

    dataset = make_dataset(recipe, **data_arguments)
    task = make_task(recipe)
    examples = dataset.splits["train"]
    assets = task.fit(examples, features=dataset.features, classes=dataset.classes)
    keras.utils.set_random_seed(recipe.training.seed)
    if device == "gpu":
        tf.config.experimental.enable_op_determinism()
    model = make_model(recipe, task, assets)
    values = recipe.regularization_values()
    steps = steps_per_epoch(recipe, examples=len(examples))
    apply_penalties(model, values)
    model.compile(optimizer=make_optimizer(recipe, model, values, steps_per_epoch=steps))
    return Setup(
        recipe=recipe,
        dataset=dataset,
        task=task,
        assets=assets,
        model=model,
        train=Encoded(examples, task, assets),
        validation=Encoded(dataset.splits["validation"], task, assets),
        augment=_augmentation(recipe, assets),
        steps=steps,
    )


def _augmentation(recipe: Recipe, assets: Any) -> Callable[..., Any] | None:
    """Return the batch augmentation of the recipe's modality, or None where nothing is on."""
    if "image" not in assets.x:
        return None
    from zoo.data.augment.batch import image_augmentation

    return image_augmentation(recipe.regularization_values(), num_classes=len(assets.classes))


def _fit(setup: Setup, folder: Path, *, resume: bool, progress: bool) -> tuple[Any, Any, Any]:
    from recipes.callbacks import Recorder, Selection
    from recipes.checkpoint import load_checkpoint
    from recipes.diagnose import Probe
    from recipes.progress import ProgressDisplay
    from zoo.data.pipeline import training_stream

    recipe, training = setup.recipe, setup.recipe.training
    selection = Selection(
        setup.validation,
        setup.task,
        setup.assets,
        batch_size=EVALUATION_BATCH,
        best_path=folder / "checkpoints" / "best.safetensors",
        patience=recipe.regularization_values().early_stopping_patience,
    )
    probe = Probe(*setup.train.batch(np.arange(min(PROBE_EXAMPLES, len(setup.train)))))
    recorder = Recorder(
        folder,
        state=lambda: {"selection": selection.state, "records": probe.records},
        examples_per_epoch=setup.steps * training.batch_size,
    )
    first_epoch = 0
    checkpoint = folder / "checkpoints" / "last.safetensors"
    for part in folder.rglob(".*.part"):  # what a killed process was writing
        part.unlink()
    if resume and checkpoint.exists():
        state = load_checkpoint(checkpoint, setup.model)
        first_epoch, recorder.history[:] = state["epoch"], state["history"]
        selection.state, probe.records[:] = state["selection"], state["records"]
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
    with _stopping_hint(folder):
        setup.model.fit(
            stream,
            initial_epoch=first_epoch,
            epochs=training.epochs,
            steps_per_epoch=setup.steps,
            shuffle=False,
            verbose=0,
            callbacks=[selection, probe, recorder, *([display] if progress else [])],
        )
    return recorder, probe, selection


@contextlib.contextmanager
def _stopping_hint(folder: Path) -> Iterator[None]:
    """Say on Ctrl-C how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(
            f"Stopped. {folder} holds every epoch that was finished.",
            fix=f"go on with: zoo train {folder / RECIPE} --run-dir {folder} --resume",
        ) from None


def _next_folder(recipe: Recipe) -> Path:
    stem = recipe.name.replace("/", "-")
    number = 1
    while (Path("runs") / f"{stem}-{number}").exists():
        number += 1
    return Path("runs") / f"{stem}-{number}"


def _claim(folder: Path, recipe: Recipe, *, resume: bool) -> Path:
    """Check that the run directory is free, or holds this very run when resuming; write nothing."""
    folder = folder.expanduser()
    if folder.exists() and not folder.is_dir():
        raise RunError(
            f"{folder} is a file; a run needs a folder there.",
            fix="move the file away, or give another folder with --run-dir",
        )
    old = folder / RECIPE
    if old.exists() and not resume:
        raise RunError(
            f"{folder} already holds a run.",
            fix="add --resume to go on with it, or give another folder with --run-dir",
        )
    if not old.exists() and folder.is_dir() and any(folder.iterdir()):
        raise RunError(
            f"{folder} holds other files; nothing was written.",
            expected="an empty or new folder",
            fix="give another folder with --run-dir",
        )
    if old.exists():
        before = load_recipe(old)
        if before.resolved() | {"expects": None} != recipe.resolved() | {"expects": None}:
            raise RunError(
                f"{folder} holds a run of other values than were given now.",
                expected="the recipe and overrides that it was started with",
                fix=f"zoo train {old} --run-dir {folder} --resume",
            )
    return folder
