"""Weights of examples in training: a target beside the task's own, which only its loss reads."""

from dataclasses import replace

from recipes.values.schema import Recipe
from zoo.columns import WEIGHT, Weight
from zoo.columns.assets import Assets
from zoo.data.dataset import Split
from zoo.errors import RecipeError
from zoo.tasks.any_input import AnyInput
from zoo.tasks.base import Task
from zoo.tasks.classification import Classification


def with_weights(assets: Assets, task: Task, recipe: Recipe, train: Split) -> Assets:
    """Return the columns that training encodes: those of the task, and the weight where there is one.

    A run does not keep the weight, since validation, prediction and metrics do without.

    Args:
        assets: of the task.
        task: whose loss takes the weights.
        recipe: of the run.
        train: what is trained on.

    Raises:
        RecipeError: the task's loss takes no weights, or examples are mixed.
        DataError: every weight of the train split is 0.
    """
    if WEIGHT not in train.columns:
        return assets
    field = "data.arguments.weight_column"
    if recipe.training.group_weights is not None:
        field = "training.group_weights"
    name = field.rpartition(".")[2]
    expected = "a classification, multi-label classification or regression without mixing"
    if not isinstance(task, Classification | AnyInput):
        raise RecipeError(
            f"{name} weighs examples; the loss of {task.name} takes no weights.",
            expected=expected,
            fix=f"leave {field} out",
        )
    values = recipe.regularization_values()
    mixing = [name for name in ("mixup_alpha", "cutmix_alpha") if getattr(values, name)]
    if mixing:
        raise RecipeError(
            f"{mixing[0]} mixes examples, which have weights of their own ({name}).",
            expected=expected,
            fix=f"set regularization.{mixing[0]}=0, or leave {field} out",
        )
    fitted = Weight().fit(train.columns[WEIGHT])
    return replace(assets, y={**assets.y, WEIGHT: fitted})
