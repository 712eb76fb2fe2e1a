"""Recipes by name or path; YAML that can hold values only."""

import inspect
import re
import typing
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pydantic
import yaml

from recipes.values.architecture import adopt
from recipes.values.places import FOLDER, recipe_file, recipe_files
from recipes.values.schema import Recipe
from zoo.errors import ArgumentError, RecipeError, nearest, unknown_name
from zoo.files import as_path

EXTENDS = "extends"  # key of a file, not a field: names the recipe whose values come first
_SIZE_LIMIT_BYTES = 100_000


class _Loader(yaml.SafeLoader):
    """safe_load with 1e-3 read as a number (YAML 1.2), and without aliases and repeated keys.

    A few aliases of aliases would unfold to more than memory holds.
    """

    def compose_node(self, parent: Any, index: Any) -> yaml.Node:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.composer.ComposerError(None, None, "aliases are not values", mark)
        return super().compose_node(parent, index)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"),
    list("-+0123456789"),
)


def _mapping(loader: _Loader, node: yaml.MappingNode, deep: bool = False) -> dict:
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    seen = set()
    for key in map(repr, keys):
        if key in seen:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {key} occurs twice", node.start_mark
            )
        seen.add(key)
    return yaml.SafeLoader.construct_mapping(loader, node, deep=deep)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def parse_yaml(text: str, *, source: str) -> Any:
    """Parse YAML values; no tags, no objects.

    Raises:
        RecipeError: the text is not YAML of plain values; names the line.
    """
    try:
        return yaml.load(text, Loader=_Loader)  # a SafeLoader
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it is nested too deeply"
        raise RecipeError(
            f"{source}{where} cannot be read as YAML: {problem}.",
            expected="plain values: numbers, words, lists and sections",
            fix="compare with `zoo recipes show image/digits-cnn`",
        ) from error


def recipe_names() -> list[str]:
    """Return the names of the recipes that ship with kerazoo, or with a plug-in."""
    return list(recipe_files())


def recipe_path(name: str) -> Path:
    """Return the file of a recipe's name or of a path to a YAML file.

    Raises:
        UnknownNameError: there is neither; names the nearest.
    """
    found, path = recipe_file(name), as_path(name)
    if found:
        return found
    if path.suffix in (".yaml", ".yml") and path.is_file():
        return path
    raise unknown_name("recipe", name, recipe_names(), fix="zoo recipes list shows them")


def load_recipe(name: str | Path | Recipe, *overrides: str) -> Recipe:
    """Read a recipe and set the fields that `key=value` texts name.

    A file may extend another recipe: `extends: image/digits-cnn`, or a path as seen from the file.
    What it returns holds every value, and no trace of that.

    Args:
        name: of a shipped recipe, a YAML file, or a recipe already loaded.
        *overrides: such as "optimizer.learning_rate=3e-4".

    Raises:
        UnknownNameError: no such recipe.
        RecipeError: it is not valid, or an override is not; or recipes extend one another in a
            circle.
    """
    if isinstance(name, Recipe):
        recipe = name
    else:
        path = recipe_path(str(name))
        adopt(path.parent)
        recipe = Recipe.parse(_recipe_values(path), source=str(path))
    return recipe.with_values(parse_overrides(overrides)) if overrides else recipe


def _recipe_values(path: Path, above: tuple[Path, ...] = ()) -> dict[str, Any]:
    """Return the values of a recipe file, on top of those of the recipe that it extends.

    Args:
        path: of the file.
        above: the files that extend it, from the first one on.
    """
    if path.stat().st_size > _SIZE_LIMIT_BYTES:
        raise RecipeError(f"{path} is too large for a recipe ({path.stat().st_size} bytes).")
    values = parse_yaml(path.read_text(encoding="utf-8", errors="replace"), source=str(path))
    if not isinstance(values, dict):
        raise RecipeError(
            f"{path} holds no recipe.",
            expected="sections such as data, model, training",
            fix="start from a copy: zoo recipes copy image/digits-cnn my.yaml",
        )
    if EXTENDS not in values:
        return values
    name = values.pop(EXTENDS)
    extended = _extended_path(name, path)
    files = (*above, path)
    if extended.resolve() in [file.resolve() for file in files]:
        raise RecipeError(
            f"{' extends '.join(str(file) for file in (*files, extended))}: that is a circle.",
            expected="a recipe that does not lead back to this one",
            fix=f"write the values out in one of them, and leave {EXTENDS} out there",
        )
    parent = Recipe.parse(_recipe_values(extended, files), source=str(extended))
    if values.get("name", parent.name) == parent.name:
        raise RecipeError(
            f"{path} extends {name} and has no name of its own.",
            expected=f"a name other than {parent.name}",
            fix="add a line such as name: mine",
        )
    return _on_top(parent, values, path)


