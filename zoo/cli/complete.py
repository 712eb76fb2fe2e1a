"""Names for the shell's completion; nothing here loads Keras.

Where a list comes back empty the shell completes file names, which every target may be as well.
"""

from collections.abc import Iterable

import typer

from zoo import registry
from zoo.errors import ZooError


def models_and_weights(incomplete: str) -> list[str]:
    """Complete the name of a model or of a shipped weight."""
    return _starting(incomplete, (*registry.MODELS, *_weights()))


def models_and_pretrained(incomplete: str) -> list[str]:
    """Complete the name of a model, or of a weight that others published."""
    return _starting(incomplete, (*registry.MODELS, *registry.pretrained_cards()))


def pretrained(incomplete: str) -> list[str]:
    """Complete the name of a weight that others trained, or of one in the cache."""
    from zoo.pretrained import cache

    return _starting(incomplete, sorted({*registry.pretrained_cards(), *cache.names()}))


def datasets(incomplete: str) -> list[str]:
    """Complete the name of a dataset in the catalog."""
    return _starting(incomplete, (card.name for card in registry.list_datasets()))


def recipes(incomplete: str) -> list[str]:
    """Complete a recipe's name."""
    from recipes.values.load import recipe_names

    return _starting(incomplete, recipe_names())


def targets(incomplete: str) -> list[str]:
    """Complete what `load` takes: a weight's or a recipe's name."""
    return _starting(incomplete, _weights()) + recipes(incomplete)


def _weights() -> list[str]:
    return [*registry.weight_cards(), *registry.pretrained_cards()]


def formats(incomplete: str) -> list[str]:
    """Complete the name of an export format."""
    return _starting(incomplete, ("saved_model", "onnx", "litert"))


def overrides(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete the key of an override, up to its equals sign; its value is the user's own.

    The arguments of model, task and optimizer are those of the recipe on the command line.
    """
    from recipes.values.load import load_recipe
    from recipes.values.schema import Recipe
    from recipes.values.sections import OPTIMIZERS

    keys = []
    for name, field in Recipe.model_fields.items():
        section = getattr(field.annotation, "model_fields", None)
        keys += [f"{name}.{inner}" for inner in section] if section else [name]
    keys.remove("expects")  # a record, which no override should change
    given = ctx.params.get("recipe") or ctx.params.get("name") or ""
    try:
        recipe = load_recipe(given)
    except (ZooError, OSError):  # not typed yet, or not a recipe
        return _starting(incomplete, [f"{key}=" for key in keys])
    arguments = {
        "model": registry.measured()[recipe.model.name]["arguments"],
        "task": registry.task_card(recipe.task.name).arguments,
        "optimizer": OPTIMIZERS[recipe.optimizer.name],
    }
    keys += [f"{section}.arguments.{name}" for section in arguments for name in arguments[section]]
    return _starting(incomplete, [f"{key}=" for key in keys])


def _starting(incomplete: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
