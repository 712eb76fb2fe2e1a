"""Where a run may go: a folder that is free, or that holds this very run."""

from pathlib import Path

from recipes.runs.run import RECIPE
from recipes.values.load import load_recipe
from recipes.values.schema import Recipe
from zoo.errors import RunError


def next_folder(recipe: Recipe) -> Path:
    """Return the first of "runs/NAME-1", "runs/NAME-2" … that does not exist."""
    stem = recipe.name.replace("/", "-")
    number = 1
    while (Path("runs") / f"{stem}-{number}").exists():
        number += 1
    return Path("runs") / f"{stem}-{number}"


def check_folder(folder: Path, recipe: Recipe, *, resume: bool) -> Path:
    """Check that the run directory is free, or holds this very run when resuming; write nothing.

    Raises:
        RunError: a file is there, other files are in it, or another run.
    """
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
    strange = [path for path in folder.glob("*") if not path.name.endswith(".part")]
    if strange and not old.exists():
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
