"""The same training with each input alone: what the inputs can tell, beside what the model takes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from recipes.runs.run import Run
from recipes.runs.trained import CHECKPOINT
from recipes.training.encoders import unavailable
from recipes.values.schema import Recipe
from zoo.columns.assets import Assets

FOLDER = "alone"  # of a run: one run for each input
MOST_INPUTS = 6  # beyond them 2 ** M subsets, and a network of each, take too long
_OF_SEVERAL = ("steered",)  # arguments of a fusion that name an input


def has_several(assets: Assets) -> bool:
    """Tell whether it is measured what a model owes to each of its inputs.

    That is where it answers with a class to two to `MOST_INPUTS` inputs, any of which may be absent.
    """
    some = 1 < len(assets.x) <= MOST_INPUTS
    return some and bool(assets.label) and all(column.optional for column in assets.x.values())


def recipe_of(recipe: Recipe, name: str) -> Recipe:
    """Return the recipe for one input alone: its encoder, and all else the same.

    Args:
        recipe: of several inputs.
        name: of one of them.
    """
    arguments = {k: v for k, v in recipe.model.arguments.items() if k not in _OF_SEVERAL}
    encoders = arguments.get("encoders") or {}
    if encoders:
        arguments["encoders"] = {k: v for k, v in encoders.items() if k == name}
    return recipe.with_values(
        {
            "name": f"{recipe.name}-{name}",
            "task.arguments": recipe.task.arguments | {"inputs": [name]},
            "model.arguments": arguments,
            "expects": "unmeasured",
        }
    )


def train_alone(
    train: Callable[..., Run], recipe: Recipe, folder: Path, names: tuple[str, ...], **how: Any
) -> dict[str, Run]:
    """Train each input alone, into FOLDER/alone/NAME; those that are finished are only loaded.

    Args:
        train: `recipes.training.train.train`.
        recipe: of all inputs.
        folder: of the run.
        names: of the inputs.
        **how: of `train`.

    Returns:
        The runs by input; none, and a note says so, where encoders begin with weights that were there
        when the run of all inputs began, and are no longer.
    """
    from recipes.training.progress import show_notes

    begun = {name for name in names if (folder / FOLDER / name / CHECKPOINT).is_file()}
    gone = {n: w for n, w in unavailable(recipe).items() if n in set(names) - begun}
    if gone:
        told = ", ".join(gone.values())
        show_notes([f"Nothing was trained with one input alone: {told} cannot be loaded."])
        return {}
    runs = {}
    for name in names:
        if how["progress"]:
            show_notes([f"{name} alone, to compare with"])
        place = folder / FOLDER / name
        runs[name] = train(recipe_of(recipe, name), run_dir=place, resume=place.exists(), **how)
    if runs and how["progress"]:
        show_notes(["what the model owes to each input is measured now"])
    return runs
