"""The recipe, field by field, and the presets, from the schema and the knobs' docstring."""

import ast
import inspect
import io
import re
import tokenize
from collections.abc import Mapping
from typing import Any

from recipes.values import schema, sections
from recipes.values.schema import Recipe
from recipes.values.sections import OPTIMIZERS
from zoo import regularization
from zoo.automatic_preset import RULES
from zoo.docs.tables import table
from zoo.errors import nearest
from zoo.regularization import PRESETS, Regularization

# Fields without a comment in the schema; a description or comment there takes precedence.
MEANINGS = {
    "Recipe.format": "version of the file's format",
    "Recipe.name": "path of the file below `recipes/`, without `.yaml`; also names runs",
    "Recipe.summary": "one sentence",
    "Recipe.task": "the section `task`",
    "Recipe.data": "the section `data`",
    "Recipe.model": "the section `model`",
    "Recipe.regularization": "the section `regularization`",
    "Recipe.optimizer": "the section `optimizer`",
    "Recipe.schedule": "the section `schedule`",
    "Recipe.training": "the section `training`",
    "Recipe.initialization": "the section `initialization`; null starts from random numbers",
    "Recipe.expects": "the section `expects`; written by `python -m recipes.records.publish`",
    "TaskValues.name": "a task of the catalog",
    "TaskValues.arguments": "arguments of the task, by name",
    "DataValues.name": "a dataset of the catalog, a TFDS name, or the path of a folder or table",
    "DataValues.arguments": "arguments of the loader, by name",
    "DataValues.split_seed": "seed of the validation split, and of a test split if one is drawn",
    "DataValues.validation_fraction": "share taken from train if there is no validation split",
    "ModelValues.name": "a model of the catalog; `zoo list` shows them",
    "ModelValues.arguments": "arguments of the builder, by name; `zoo info MODEL` lists them",
    "RegularizationValues.preset": "values for all knobs at once, by modality and optimizer; "
    "`auto`: chosen from the data when training begins",
    "OptimizerValues.name": "a Keras optimizer",
    "OptimizerValues.arguments": "arguments of the optimizer, by Keras' names; listed below",
    "ScheduleValues.name": "the shape of the learning rate over training",
    "TrainingValues.epochs": "number of epochs, of `steps_per_epoch` steps each",
    "TrainingValues.batch_size": "examples per step; `auto`: chosen by a pilot before training begins",
    "TrainingValues.precision": "number format of the computation; weights and loss stay float32",
    "TrainingValues.seed": "seed of initial weights, order, augmentation and dropout",
    "InitializationValues.backbone_rate": "the backbone's share of the learning rate, after that",
    "Expects.metric": "the task's deciding metric, on the test split",
    "Expects.mean": "mean of `values`",
    "Expects.high": "upper end of that interval",
    "Expects.hardware": "processor and cores of the record",
    "Expects.data_fingerprint": "fingerprint over every example of the data",
    "Expects.versions": "versions of the packages of the record",
}


def recipe_fields() -> str:
    """Return one table per section of the recipe: field, type, default, meaning."""
    whole = Recipe.model_json_schema()
    definitions = whole["$defs"]
    parts = ["### The recipe", _section("Recipe", whole, definitions)]
    for name, facts in whole["properties"].items():
        inside = _reference(facts)
        if inside:
            parts += [f"### {name}", _as_yaml(definitions[inside]["description"])]
            parts += [_section(inside, definitions[inside], definitions)]
    return "\n\n".join(parts)


