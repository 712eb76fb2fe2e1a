"""The reference of commands, from their own signatures and docstrings."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import typer

from zoo.docs.tables import table


def commands() -> str:
    """Return a section per command: what it does, its arguments and options, examples."""
    from zoo.cli.main import app

    parts = []
    for name, command in _leaves(typer.main.get_command(app), "zoo"):
        text, examples = _split(inspect.getdoc(command.callback))
        arguments = [p for p in command.params if p.param_type_name == "argument"]
        options = [p for p in command.params if p.param_type_name == "option"]
        usage = " ".join([name, *map(_usage, arguments), *(["[OPTIONS]"] if options else [])])
        parts += [f"### {name}", f"`{usage}`", text]
        parts.append(_parameters(command, [*arguments, *options]))
        parts.append("```sh\n" + "\n".join(examples) + "\n```")
    return "\n\n".join(parts)


def option_types(app: Any) -> Iterator[tuple[str, str]]:
    """Yield each option of each command with its type in words; `app` is typer's command."""
    for _, command in _leaves(app, "zoo"):
        annotations = inspect.signature(command.callback).parameters
        for parameter in command.params:
            if parameter.param_type_name == "option" and parameter.name in annotations:
                yield _spelling(parameter), _type(annotations[parameter.name].annotation)


def _leaves(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    if not hasattr(command, "commands"):
        yield name, command
        return
    for word, inner in command.commands.items():
        yield from _leaves(inner, f"{name} {word}")


def _split(docstring: str) -> tuple[str, list[str]]:
    """Return what a docstring says, and its example lines."""
    text, _, examples = docstring.partition("[bold]Example")
    lines = [line.strip() for line in examples.splitlines()[1:]]
    return _plain(text.strip()), [line for line in lines if line]


def _usage(argument: Any) -> str:
    shown = argument.name.upper() + ("…" if argument.nargs == -1 else "")
    return shown if argument.required else f"[{shown}]"


def _parameters(command: Any, parameters: list[Any]) -> str:
    annotations = {
        name: p.annotation for name, p in inspect.signature(command.callback).parameters.items()
    }
    rows = []
    for parameter in parameters:
        if parameter.name not in annotations:
            continue  # --help
        flag = annotations[parameter.name]
        rows.append(
            (
                f"`{_spelling(parameter)}`",
                _type(flag),
                _default(parameter),
                _plain(parameter.help or ""),
            )
        )
    return table(("argument or option", "type", "default", "meaning"), rows)


def _spelling(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return parameter.name.upper()
    return max(parameter.opts, key=len)


def _type(annotation: Any) -> str:
    """Return an annotation's type in words.

    >>> _type(list[str] | None)
    'texts'
    """
    if hasattr(annotation, "__metadata__"):  # Annotated
        return _type(annotation.__origin__)
    if get_origin(annotation) is list:
        return {"text": "texts", "path": "paths"}[_type(get_args(annotation)[0])]
    inner = [item for item in get_args(annotation) if item is not type(None)]
    if inner:
        return _type(inner[0])
    return {bool: "flag", int: "whole number", float: "number", str: "text", Path: "path"}[
        annotation
    ]


def _default(parameter: Any) -> str:
    if parameter.required:
        return "must be given"
    if parameter.default in (None, False, "", []):
        return "–"
    return f"`{parameter.default}`"


def _plain(text: str) -> str:
    """Turn rich's markup into Markdown.

    >>> _plain("such as [bold]{choices: \\\\[1]}[/bold]")
    'such as `{choices: [1]}`'
    """
    return re.sub(r"\[/?bold\]", "`", text).replace("\\[", "[")