def _extended_path(name: Any, path: Path) -> Path:
    """Return the file of the recipe that another extends: a shipped one, or one beside it."""
    if str(name) in recipe_names():
        return FOLDER / f"{name}.yaml"
    beside = path.parent / as_path(str(name))
    if beside.suffix in (".yaml", ".yml") and beside.is_file():
        return beside
    fix = f"zoo recipes list shows them; a path is seen from the folder of {path}"
    raise unknown_name("recipe", str(name), recipe_names(), fix=fix)


def _on_top(parent: Recipe, values: dict[str, Any], path: Path) -> dict[str, Any]:
    """Return a recipe's values with others on top of them: those of a section field by field."""
    merged = parent.model_dump() | {"expects": "unmeasured"}  # which is of the parent alone
    changes = {}
    for key, value in values.items():
        is_section = isinstance(value, dict) and isinstance(merged.get(key), dict)
        changes |= {f"{key}.{field}": v for field, v in value.items()} if is_section else {}
        merged[key] = merged[key] | value if is_section else value
    try:
        if isinstance(merged["task"], dict):  # else the schema says that it is not a section
            parent.check_left_over(changes, merged)
    except RecipeError as error:
        raise RecipeError(
            f"{path}: {error.problem}",
            expected=error.expected,
            fix="add arguments: {} to the section, or those that it is to have",
        ) from error
    return merged


def field_paths(schema: type[pydantic.BaseModel] = Recipe, prefix: str = "") -> list[str]:
    """Return the dotted path of every field of a recipe.

    >>> field_paths()[:4]
    ['format', 'name', 'summary', 'task.name']
    """
    found = []
    for name, field in schema.model_fields.items():
        members = (field.annotation, *typing.get_args(field.annotation))
        inside = [m for m in members if isinstance(m, type) and issubclass(m, pydantic.BaseModel)]
        found += field_paths(inside[0], f"{prefix}{name}.") if inside else [f"{prefix}{name}"]
    return found


def fields_like(name: str, others: Iterable[str] = ()) -> list[str]:
    """Return the fields whose last part resembles a name, and those of `others` that do.

    >>> fields_like("epochs"), fields_like("smok", ["smoke", "resume"])
    (['training.epochs'], ['smoke'])
    """
    paths: dict[str, list[str]] = {other: [other] for other in others}
    for path in field_paths():
        paths.setdefault(path.rpartition(".")[2], []).append(path)
    return paths.get(name) or [p for near in nearest(name, paths, cutoff=0.7) for p in paths[near]]


def with_keywords(recipe: Recipe, values: Mapping[str, Any], function: Callable) -> Recipe:
    """Set the fields that were given to a function as keyword arguments besides its own.

    Raises:
        ArgumentError: neither an argument nor a field; names the nearest of both.
    """
    own = [name for name in inspect.signature(function).parameters if name != "values"]
    for name in values:
        if "." in name or name in Recipe.model_fields:
            continue
        near = fields_like(name, own)
        raise ArgumentError(
            f"{function.__name__} has no argument {name!r}, and a recipe no such field.",
            expected=f"nearest: {', '.join(near)}" if near else f"one of: {', '.join(own)}",
            fix='give a field by its path: **{"training.epochs": 3}',
        )
    return recipe.with_values(values) if values else recipe


def parse_overrides(texts: Iterable[str]) -> dict[str, Any]:
    """Read `key=value` texts; values are YAML.

    >>> parse_overrides(["optimizer.learning_rate=3e-4", "regularization.flip=false"])
    {'optimizer.learning_rate': 0.0003, 'regularization.flip': False}
    """
    changes = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise RecipeError(
                f"{text!r} is not an override.",
                expected="key=value, such as optimizer.learning_rate=3e-4",
                fix="write the field's path, an equals sign, and the value, without spaces",
            )
        changes[key.strip()] = parse_yaml(value, source=text)
    return changes


def dump_yaml(values: dict[str, Any]) -> str:
    """Write values as YAML in the order of the schema."""
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=100)
