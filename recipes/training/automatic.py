"""The preset of a recipe that leaves its choice to kerazoo: chosen once, before the first step."""

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from recipes.objects import builder_arguments, make_task
from recipes.training.optimizer import steps_per_epoch
from recipes.values.schema import Recipe
from zoo import registry
from zoo.automatic_preset import Facts, automatic_preset
from zoo.columns.assets import Assets
from zoo.complexity import shapes_only
from zoo.composition import assemble
from zoo.tasks.base import Task

if TYPE_CHECKING:
    from zoo.data.dataset import Dataset


def with_chosen_preset(
    recipe: Recipe, task: Task, assets: Assets, dataset: "Dataset"
) -> tuple[Recipe, Task, "Dataset"]:
    """Return the recipe with the preset that fits, its task, and the data with a note that says why.

    Everything but the preset stays as it is, so that knobs of the recipe override the one chosen.
    Where the recipe names a preset, all are returned as they were.

    Args:
        recipe: what is trained.
        task: of `recipe.provisional()`.
        assets: fitted on train.
        dataset: what it is trained on.
    """
    if recipe.provisional() is recipe:
        return recipe, task, dataset
    preset, why = automatic_preset(facts_of(recipe, task, assets, dataset))
    recipe = recipe.with_values({"regularization.preset": preset})
    return recipe, make_task(recipe), replace(dataset, notes=(*dataset.notes, why))


def facts_of(recipe: Recipe, task: Task, assets: Assets, dataset: "Dataset") -> Facts:
    """Return what the rules look at; the model is built without its numbers, to count them.

    Args:
        recipe, task, assets, dataset: of `with_chosen_preset`.
    """
    values, card = recipe.training, registry.model_card(recipe.model.name)
    with shapes_only():  # no random number is drawn for a weight
        model = assemble(card, task, assets, arguments=builder_arguments(recipe.provisional()))
    examples = len(task.units(dataset.splits["train"], assets, training=True))
    steps = values.epochs * steps_per_epoch(recipe, examples=examples)
    shapes = [column.specs()[""].shape for column in assets.x.values() if column.has_pixels]
    return Facts(
        examples=examples,
        parameters=sum(math.prod(variable.shape) for variable in model.trainable_weights),
        passes=steps * values.batch_size / examples,
        updates=steps // values.accumulate_steps,
        modality=card.modality,
        one_class=bool(assets.label),
        pretrained=recipe.initialization is not None,
        image_side=min((min(shape[:2]) for shape in shapes if None not in shape), default=None),
    )
