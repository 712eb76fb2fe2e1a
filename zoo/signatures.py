"""The arguments of a builder with their types and defaults, as recipes write them."""

import ast
import importlib.util
import inspect
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from zoo.cards import ModelCard

_SHAPES = ("input_shape", "input_shapes")  # arguments that the data gives


def declared(card: ModelCard) -> dict[str, dict[str, Any]] | None:
    """Return what `signed` does, read from the source of a module that is not imported yet.

    None where the module is imported, has no source, or the builder is not a plain function with
    literal defaults.
    """
    module, _, name = card.builder.partition(":")
    spec = None if module in sys.modules else importlib.util.find_spec(module)
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        return None
    body = ast.parse(Path(spec.origin).read_text(encoding="utf-8")).body
    for node in body:
        if isinstance(node, ast.FunctionDef) and node.name == name and not node.args.args:
            pairs = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
            try:
                values = {
                    argument.arg: {
                        "type": _written(ast.unparse(argument.annotation))
                        if argument.annotation
                        else "",
                        "default": card.arguments.get(
                            argument.arg, None if default is None else ast.literal_eval(default)
                        ),
                    }
                    for argument, default in pairs
                    if argument.arg not in _SHAPES
                }
            except ValueError:  # a default that is computed
                return None
            return json.loads(json.dumps(values))
    return None


def signed(card: ModelCard, builder: Callable[..., Any]) -> dict[str, dict[str, Any]]:
    """Return the builder's arguments with their types and the card's defaults, as JSON values."""
    parameters = inspect.signature(builder).parameters.values()
    values = {
        p.name: {
            "type": _written(
                inspect.formatannotation(p.annotation).removeprefix("collections.abc.")
            ),
            "default": card.arguments.get(p.name, None if p.default is p.empty else p.default),
        }
        for p in parameters
        if p.name not in _SHAPES
    }
    return json.loads(json.dumps(values))  # tuples become lists


def _written(annotation: str) -> str:
    """Return the type of an argument as a recipe writes it: encoders are named, and built from that.

    >>> _written("Mapping[str, zoo.heads.towers.Encoder]")
    'Mapping[str, str | Mapping[str, Any]]'
    """
    return re.sub(r"([a-z]+\.)*Encoder\b", "str | Mapping[str, Any]", annotation)
