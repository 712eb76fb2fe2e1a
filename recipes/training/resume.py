"""Continue a run: from its last checkpoint, or for more epochs in a new folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras

from recipes.runs.splits import skip_flag
from recipes.runs.trained import (
    CHECKPOINT,
    RECIPE,
    check_unedited,
    checkpoint_state,
    trained_values,
    write_recipe,
)
from recipes.training.checkpoint import Midway, load_checkpoint, save_checkpoint
from recipes.training.optimizer import make_optimizer
from recipes.values.load import dump_yaml, load_recipe
from recipes.values.schema import Recipe
from zoo.errors import RunError, command
from zoo.files import locked
from zoo.tensor_files import read_tensors, write_tensors

if TYPE_CHECKING:
    from recipes.diagnosis.probe import Probe
    from recipes.training.callbacks import Recorder, Selection
    from recipes.training.setup import Setup

_SAMPLES = 200  # steps at which two schedules are compared


@dataclass(frozen=True)
class Position:
    """How far a run is: whole epochs, and steps of the next with their state."""

    epoch: int = 0
    step: int = 0
    midway: Midway | None = None


def restore(
    setup: "Setup",
    folder: Path,
    recorder: "Recorder",
    probe: "Probe",
    selection: "Selection",
    *,
    shown: bool = False,
) -> tuple[Position, dict[str, Any]]:
    """Put the last checkpoint back, if there is one; return how far it goes, and its state.

    With `shown`, the place is printed.

    Raises:
        RunError: recipe or data have changed since it was written.
    """
    for part in folder.rglob(".*.part"):  # what a killed process was writing
        part.unlink()
    if not (folder / CHECKPOINT).exists():
        _tell("There is no checkpoint yet: training starts again at epoch 1.", shown=shown)
        return Position(), {}
    check_unedited(folder)
    setup.enter(checkpoint_state(folder).get("epoch", 0))  # slots are those of what is trained
    state, midway = load_checkpoint(folder / CHECKPOINT, setup.model)
    _check_data(setup, state, folder)
    recorder.history[:], probe.records[:] = state["history"], state["records"]
    selection.state = state["selection"]
    if midway:
        recorder.passed_over, recorder.seconds_before = state["step"], state["seconds"]
        probe.began = dict(midway.began)
    recorder.rewrite()  # the process may have died between checkpoint and logs
    position = Position(state["epoch"], state.get("step", 0), midway)
    place = f"after {position.epoch} of {setup.recipe.training.epochs} epochs"
    step = f" and {position.step} of {setup.steps} steps" if position.step else ""
    _tell(f"The checkpoint goes on {place}{step}.", shown=shown)
    return position, state


def _tell(note: str, *, shown: bool) -> None:
    from recipes.training.progress import show_notes

    show_notes([note] if shown else ())


def begin_where(source: Path, setup: "Setup", folder: Path) -> None:
    """Start a run where another ended, to train it for more epochs.

    The recipe file is written last: without it nobody can resume the folder by mistake.

    Args:
        source: folder of the run to continue; it is not changed.
        setup: of the longer recipe, which differs from the source's only in `training.epochs`.
        folder: of the new run.

    Raises:
        RunError: the source stopped early, or a longer run would have differed from it in its learning
            rates or its optimizer from the beginning.
    """
    before = load_recipe(source / RECIPE)
    with locked(source):
        setup.enter(checkpoint_state(source).get("epoch", 0))
        state, midway = load_checkpoint(source / CHECKPOINT, setup.model)
        _check_data(setup, state, source)
        _check_course(setup, before, state, source)
        best = (source / CHECKPOINT).with_name("best.safetensors")
        if best.exists():
            tensors, metadata = read_tensors(best)
            copy = (folder / CHECKPOINT).with_name(best.name)
            write_tensors(copy, tensors, metadata=metadata)
    text = dump_yaml(setup.recipe.resolved())
    state["recipe"] = trained_values(text, source=RECIPE)
    state["origin"] = {"run": str(source.absolute()), "steps": _steps_done(setup, state)}
    save_checkpoint(folder / CHECKPOINT, setup.model, state, midway=midway)
    write_recipe(folder, setup.recipe)


def _steps_done(setup: "Setup", state: dict[str, Any]) -> int:
    return state["epoch"] * setup.steps + state.get("step", 0)


def _check_data(setup: "Setup", state: dict[str, Any], folder: Path) -> None:
    if state["data_fingerprint"] != setup.fingerprint:
        raise RunError(
            f"The data of {setup.recipe.data.name} has changed since the run in {folder} began.",
            expected=f"fingerprint {state['data_fingerprint']}, not {setup.fingerprint}",
            fix="put the data back as it was, or train again in another folder",
        )


def _check_course(setup: "Setup", before: Recipe, state: dict[str, Any], source: Path) -> None:
    """Refuse to continue a run where a longer one would have differed from the beginning."""
    recipe = setup.recipe
    epochs = f"training.epochs={recipe.training.epochs}"
    anew = "train again: " + command("zoo", "train", source / RECIPE, epochs, *skip_flag(source))
    stopped = state["selection"]["stopped"]
    if stopped:
        raise RunError(
            f"{source} stopped after {state['epoch']} epochs ({stopped}); "
            "with more epochs it would have stopped there too.",
            expected="a run that ended at its last epoch, or was interrupted",
            fix="train again with regularization.early_stopping_patience=0"
            if stopped == "early stopping"
            else "train again with a lower optimizer.learning_rate",
        )
    done = _steps_done(setup, state)
    then, now = (_course(r, steps_per_epoch=setup.steps, done=done) for r in (before, recipe))
    if then[0] != now[0]:
        raise RunError(
            f"The learning rates of {source} so far are not those of {recipe.training.epochs} "
            f"epochs: {recipe.schedule.name} depends on the number of epochs.",
            expected="schedule.name: constant, step or inverse_sqrt",
            fix=anew,
        )
    if then[1] != now[1]:
        raise RunError(
            f"The optimizer of {source} depends on the number of epochs: "
            f"{_different(then[1], now[1])}.",
            expected="settings that are the same for "
            f"{before.training.epochs} and {recipe.training.epochs} epochs",
            fix=anew,
        )


def _course(recipe: Recipe, *, steps_per_epoch: int, done: int) -> tuple[list[float], dict]:
    """Return the learning rates of the updates in `done` steps, or a sample, and the settings."""
    value = keras.Input((1,))
    model = keras.Model(value, keras.layers.Dense(1)(value))
    optimizer = make_optimizer(
        recipe, model, recipe.regularization_values(), steps_per_epoch=steps_per_epoch
    )
    done //= recipe.training.accumulate_steps  # updates
    rates = []
    for i in range(min(done, _SAMPLES)):
        optimizer.iterations.assign(i * done // min(done, _SAMPLES))
        rates.append(float(keras.ops.convert_to_numpy(optimizer.learning_rate)))
    settings = optimizer.get_config()
    return rates, {k: v for k, v in settings.items() if k not in ("name", "learning_rate")}


def _different(then: dict[str, Any], now: dict[str, Any]) -> str:
    return ", ".join(
        f"{name} {value} would have been {now.get(name)}"
        for name, value in then.items()
        if value != now.get(name)
    )
