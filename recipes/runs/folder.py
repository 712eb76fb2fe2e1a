"""The folder of a run: free, or holding this same run; locked while it trains."""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from recipes.runs.splits import METRICS, skip_flag
from recipes.runs.trained import CHECKPOINT, RECIPE, check_unedited, checkpoint_state
from recipes.values.load import load_recipe
from recipes.values.schema import Recipe
from zoo.errors import Interrupted, RunError, command
from zoo.files import as_path, locked, make_folder, reserve

if TYPE_CHECKING:
    from recipes.training.callbacks import Recorder


@contextlib.contextmanager
def claimed(recipe: Recipe, run_dir: str | Path | None, *, resume: bool) -> Iterator[Path]:
    """Lock the folder of a run for this process; an empty folder is removed again.

    Args:
        recipe: what is trained.
        run_dir: the folder; None reserves the next free "runs/NAME-N".
        resume: the folder may already hold this run.

    Raises:
        RunError: another process works in it, or as `check_folder`.
        MachineError: the folder cannot be made or locked.
    """
    parent = Path("runs")
    made: list[Path] = []
    try:
        if run_dir is None:
            made += make_folder(parent)
            folder = reserve(parent, recipe.name.replace("/", "-"))
            made.insert(0, folder)
        else:
            folder = as_path(run_dir)
            if not folder.is_dir():
                check_folder(folder, recipe, resume=resume)  # it may be a file
            made += make_folder(folder)
        with locked(folder):
            check_folder(folder, recipe, resume=resume)
            yield folder
    finally:
        for path in made:
            with contextlib.suppress(OSError):  # it holds a run now
                path.rmdir()


def check_folder(folder: Path, recipe: Recipe, *, resume: bool) -> None:
    """Check that the run directory is free, or holds this same run when resuming; write nothing.

    Raises:
        RunError: other files are in it, or another run.
    """
    old = folder / RECIPE
    check_free(folder, begun=old.exists(), resume=resume, what="run", option="--run-dir")
    if old.exists():
        before = load_recipe(old)
        if before.resolved() | {"expects": None} != recipe.resolved() | {"expects": None}:
            raise RunError(
                f"{folder} holds a run with values other than those given now.",
                expected="the recipe and overrides that it was started with",
                fix=resume_command(folder),
            )


def check_free(folder: Path, *, begun: bool, resume: bool, what: str, option: str) -> None:
    """Check that a folder is free for a run or a study, or holds one that is to be resumed.

    Args:
        folder: may be missing.
        begun: it holds a run, or a study.
        resume: what is there is to be continued.
        what: "run" or "study", for the message.
        option: that names the folder on the command line, for the message.

    Raises:
        RunError: it is a file, it is taken, or other files are in it.
    """
    if folder.exists() and not folder.is_dir():
        raise RunError(
            f"{folder} is a file; a {what} needs a folder there.",
            fix=f"move the file away, or give another folder with {option}",
        )
    if begun and not resume:
        raise RunError(
            f"{folder} already holds a {what}.",
            fix=f"add --resume to continue it, or give another folder with {option}",
        )
    if not begun and any(not path.name.startswith(".") for path in folder.glob("*")):
        raise RunError(
            f"{folder} holds other files; nothing was written.",
            expected="an empty or new folder",
            fix=f"give another folder with {option}",
        )


def run_to_continue(folder: Path) -> Recipe:
    """Return the recipe of a run that has a checkpoint to continue from.

    Raises:
        RunError: the folder holds no such run, or its recipe was edited; or it is a linear probe.
    """
    if (folder / METRICS).is_file() and (folder / RECIPE).is_file():
        _refuse_probe(folder, load_recipe(folder / RECIPE))
    missing = [name for name in (Path(RECIPE), CHECKPOINT) if not (folder / name).is_file()]
    if missing:
        raise RunError(
            f"{folder} has no {missing[0]}: it is not a run that can be continued.",
            expected="the folder of a run with its checkpoints",
            fix="give the folder that `zoo train` named: zoo train RUN --continue training.epochs=N",
        )
    check_unedited(folder)
    return load_recipe(folder / RECIPE)


def _refuse_probe(folder: Path, recipe: Recipe) -> None:
    """Refuse a run without epochs, whose head was only fitted on features."""
    if recipe.training.epochs:
        return
    raise RunError(
        f"{folder} is a linear probe: it has no epochs to continue.",
        expected="a run with at least one epoch",
        fix=command("zoo", "finetune", recipe.initialization.weights, "--data", recipe.data.name)
        + " trains the whole model, and begins with the same head",
    )


def check_continuation(folder: Path, recipe: Recipe) -> None:
    """Check that a recipe continues a run: the same values, and more epochs than are done.

    Raises:
        RunError: other values differ, or there is nothing left to train.
    """
    before, done = load_recipe(folder / RECIPE), checkpoint_state(folder)["epoch"]
    epochs = {"training.epochs": recipe.training.epochs}
    if before.with_values(epochs).resolved() != recipe.with_values(epochs).resolved():
        raise RunError(
            f"{folder} was trained with values other than those given now.",
            expected="only training.epochs to differ",
            fix="start from its weights with other values: zoo finetune, or train again",
        )
    if recipe.training.epochs <= max(done, before.training.epochs):
        raise RunError(
            f"{folder} is a run of {before.training.epochs} epochs, of which {done} are done; "
            f"training.epochs is {recipe.training.epochs}.",
            expected=f"training.epochs above {before.training.epochs}",
            fix=command("zoo", "train", folder, "--continue", *skip_flag(folder))
            + f" training.epochs={before.training.epochs * 2}"
            if done >= before.training.epochs
            else f"{resume_command(folder)} trains what is left",
        )


def resume_command(folder: Path) -> str:
    """Return the command that continues a run."""
    flags = ("--resume", *skip_flag(folder))
    return command("zoo", "train", folder / RECIPE, "--run-dir", folder, *flags)


@contextlib.contextmanager
def stopping_hint(
    folder: Path, *, holds: str | None = None, again: str | None = None
) -> Iterator[None]:
    """On Ctrl-C, say what the folder holds and how to continue.

    Args:
        folder: of a run or a study.
        holds: what is kept in it; by default how far the checkpoint of a run goes.
        again: the command that continues; `resume_command` by default.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(
            f"Stopped. {folder} holds {holds or _progress_in(folder)}.",
            fix=f"continue with: {again or resume_command(folder)}",
        ) from None


def _progress_in(folder: Path) -> str:
    state = checkpoint_state(folder)
    if not state:
        return "no checkpoint yet: --resume starts again"
    step = state.get("step", 0)
    return f"the run up to epoch {state['epoch'] + bool(step)}" + (f", step {step}" if step else "")


@contextlib.contextmanager
def stopping(folder: Path, recorder: "Recorder") -> Iterator[None]:
    """Let the first Ctrl-C end the step under way and write a checkpoint; a second stops at once.

    An interrupt that Python raises anywhere would leave weights of which nobody knows the step. Where
    Ctrl-C is handled otherwise, as in a worker of a study, that stays.

    Args:
        folder: of the run.
        recorder: writes the checkpoint and ends the training.
    """
    with stopping_hint(folder):
        if (
            threading.current_thread() is not threading.main_thread()
            or signal.getsignal(signal.SIGINT) is not signal.default_int_handler
        ):
            yield
            return

        def ask(number: int, frame: object) -> None:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            recorder.stop_asked = True
            os.write(2, b"\nStopping after this step; Ctrl-C again stops at once.\n")

        signal.signal(signal.SIGINT, ask)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)
