"""The same training with each input alone: what the inputs can tell, beside what the model takes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from recipes.runs.run import Run
from recipes.values.schema import Recipe
from zoo.columns.assets import Assets

FOLDER = "alone"  # of a run: one run for each input
_OF_SEVERAL = ("steered",)  # arguments of a fusion that name an input


def has_several(assets: Assets) -> bool:
    """Tell whether a model answers with a class to several inputs, any of which may be absent."""
    return len(assets.x) > 1 and bool(assets.label) and all(c.optional for c in assets.x.values())


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
    """
    from recipes.training.progress import show_notes

    runs = {}
    for name in names:
        if how["progress"]:
            show_notes([f"{name} alone, to compare with"])
        place = folder / FOLDER / name
        runs[name] = train(recipe_of(recipe, name), run_dir=place, resume=place.exists(), **how)
    return runs
