"""pydantic's errors in words for a person who edits a recipe."""

import re
import typing
from collections.abc import Iterable, Sequence

import pydantic

from zoo.errors import RecipeError, ZooError, nearest

_LIMIT = 6


def recipe_error(
    error: pydantic.ValidationError, model: type[pydantic.BaseModel], *, source: str
) -> ZooError:
    """Make one error from all that pydantic found, with the nearest choices for unknown names.

    Args:
        error: from validating `model`.
        model: the outermost schema.
        source: the file or override that was given.

    Returns:
        A RecipeError; an error of our own validators is kept, with `source` before it.
    """
    details = error.errors()
    cause = details[0].get("ctx", {}).get("error")
    if isinstance(cause, ZooError):  # our own validators raise it alone, as they see whole fields
        return type(cause)(f"{source}: {cause.problem}", expected=cause.expected, fix=cause.fix)
    lines = [_line(detail) for detail in details[:_LIMIT]]
    if len(details) > _LIMIT:
        lines.append(f"and {len(details) - _LIMIT} more")
    return RecipeError(
        f"{source} is not a valid recipe:\n    " + "\n    ".join(lines),
        expected=_expected(details[:_LIMIT], model),
        fix="`zoo recipes show NAME` prints a recipe with every field",
    )


def _line(detail: dict) -> str:
    path = _path(detail)
    if detail["type"] == "extra_forbidden":
        return f"{path}: there is no such field"
    if detail["type"] == "missing":
        return f"{path}: is missing"
    if detail["type"] in ("model_type", "dict_type"):
        message = "should be a section of fields"
    else:
        message = detail["msg"].replace("Input should be", "should be", 1)
    given = detail["input"]
    shown = f" (given: {given!r})" if isinstance(given, str | int | float | bool) else ""
    return f"{path}: {message}{shown}"


def _path(detail: dict) -> str:
    """Return the dotted path without what pydantic adds for the members of a union."""
    parts = [str(part) for part in detail["loc"]]
    unions = ("literal[", "dict[", "function-before[", "constrained-")
    return ".".join(part for part in parts if part != "Expects" and not part.startswith(unions))


def _expected(details: list[dict], model: type[pydantic.BaseModel]) -> str | None:
    """Name the nearest fields and values, or every field where none is near."""
    near, fields = [], []
    for detail in details:
        *parents, last = map(str, detail["loc"] or [""])
        if detail["type"] == "extra_forbidden":
            fields = _fields(model, parents)
            near += [".".join([*parents, field]) for field in nearest(last, fields)]
        elif detail["type"] == "literal_error":
            near += nearest(str(detail["input"]), re.findall("'(.*?)'", detail["ctx"]["expected"]))
    if near:
        return f"nearest: {', '.join(near)}"
    return f"one of: {', '.join(sorted(fields))}" if fields else None


def _fields(model: type[pydantic.BaseModel], parents: Iterable[str]) -> list[str]:
    """Return the field names of the section that `parents` lead to."""
    for parent in parents:
        field = model.model_fields.get(parent)
        if field is None:
            break
        candidates = [field.annotation, *typing.get_args(field.annotation)]
        sections = [
            c for c in candidates if isinstance(c, type) and issubclass(c, pydantic.BaseModel)
        ]
        if sections:
            model = sections[0]
    return list(model.model_fields)


def left_over(section: str, arguments: Sequence[str], *, old: str, new: str) -> RecipeError:
    """Make the error for arguments of a recipe that belong to a model or optimizer it no longer has."""
    listed = ", ".join(arguments)
    return RecipeError(
        f"{section}.name={new}: the recipe's {section}.arguments belong to {old}; {new} does not have "
        f"{listed}.",
        expected=f"arguments of {new}, or none",
        fix=f"add '{section}.arguments={{}}' for those that {new} has by default",
    )
