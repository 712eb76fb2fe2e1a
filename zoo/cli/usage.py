"""How a command ends on a mistake: in its command line, which typer reports, or elsewhere."""

import sys
from collections.abc import Sequence
from typing import Any

import typer

from zoo.cli.options import WRITTEN
from zoo.cli.output import show_error, show_error_document
from zoo.errors import ArgumentError, WriteError, ZooError, command, nearest


def leave(error: ZooError, *, json: bool) -> None:
    """Print an error and end the process with its exit code."""
    option = WRITTEN.get(sys.argv[1]) if isinstance(error, WriteError) else None
    error = error.elsewhere(option) if option else error
    show_error(error)
    if json:
        show_error_document(error)
    sys.exit(error.exit_code)


def say_more(app: typer.Typer, words: Sequence[str], *, json: bool) -> None:
    """Add to what typer has said: the field that an option was meant to be, and the JSON document."""
    error = mistake(app, words)
    if not error.fix.endswith("--help"):
        sys.stderr.write(f"to fix: {error.fix}\n")
    if json:
        show_error_document(error)


def mistake(app: typer.Typer, words: Sequence[str]) -> ArgumentError:
    """Return what is wrong with the words of a command line that typer has refused.

    Args:
        app: all commands.
        words: after `zoo`.
    """
    found, path, rest = typer.main.get_command(app), ["zoo"], list(words)
    while hasattr(found, "commands") and rest and rest[0] in found.commands:
        path.append(rest[0])
        found, rest = found.commands[rest[0]], rest[1:]
    fix = f"{command(*path)} --help"
    if hasattr(found, "commands") and rest and not rest[0].startswith("-"):
        near = nearest(rest[0], found.commands)
        return ArgumentError(
            f"There is no command {command(*path, rest[0])!r}.",
            expected=f"nearest: {', '.join(near)}" if near else None,
            fix=fix,
        )
    if hasattr(found, "commands") and not rest:  # which typer answers with the help
        return ArgumentError(f"{command(*path)} needs one of its commands.", fix=fix)
    try:
        found.make_context(path[-1], list(rest))
    except Exception as error:
        if not hasattr(error, "format_message"):  # typer brings its own copy of click's errors
            raise
        said = " ".join(error.format_message().split()) or "The command line is not valid."
        field = _field_meant(found, getattr(error, "option_name", ""), rest)
        return ArgumentError(said, fix=field or fix)
    return ArgumentError("The command line is not valid.", fix=fix)


def _field_meant(found: Any, option: str, words: Sequence[str]) -> str:
    """Return how a field is set whose name was given as an option, such as --epochs; or nothing."""
    from recipes.values.load import field_paths

    if not any(parameter.name == "overrides" for parameter in found.params):
        return ""
    name = option.lstrip("-").replace("-", "_")
    fields = [path for path in field_paths() if name and path.rpartition(".")[2] == name]
    if not fields:
        return ""
    given = next((i for i, word in enumerate(words) if word.partition("=")[0] == option), None)
    value = ""
    if given is not None:
        value = words[given].partition("=")[2] or "".join(words[given + 1 : given + 2])
    value = "VALUE" if not value or value.startswith("-") else value
    return " or ".join(f"{path}={value}" for path in fields) + ", without dashes"