def _section(owner: str, facts: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    knobs, comments = knob_meanings(), _comments(owner)
    rows = []
    for name, field in facts["properties"].items():
        meaning = (
            field.get("description")
            or comments.get(name)
            or MEANINGS.get(f"{owner}.{name}")
            or (knobs.get(name) if owner == "RegularizationValues" else None)
        )
        if meaning is None:
            near = nearest(f"{owner}.{name}", MEANINGS)
            raise ValueError(f"{owner}.{name} has no description in the schema; nearest: {near}")
        default = _default(owner, name, field, facts)
        rows.append((f"`{name}`", type_of(field), default, _as_yaml(meaning)))
    return table(("field", "type", "default", "meaning"), rows)


def _as_yaml(text: str) -> str:
    return re.sub(r"\bNone\b", "null", text)


def _default(owner: str, name: str, field: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    if name in facts.get("required", ()):
        return "must be given"
    if owner == "RegularizationValues" and field["default"] is None:
        return "the preset's"
    if isinstance(field["default"], dict) and field["default"]:
        return "its defaults"
    default = field["default"]
    return "`null`" if default is None else f"`{str(default).lower()}`"


def _reference(field: Mapping[str, Any]) -> str | None:
    for option in (field, *field.get("anyOf", ())):
        if "$ref" in option:
            return option["$ref"].rpartition("/")[2]
    return None


def type_of(field: Mapping[str, Any]) -> str:
    """Return a JSON schema's type and range in words.

    >>> type_of({"type": "integer", "minimum": 1})
    'whole number, ≥ 1'
    """
    if "anyOf" in field:
        names = dict.fromkeys(type_of(option) for option in field["anyOf"])
        if "number" in names:
            names.pop("whole number", None)
        return " or ".join(names)
    if _reference(field):
        return "section"
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    words = {
        "integer": "whole number",
        "number": "number",
        "string": "text",
        "boolean": "true or false",
        "null": "`null`",
        "object": "values by name",
    }
    if field["type"] == "array":
        return f"list of: {type_of(field['items'])}"
    bounds = [
        f"{sign} {field[key]:,}"
        for key, sign in (
            ("minimum", "≥"),
            ("exclusiveMinimum", ">"),
            ("maximum", "≤"),
            ("exclusiveMaximum", "<"),
        )
        if key in field
    ]
    return ", ".join([words[field["type"]], *bounds])


def knob_meanings() -> dict[str, str]:
    """Return what each regularization knob does, from the docstring of `Regularization`."""
    text = inspect.getdoc(Regularization).partition("Attributes:\n")[2]
    entries = re.findall(r"^ {4}(\w[\w, ]*): (.*(?:\n {8}.*)*)", text, re.MULTILINE)
    return {
        name: " ".join(meaning.split()).removesuffix(".")
        for names, meaning in entries
        for name in names.split(", ")
    }


def _comments(owner: str) -> dict[str, str]:
    """Return the comment on each field's lines in the schema."""
    source = inspect.getsource(sections) + inspect.getsource(schema)
    comments = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    return {
        node.target.id: comments[line]
        for body in ast.walk(ast.parse(source))
        if isinstance(body, ast.ClassDef) and body.name == owner
        for node in body.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
        for line in range(node.lineno, node.end_lineno + 1)
        if line in comments
    }


def optimizers() -> str:
    """Return the optimizers with their arguments."""
    rows = [
        (f"`{name}`", ", ".join(f"`{argument}`" for argument in arguments))
        for name, arguments in OPTIMIZERS.items()
    ]
    return table(("`optimizer.name`", "`optimizer.arguments`"), rows)


def presets() -> str:
    """Return a table per modality: what each preset sets, where it differs from off."""
    off = Regularization().to_dict()
    meanings = knob_meanings()
    parts = []
    for modality in regularization.MODALITIES:
        values = {
            preset: regularization.resolve(preset, modality=modality, optimizer="adamw").to_dict()
            | {"l2": regularization.resolve(preset, modality=modality, optimizer="sgd").l2}
            for preset in PRESETS
        }
        rows = [
            (f"`{knob}`", *(_value(values[preset][knob], off[knob]) for preset in PRESETS))
            for knob in meanings
            if any(values[preset][knob] != off[knob] for preset in PRESETS)
        ]
        parts += [f"### {modality.capitalize()}", table(("knob", *PRESETS), rows)]
    return "\n\n".join(parts)


def preset_rules() -> str:
    """Return the rules by which "auto" is chosen, in their order."""
    rows = [
        (str(number), rule.when, f"`{rule.preset}`", rule.reason)
        for number, rule in enumerate(RULES, start=1)
    ]
    return table(("", "training", "preset", "why"), rows)


def _value(value: Any, off: Any) -> str:
    if value == off:
        return "–"
    return f"{str(value).lower() if isinstance(value, bool) else value}"
