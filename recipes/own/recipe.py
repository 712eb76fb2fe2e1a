"""The recipe that trains what `zoo.train` is given: a name, a file, or a Keras model."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from recipes.values.load import load_recipe, parse_overrides, with_keywords
from recipes.values.schema import Recipe
from zoo.errors import ArgumentError
from zoo.files import as_path

EPOCHS = 10  # where none are given
_FOR = {"data": "on", "task": "for"}


def recipe_from(
    source: Any, overrides: Sequence[str], values: Mapping[str, Any], function: Callable
) -> Recipe:
    """Return the recipe of a name, a file or a Keras model, with fields set.

    Args:
        source: as `recipes.values.load.load_recipe` takes it, or a model.
        overrides: "key=value" texts.
        values: fields by dotted path; with a model, `data` and `task` by name as well.
        function: whose keyword arguments they are.

    Raises:
        ArgumentError: the model cannot be trained by a recipe, or says not on what.
    """
    if isinstance(source, str | Path | Recipe):
        return with_keywords(load_recipe(source, *overrides), values, function)
    import keras

    from recipes.own.model import remembered

    if not isinstance(source, keras.Model):
        raise ArgumentError(
            f"{source!r:.80} is neither a recipe nor a Keras model.",
            expected="a recipe's name, a YAML file, a Recipe, or a keras.Model",
            fix='zoo.train("image/digits-cnn"), or zoo.train(model, data="digits", task="…")',
        )
    rest = dict(values)
    data, task = (_section(rest, name) for name in ("data", "task"))
    card = remembered(source, task, data)
    recipe = Recipe.parse(
        {
            "name": f"{card.modality}/{_word(Path(data['name']).stem)}-{_word(card.family)}",
            "summary": f"{card.family}, a Keras model, on {data['name']}.",
            "task": task,
            "data": data,
            "model": {"name": card.name},
            "training": {"epochs": EPOCHS},
        },
        source="the model",
    )
    recipe = recipe.with_values(parse_overrides(overrides)) if overrides else recipe
    return with_keywords(recipe, rest, function)


def folder_of_run(source: Any) -> Path:
    """Return the folder of the run that is to be continued.

    Raises:
        ArgumentError: it is a model or a recipe.
    """
    if isinstance(source, str | Path):
        return as_path(source)
    raise ArgumentError(
        f"{source!r:.80} cannot be continued.",
        expected="the folder of a run",
        fix='zoo.train("runs/NAME-1", continue_run=True, **{"training.epochs": …})',
    )


def _section(values: dict[str, Any], name: str) -> dict[str, Any]:
    """Take a section of the recipe out of keyword arguments: a name, or values by field."""
    given = values.pop(name, None)
    found = {"name": str(given)} if isinstance(given, str | Path) else given
    if not isinstance(found, Mapping) or not isinstance(found.get("name"), str):
        raise ArgumentError(
            f"{name}={given!r:.60} does not say what a Keras model is trained {_FOR[name]}.",
            expected=f"the name of a {'task' if name == 'task' else 'data set, folder or table'}",
            fix='zoo.train(model, data="digits", task="image_classification")',
        )
    return dict(found)


def _word(text: str) -> str:
    return re.sub(r"[^\w.-]+", "_", text)
