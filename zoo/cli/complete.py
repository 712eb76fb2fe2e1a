"""Names for the shell's completion; nothing here loads Keras.

Where a list comes back empty the shell completes file names, which every target may be as well.
"""

from collections.abc import Iterable

from zoo import registry


def models(incomplete: str) -> list[str]:
    """Complete a model's name."""
    return _starting(incomplete, registry.MODELS)


def datasets(incomplete: str) -> list[str]:
    """Complete the name of a dataset in the catalog."""
    return _starting(incomplete, (card.name for card in registry.list_datasets()))


def recipes(incomplete: str) -> list[str]:
    """Complete a recipe's name."""
    from recipes.values.load import recipe_names

    return _starting(incomplete, recipe_names())


def targets(incomplete: str) -> list[str]:
    """Complete what `load` takes: a weight's or a recipe's name."""
    return _starting(incomplete, registry.weight_cards()) + recipes(incomplete)


def _starting(incomplete: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
